"""Where a Kafka cluster is, and what it asks of those who come in: plain values, no connection.

It stands apart from the drivers that connect because settings are checked here before anything is
tried, by commands that may never need a client library.
"""

import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import SettingInvalid

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
LEDGER_SUFFIX = ".ledger"

_SCHEME = "kafka://"
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}", re.ASCII)
_SERVER = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", re.ASCII)
_EXAMPLE = "kafka://host:port,host:port/hall.ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaPlace:
    """Where a log lies in Kafka.

    Attributes:
        servers: `host:port` of brokers to ask first; they name the others.
        topic: the topic of the ledger; the other topics are named after it.
    """

    servers: tuple[str, ...]
    topic: str

    @property
    def intake(self) -> str:
        """Topic on which source systems may write."""
        return f"{self._hall}.intake"

    @property
    def dead_letters(self) -> str:
        """Topic of what intake could not accept."""
        return f"{self._hall}.dead-letters"

    @property
    def _hall(self) -> str:
        return self.topic.removesuffix(LEDGER_SUFFIX)

    def __str__(self) -> str:
        """Return the address as a setting has it."""
        return f"{_SCHEME}{','.join(self.servers)}/{self.topic}"


def parse_kafka_url(url: str) -> KafkaPlace:
    """Return the place that `kafka://host:port,host:port/topic` names.

    Raises:
        SettingInvalid: says what was found and what was expected.
    """
    if not url.startswith(_SCHEME):
        raise _invalid(repr(url), _EXAMPLE)
    servers, slash, topic = url.removeprefix(_SCHEME).partition("/")
    if "@" in servers:
        raise _invalid(
            "a name or password in the address", f"{_EXAMPLE}; user and password are settings"
        )
    listed = tuple(servers.split(","))
    for server in listed:
        match = _SERVER.fullmatch(server)
        if match is None or not 0 < int(match[2]) < 65536:
            raise _invalid(f"the broker {server!r}", "host:port, several of them parted by commas")
    if not slash or not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        raise _invalid(
            f"the topic {topic!r}", "a name of 1 to 249 ASCII letters, digits, dots, - and _"
        )
    return KafkaPlace(servers=listed, topic=topic)


def _invalid(found: str, expected: str) -> SettingInvalid:
    return SettingInvalid(f"log: found {found}, expected {expected}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAccess:
    """How to come in: encryption and identity.

    Attributes:
        protocol: one of `PROTOCOLS`.
        ca_file: authorities that sign the brokers' certificates; the system's where absent.
        certificate_file: our own certificate in PEM, for brokers that ask for one.
        key_file: its key, where it is not in the same file.
        mechanism: one of `MECHANISMS`, for the SASL protocols.
        password_file: holds the password alone; a line break at its end does not count.
    """

    protocol: str = "PLAINTEXT"
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    mechanism: str = ""
    user: str = ""
    password_file: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what does not fit together.

        Raises:
            SettingInvalid: naming the setting.
        """
        if self.protocol not in PROTOCOLS:
            raise _refused("protocol", repr(self.protocol), f"one of {', '.join(PROTOCOLS)}")
        files = (self.ca_file, self.certificate_file, self.key_file)
        if any(files) and not self.encrypted:
            raise _refused("protocol", self.protocol, "SSL or SASL_SSL where certificates are set")
        if self.key_file and not self.certificate_file:
            raise _refused("certificate", "nothing", "the certificate that the key belongs to")
        if not self.identified:
            if self.mechanism or self.user or self.password_file:
                raise _refused("protocol", self.protocol, "SASL_SSL or SASL_PLAINTEXT for a user")
            return
        if self.mechanism not in MECHANISMS:
            raise _refused("mechanism", repr(self.mechanism), f"one of {', '.join(MECHANISMS)}")
        if not self.user or not self.password_file:
            raise _refused("user", repr(self.user), "a user and a file with its password")

    @property
    def encrypted(self) -> bool:
        """Whether connections are encrypted."""
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def identified(self) -> bool:
        """Whether a user and password are sent."""
        return self.protocol.startswith("SASL_")

    def ssl_context(self) -> ssl.SSLContext | None:
        """Return what encrypts connections, for any client; None where they are not encrypted.

        Raises:
            SettingInvalid: a file cannot be read or holds something else.
        """
        if not self.encrypted:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.certificate_file:
                context.load_cert_chain(self.certificate_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            raise _refused("certificates", str(error), "readable files in PEM") from error
        return context

    def password(self) -> str:
        """Return the password as the file now has it; empty where none is sent.

        Raises:
            SettingInvalid: the file cannot be read.
        """
        if self.password_file is None:
            return ""
        try:
            return self.password_file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise _refused("password_file", str(error), "a readable file in UTF-8") from error

    def options(self) -> dict[str, Any]:
        """Return the options of kafka-python and aiokafka, which use the same words.

        Raises:
            SettingInvalid: a file cannot be read.
        """
        options: dict[str, Any] = {"security_protocol": self.protocol}
        if self.encrypted:
            options["ssl_context"] = self.ssl_context()
        if self.identified:
            options["sasl_mechanism"] = self.mechanism
            options["sasl_plain_username"] = self.user
            options["sasl_plain_password"] = self.password()
        return options


def _refused(setting: str, found: str, expected: str) -> SettingInvalid:
    return SettingInvalid(f"kafka_{setting}: found {found}, expected {expected}.")
