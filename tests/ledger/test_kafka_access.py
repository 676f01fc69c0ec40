"""Addresses and access of a Kafka cluster: what settings may say, and what is refused by name."""

import subprocess
from pathlib import Path
from ssl import SSLContext

import pytest

from ledger.drivers.kafka_access import KafkaAccess, KafkaPlace, parse_kafka_url
from ledger.errors import SettingInvalid


def test_an_address_names_brokers_and_topic() -> None:
    place = parse_kafka_url("kafka://kafka-1.hall.gov:9092,10.0.0.7:9093,[::1]:9094/hall.ledger")
    assert place.servers == ("kafka-1.hall.gov:9092", "10.0.0.7:9093", "[::1]:9094")
    assert place.topic == "hall.ledger"
    assert parse_kafka_url(str(place)) == place


@pytest.mark.parametrize(
    ("ledger", "intake", "dead_letters"),
    [
        ("hall.ledger", "hall.intake", "hall.dead-letters"),
        ("changsha.hall.ledger", "changsha.hall.intake", "changsha.hall.dead-letters"),
        ("cases", "cases.intake", "cases.dead-letters"),
    ],
)
def test_the_other_topics_of_a_hall_are_named_after_its_ledger(
    ledger: str, intake: str, dead_letters: str
) -> None:
    place = KafkaPlace(servers=("a:1",), topic=ledger)
    assert (place.intake, place.dead_letters) == (intake, dead_letters)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("sqlite:", "found 'sqlite:', expected kafka://host:port"),
        ("kafka:", "expected kafka://host:port"),
        ("kafka://", "the broker ''"),
        ("kafka:///hall.ledger", "the broker ''"),
        ("kafka://a:9092,/hall.ledger", "the broker ''"),
        ("kafka://a/hall.ledger", "the broker 'a', expected host:port"),
        ("kafka://a:0/hall.ledger", "the broker 'a:0'"),
        ("kafka://a:65536/hall.ledger", "the broker 'a:65536'"),
        ("kafka://a:b/hall.ledger", "the broker 'a:b'"),
        ("kafka://a b:1/hall.ledger", "the broker 'a b:1'"),
        ("kafka://user:word@a:1/hall.ledger", "user and password are settings"),
        ("kafka://a:1", "the topic ''"),
        ("kafka://a:1/", "the topic ''"),
        ("kafka://a:1/..", "the topic '..'"),
        ("kafka://a:1/hall/ledger", "the topic 'hall/ledger'"),
        ("kafka://a:1/台账", "the topic '台账'"),
        ("kafka://a:1/" + "t" * 250, "the topic 'ttt"),
        ("kafka://a:1/hall.ledger?acks=1", "the topic 'hall.ledger?acks=1'"),
    ],
)
def test_an_address_that_is_none_is_refused_and_says_why(url: str, named: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        parse_kafka_url(url)
    assert named in refused.value.message
    assert "word@" not in str(refused.value)


def test_without_any_settings_brokers_are_spoken_to_in_the_clear() -> None:
    access = KafkaAccess()
    assert access.options() == {"security_protocol": "PLAINTEXT"}
    assert access.ssl_context() is None


def test_a_user_comes_in_with_the_password_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("geheim 密\n", encoding="utf-8")
    access = KafkaAccess(
        protocol="SASL_PLAINTEXT", mechanism="SCRAM-SHA-512", user="intake", password_file=file
    )
    assert access.options() == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "intake",
        "sasl_plain_password": "geheim 密",
    }
    assert "geheim" not in repr(access)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that signed itself, its key in the same file."""
    path = tmp_path_factory.mktemp("certificate") / "hall.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=hall"]
    subprocess.run(
        [*command, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


def test_certificates_come_from_files(certificate: Path) -> None:
    access = KafkaAccess(protocol="SSL", ca_file=certificate, certificate_file=certificate)
    context = access.options()["ssl_context"]
    assert isinstance(context, SSLContext)
    assert context.check_hostname
    assert [each["subject"] for each in context.get_ca_certs()] == [((("commonName", "hall"),),)]


FILE = Path("some-file")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"protocol": "TLS"}, "kafka_protocol: found 'TLS'"),
        ({"ca_file": FILE}, "kafka_protocol: found PLAINTEXT, expected SSL"),
        ({"protocol": "SSL", "key_file": FILE}, "kafka_certificate"),
        ({"user": "intake"}, "kafka_protocol: found PLAINTEXT, expected SASL_SSL"),
        ({"protocol": "SASL_SSL"}, "kafka_mechanism: found ''"),
        ({"protocol": "SASL_SSL", "mechanism": "GSSAPI"}, "kafka_mechanism: found 'GSSAPI'"),
        ({"protocol": "SASL_SSL", "mechanism": "PLAIN"}, "kafka_user: found ''"),
        ({"protocol": "SASL_SSL", "mechanism": "PLAIN", "user": "a"}, "a file with its password"),
    ],
)
def test_access_that_does_not_fit_together_is_refused_by_name(
    values: dict[str, object], named: str
) -> None:
    with pytest.raises(SettingInvalid) as refused:
        KafkaAccess(**values)  # type: ignore[arg-type]
    assert named in refused.value.message


def test_a_file_that_is_not_there_is_told_when_it_is_needed(tmp_path: Path) -> None:
    there = tmp_path / "nothing"
    sasl = KafkaAccess(protocol="SASL_PLAINTEXT", mechanism="PLAIN", user="a", password_file=there)
    with pytest.raises(SettingInvalid, match="kafka_password_file"):
        sasl.options()
    with pytest.raises(SettingInvalid, match="kafka_certificates"):
        KafkaAccess(protocol="SSL", ca_file=there).options()
