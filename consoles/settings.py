"""Every setting of the product in one table: name, type, default, unit, range, meaning.

Precedence: command line, then environment (`HALL_…`), then a TOML file (`HALL_SETTINGS`), then the
default. An unknown name is an error. Parts receive plain values, never this object.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.errors import SettingInvalid

PREFIX = "HALL_"
EMBEDDED = "sqlite:"
"""Where log and database of the embedded edition are: in the data folder."""
NOT_SETTINGS = frozenset({"HALL_SETTINGS", "HALL_REQUIRE", "HALL_REAL_DATA"})
"""Environment names that are read elsewhere: the settings file, and the tests."""
TEST_PREFIXES = ("HALL_TEST_", "HALL_ORACLE_")


def _about(
    meaning: str, *, unit: str = "", least: int | None = None, most: int | None = None
) -> dict[str, Any]:
    return {"meaning": meaning, "unit": unit, "least": least, "most": most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings."""

    data: Path = field(
        default=Path("hall-data"), metadata=_about("folder of the embedded edition's files")
    )
    log: str = field(
        default="sqlite:",
        metadata=_about(
            "where the log is: `sqlite:` in the data folder, or "
            "`kafka://host:port,host:port/hall.ledger`"
        ),
    )
    database: str = field(
        default="sqlite:",
        metadata=_about(
            "where states and read models are; `sqlite:` keeps them in the data folder, "
            "`postgresql://user@host/database` on a server"
        ),
    )
    partitions: int = field(
        default=1, metadata=_about("partitions of a log that is made new", least=1, most=1024)
    )
    replication: int = field(
        default=3,
        metadata=_about(
            "brokers that keep each record; one fewer must have it before it counts",
            unit="brokers",
            least=1,
            most=9,
        ),
    )
    kafka_protocol: str = field(
        default="PLAINTEXT",
        metadata=_about("how to speak to brokers: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
    )
    kafka_ca_file: str = field(
        default="",
        metadata=_about("authorities of the brokers' certificates; the system's if empty"),
    )
    kafka_certificate_file: str = field(
        default="", metadata=_about("our certificate in PEM; none if empty")
    )
    kafka_key_file: str = field(
        default="", metadata=_about("its key; in the file of the certificate if empty")
    )
    kafka_mechanism: str = field(
        default="", metadata=_about("with SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
    )
    kafka_user: str = field(default="", metadata=_about("with SASL: the user"))
    kafka_password_file: str = field(
        default="", metadata=_about("with SASL: a file that holds the password alone")
    )
    host: str = field(default="127.0.0.1", metadata=_about("address the server listens on"))
    port: int = field(
        default=8787, metadata=_about("port to listen on; 0 takes a free one", least=0, most=65535)
    )
    zone: str = field(default="Asia/Shanghai", metadata=_about("zone of the hall, an IANA name"))
    name: str = field(default="政务服务中心", metadata=_about("name of the hall on its pages"))
    pack: str = field(default="hunan", metadata=_about("rule pack that governs live cases"))
    packs: str = field(default="", metadata=_about("folder of local rule packs; none if empty"))
    calendar: str = field(default="cn", metadata=_about("working calendar of the hall"))
    calendars: str = field(default="", metadata=_about("folder of local calendars; none if empty"))
    worker_name: str = field(
        default="",
        metadata=_about("name of a worker that outlives its restarts; the host's name if empty"),
    )
    worker_port: int = field(
        default=9464,
        metadata=_about(
            "port of a worker's metrics and readiness; `hall worker` without a role takes the next "
            "ones too; 0 takes a free one",
            least=0,
            most=65_000,
        ),
    )
    session_timeout_s: int = field(
        default=10,
        metadata=_about(
            "silence after which another worker takes over", unit="seconds", least=2, most=300
        ),
    )
    max_body_bytes: int = field(
        default=8 * 1024 * 1024,
        metadata=_about("greatest body of one POST", unit="bytes", least=1024, most=1 << 30),
    )
    max_batch_events: int = field(
        default=5_000,
        metadata=_about(
            "greatest number of events in one POST", unit="events", least=1, most=100_000
        ),
    )
    max_in_flight: int = field(
        default=256,
        metadata=_about(
            "POSTs under way before 429 is answered", unit="requests", least=1, most=100_000
        ),
    )
    max_live_clients: int = field(
        default=500,
        metadata=_about(
            "open live streams before 429 is answered", unit="streams", least=1, most=100_000
        ),
    )


def load_settings(overrides: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Return the effective settings.

    Args:
        overrides: from the command line; None values do not count.
        environ: the environment.

    Raises:
        SettingInvalid: an unknown name, or a value of the wrong kind or range; names where from.
    """
    known = {each.name: each for each in fields(Settings)}
    found: dict[str, Any] = {}
    for where, values in (
        ("settings file", _from_file(environ.get("HALL_SETTINGS"))),
        ("environment", _from_environment(environ)),
        ("command line", {k: v for k, v in overrides.items() if v is not None}),
    ):
        for name, value in values.items():
            if name not in known:
                raise SettingInvalid(
                    f"{where}: found the name {name!r}, expected one of {', '.join(known)}.",
                    hint="OPERATING.md lists the settings.",
                )
            found[name] = _checked(known[name], value, where)
    settings = Settings(**found)
    try:
        ZoneInfo(settings.zone)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise SettingInvalid(
            f"zone: found {settings.zone!r}, expected an IANA zone such as Asia/Shanghai."
        ) from None
    return settings


def _from_file(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingInvalid(f"Reading the settings file {path}: {error}.") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX)
        and name not in NOT_SETTINGS
        and not name.startswith(TEST_PREFIXES)
    }


def _checked(setting: Any, value: Any, where: str) -> Any:
    kind = type(setting.default)
    if kind is int:
        return _whole(setting, value, where)
    if not isinstance(value, str | Path):
        raise SettingInvalid(f"{where}, {setting.name}: found {value!r}, expected text.")
    if kind is not str and not str(value):
        raise SettingInvalid(f"{where}, {setting.name}: found nothing, expected a folder.")
    return kind(value)


def _whole(setting: Any, value: Any, where: str) -> int:
    least, most = setting.metadata["least"], setting.metadata["most"]
    try:
        number = int(value) if type(value) in (int, str) else None
    except ValueError:
        number = None
    if number is None or not least <= number <= most:
        raise SettingInvalid(
            f"{where}, {setting.name}: found {value!r}, expected a whole number {least} to {most}."
        )
    return number


def settings_table() -> str:
    """Return the table of settings as Markdown, as OPERATING.md shows it."""
    lines = [
        "| setting | environment | default | unit | meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in fields(Settings):
        meta = each.metadata
        lines.append(
            f"| `{each.name}` | `{PREFIX}{each.name.upper()}` | `{each.default}` "
            f"| {meta['unit'] or '–'} | {meta['meaning']} |"
        )
    return "\n".join(lines)
