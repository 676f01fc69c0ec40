"""Import profiles as data: what the cases of a foreign log mean as facts of the ledger.

They stand apart from the reader of the format, because two logs of one format mean different things
by the same attributes, and from the translation (`translation.py`), so that a profile is complete
and checked before the first case is read. Another log needs another TOML file and no code.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

from ledger.errors import ImportInvalid
from ledger.events import CASE_TYPES, FACT_TYPES

Occasion = Literal["first-event", "every-event", "change", "trace-date"]
Origin = Literal["constant", "text", "trace", "event", "previous"]

PLACEHOLDER = re.compile(r"\{(trace|event|previous):([^{}]+)\}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_SHIPPED = Path(__file__).parent / "profiles"
_HEAD = ("name", "title", "pack", "source", "subject")
_OCCASION_KEY = {"change": "of", "trace-date": "at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """Where one field of a fact comes from.

    Attributes:
        name: the field in the fact's `data`.
        origin: a constant, a text with placeholders such as `{event:org:group}`, or an attribute of
            the trace, of the event, or of the event before it.
        value: the constant, the text, or the attribute's key.
        otherwise: what stands in where the attribute is absent; None leaves the field out.
        is_required: whether a fact without this field is not well formed.
    """

    name: str
    origin: Origin
    value: str | int | bool
    otherwise: str | int | bool | None
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRule:
    """One kind of fact and the occasion on which a case gives one.

    Attributes:
        type: the fact's wire type.
        occasion: the first event of a trace, every event, an event whose attribute `key` differs
            from that of the event before it, or the instant in the trace's attribute `key`.
        key: the attribute named by the occasion; empty for the first two.
        data: the fields, in the order of the profile.
    """

    type: str
    occasion: Occasion
    key: str
    data: tuple[FieldRule, ...]

    @property
    def what(self) -> str:
        """The part of the type that names what happened, e.g. `stage-finished`."""
        return self.type.split(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A checked profile.

    Attributes:
        name: what the command line calls it.
        title: one line for people.
        pack: the rule pack that judges the imported cases.
        source: the CloudEvents `source` of every fact.
        subject: the text with placeholders that makes a case id.
        absent: attribute texts by which the log says that there is no value.
        rules: the facts; no type occurs twice.
        sha256: of the file's bytes, hexadecimal.
    """

    name: str
    title: str
    pack: str
    source: str
    subject: str
    absent: frozenset[str]
    rules: tuple[FactRule, ...]
    sha256: str


def load_profile(name: str) -> Profile:
    """Return the shipped profile of this name, or the one in a file if `name` ends in `.toml`.

    Raises:
        ImportInvalid: there is none, or it is not a well-formed profile; names file, key, what was
            found and what was expected.
    """
    path = Path(name) if name.endswith(".toml") else _shipped(name)
    try:
        content = path.read_bytes()
        table = tomllib.loads(content.decode())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImportInvalid(
            f"Reading the import profile {path.name}: {error}.",
            hint="Give the name of a shipped profile or the path of a TOML file.",
            file=path.name,
        ) from error
    return _Checker(path.name).profile(table, hashlib.sha256(content).hexdigest())


def profile_packs() -> dict[str, str]:
    """Return the rule pack of each shipped profile."""
    return {path.stem: load_profile(path.stem).pack for path in sorted(_SHIPPED.glob("*.toml"))}


def _shipped(name: str) -> Path:
    if not _NAME.fullmatch(name) or not (_SHIPPED / f"{name}.toml").is_file():
        known = ", ".join(sorted(path.stem for path in _SHIPPED.glob("*.toml")))
        raise ImportInvalid(
            f"Looking for the import profile {name!r}: there is none.",
            hint=f"Shipped: {known}. For your own, give the path of a file that ends in .toml.",
            found=name,
        )
    return _SHIPPED / f"{name}.toml"


class _Checker:
    """Turns the tables of one file into values and names file and key of what does not fit."""

    def __init__(self, file: str) -> None:
        self._file = file

    def profile(self, table: Mapping[str, Any], sha256: str) -> Profile:
        self._only(table, "the profile", {*_HEAD, "absent", "fact"})
        head = {key: self._text(table, key) for key in _HEAD}
        absent = table.get("absent", [])
        if not isinstance(absent, list) or not all(isinstance(text, str) for text in absent):
            self._refuse("absent", absent, "a list of texts")
        facts = table.get("fact")
        if not isinstance(facts, list) or not facts:
            self._refuse("fact", facts, "at least one [[fact]] table")
        rules = tuple(self._rule(f"fact[{index}]", fact) for index, fact in enumerate(facts))
        types = [rule.type for rule in rules]
        if len(set(types)) < len(types):
            self._refuse("fact", types, "each type once (ids are made from the type)")
        if {origin for origin, _ in PLACEHOLDER.findall(head["subject"])} != {"trace"}:
            self._refuse("subject", head["subject"], "a text with {trace:KEY} and no other origin")
        return Profile(**head, absent=frozenset(absent), rules=rules, sha256=sha256)

    def _rule(self, where: str, table: Mapping[str, Any]) -> FactRule:
        self._only(table, where, {"type", "on", "of", "at", "data"})
        type_, on = self._text(table, "type", where), self._text(table, "on", where)
        if type_ not in CASE_TYPES:
            self._refuse(f"{where}.type", type_, "the type of a fact about a case, hall.case.…")
        occasion = next((known for known in get_args(Occasion) if known == on), None)
        if occasion is None:
            self._refuse(f"{where}.on", on, f"one of {', '.join(get_args(Occasion))}")
        key_name = _OCCASION_KEY.get(on)
        self._only(table, where, {"type", "on", "data", *filter(None, [key_name])})
        return FactRule(
            type=type_,
            occasion=occasion,
            key=self._text(table, key_name, where) if key_name else "",
            data=self._data(f"{where}.data", table.get("data", {}), type_, occasion),
        )

    def _data(
        self, where: str, table: Mapping[str, Any], type_: str, occasion: Occasion
    ) -> tuple[FieldRule, ...]:
        known = signature(FACT_TYPES[type_]).parameters
        required = {name for name, field in known.items() if field.default is field.empty}
        self._only(table, where, set(known))
        if missing := sorted(required - set(table)):
            self._refuse(where, sorted(table), f"also {', '.join(missing)}")
        return tuple(
            self._field(f"{where}.{name}", name, given, occasion, is_required=name in required)
            for name, given in table.items()
        )

    def _field(
        self, where: str, name: str, given: object, occasion: Occasion, *, is_required: bool
    ) -> FieldRule:
        origins = set(given) - {"otherwise"} if isinstance(given, dict) else set()
        if not isinstance(given, dict) or len(origins) != 1 or not origins <= set(get_args(Origin)):
            self._refuse(where, given, f"a table with one of {', '.join(get_args(Origin))}")
        (origin,) = origins
        value, otherwise = given[origin], given.get("otherwise")
        scalar = (str, int, bool) if origin == "constant" else (str,)
        if not isinstance(value, scalar) or not isinstance(otherwise, (str, int, bool, type(None))):
            self._refuse(where, given, "texts, whole numbers or true and false")
        is_text = origin == "text"
        used = {match for match, _ in PLACEHOLDER.findall(str(value))} if is_text else {origin}
        if occasion == "trace-date" and used & {"event", "previous"}:
            self._refuse(where, given, "no attribute of an event, for the fact is the trace's")
        return FieldRule(
            name=name, origin=origin, value=value, otherwise=otherwise, is_required=is_required
        )

    def _text(self, table: Mapping[str, Any], key: str, where: str = "") -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            self._refuse(f"{where}.{key}".removeprefix("."), value, "a text")
        return value

    def _only(self, table: object, where: str, keys: set[str]) -> None:
        if not isinstance(table, dict):
            self._refuse(where, table, "a table")
        if unknown := sorted(set(table) - keys):
            self._refuse(where, unknown, f"only {', '.join(sorted(keys))}")

    def _refuse(self, key: str, found: object, expected: str) -> NoReturn:
        raise ImportInvalid(
            f"Reading the import profile {self._file}, {key}: "
            f"found {found!r}, expected {expected}.",
            hint="Correct the profile; nothing was imported.",
            file=self._file,
            key=key,
            found=found,
            expected=expected,
        )
