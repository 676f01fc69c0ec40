"""What settings say about Kafka: where its brokers are and how to come in; nothing is connected."""

from pathlib import Path

from consoles.settings import EMBEDDED, Settings
from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace, parse_kafka_url
from ledger.errors import SettingInvalid


def place_of(settings: Settings) -> KafkaPlace:
    """Return where the log lies in Kafka.

    Raises:
        SettingInvalid: it lies elsewhere, or the address is not one.
    """
    if settings.log == EMBEDDED:
        raise SettingInvalid(
            f"log: found {EMBEDDED!r}, expected kafka://host:port,host:port/hall.ledger.",
            hint="Only a log in Kafka has topics; set HALL_LOG.",
        )
    return parse_kafka_url(settings.log)


def access_of(settings: Settings) -> KafkaAccess:
    """Return how to come in.

    Raises:
        SettingInvalid: settings that do not fit together.
    """

    def file(name: str) -> Path | None:
        return Path(name) if name else None

    return KafkaAccess(
        protocol=settings.kafka_protocol,
        ca_file=file(settings.kafka_ca_file),
        certificate_file=file(settings.kafka_certificate_file),
        key_file=file(settings.kafka_key_file),
        mechanism=settings.kafka_mechanism,
        user=settings.kafka_user,
        password_file=file(settings.kafka_password_file),
    )
