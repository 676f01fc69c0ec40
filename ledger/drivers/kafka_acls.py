"""The access list of a hall's topics in a real cluster: made where missing, and compared.

It stands apart from `kafka_topics.py` because it needs an account of more power: who may change
access lists may give himself anything, so this is run by a super user, once, and by no worker.
Nothing is ever taken away here; what somebody was given besides is told.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from kafka import errors as kafka_errors
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from ledger.errors import LogUnavailable
from ledger.topic_rights import Right

_ANY_HOST = "*"
_USER = "User:"


class AccessDrift(NamedTuple):
    """One right that is not as it was declared.

    Attributes:
        what: `missing`, or `undeclared` for one that somebody has besides.
        right: which one.
    """

    what: Literal["missing", "undeclared"]
    right: Right

    def __str__(self) -> str:
        """Return it as a sentence without its full stop."""
        return f"{self.what}: {self.right}"


def apply_acls(admin: Any, rights: Sequence[Right]) -> list[Right]:
    """Give the declared rights that are missing; return them. What else is there stays.

    Args:
        admin: a KafkaAdminClient whose account may alter the cluster's access lists.
        rights: all that are declared.

    Raises:
        LogUnavailable: the brokers keep no access lists, cannot be reached, or refuse.
    """
    try:
        there = _found(admin, rights)
        missing = [right for right in rights if right not in there]
        answer = admin.create_acls([_acl(right) for right in missing]) if missing else {}
    except kafka_errors.KafkaError as error:
        raise _refused("Give rights", error) from error
    for failed in answer.get("failed", []):
        raise _refused("Give rights", failed())
    return missing


def check_acls(admin: Any, rights: Sequence[Right]) -> list[AccessDrift]:
    """Return every declared right that is missing, and every other right about the same things.

    Rights about all topics (`*`) or about a beginning of their names count as well.

    Args:
        admin: a KafkaAdminClient whose account may describe the cluster.
        rights: all that are declared.

    Raises:
        LogUnavailable: the brokers keep no access lists, cannot be reached, or refuse.
    """
    try:
        there = _found(admin, rights)
    except kafka_errors.KafkaError as error:
        raise _refused("Read rights", error) from error
    declared = set(rights)
    return [
        *(AccessDrift("missing", right) for right in rights if right not in there),
        *(AccessDrift("undeclared", right) for right in sorted(there - declared)),
    ]


def _found(admin: Any, rights: Sequence[Right]) -> set[Right]:
    """The rights that the brokers know about the topics and groups that `rights` speak of."""
    found: set[Right] = set()
    for kind, name in {(right.kind, right.name) for right in rights}:
        matching = ResourcePatternFilter(
            ResourceType[kind.upper()], name, ACLResourcePatternType.MATCH
        )
        acls, _ = admin.describe_acls(
            ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, matching)
        )
        found |= {_right(acl) for acl in acls}
    return found


def _acl(right: Right) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if right.prefixed else ACLResourcePatternType.LITERAL
    return ACL(
        principal=_USER + right.principal,
        host=_ANY_HOST,
        operation=ACLOperation[right.operation.upper()],
        permission_type=ACLPermissionType.ALLOW if right.allowed else ACLPermissionType.DENY,
        resource_pattern=ResourcePattern(ResourceType[right.kind.upper()], right.name, pattern),
    )


def _right(acl: ACL) -> Right:
    """What an entry says; one that holds for some hosts only is named with its host."""
    at_host = "" if acl.host == _ANY_HOST else f"@{acl.host}"
    resource = acl.resource_pattern
    return Right(
        principal=acl.principal.removeprefix(_USER) + at_host,
        kind=resource.resource_type.name.lower(),
        name=resource.resource_name,
        operation=acl.operation.name.lower(),
        prefixed=resource.pattern_type == ACLResourcePatternType.PREFIXED,
        allowed=acl.permission_type == ACLPermissionType.ALLOW,
    )


def _refused(attempt: str, error: Exception) -> LogUnavailable:
    name = type(error).__name__.removesuffix("Error")
    return LogUnavailable(
        f"{attempt} of the hall's topics: {name}: {error}".rstrip(": ") + ".",
        hint="The brokers need an authorizer, and the account must be one of their super users.",
        reason="access-list",
    )
