"""The compose file names only what there is: commands, settings, accounts, files, addresses."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ledger.topic_rights import ACCOUNTS
from tests.deploy.compose_file import (
    FOLDER,
    HALL_IMAGE,
    ROOT,
    example_environment,
    hall_services,
    services,
    variables_asked_for,
)
from tests.deploy.known_to_hall import refusal_of_command, refusal_of_settings

PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-[\w.-]+)?")
LASTING = {name: service for name, service in services().items() if "restart" in service}
LASTING_OF_HALL = sorted(set(LASTING) & set(hall_services()))


def role_of(service: dict[str, Any]) -> str:
    """`serve`, or the role of a worker."""
    return str(service["command"][-1])


def test_every_image_is_pinned_by_its_version() -> None:
    named = {service["image"] for service in services().values()}
    dockerfile = (FOLDER / "Dockerfile").read_text("utf-8")
    named |= set(re.findall(r"(?m)^FROM (\S+)", dockerfile))
    assert not [image for image in named if not PINNED.fullmatch(image)]


def test_our_image_has_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert {service["image"] for service in hall_services().values()} == {f"{HALL_IMAGE}:{version}"}


def test_the_image_holds_every_package_and_no_test() -> None:
    dockerfile = (FOLDER / "Dockerfile").read_text("utf-8")
    copied = {name for name, _ in re.findall(r"(?m)^COPY (\w+) (\w+)$", dockerfile)}
    assert copied == {"ledger", "processors", "projections", "alerts", "consoles"}


@pytest.mark.parametrize("name", sorted(hall_services()))
def test_a_service_of_ours_runs_a_command_that_hall_knows(name: str) -> None:
    assert refusal_of_command(hall_services()[name]["command"]) == ""


@pytest.mark.parametrize("name", sorted(hall_services()))
def test_a_service_of_ours_has_settings_that_hall_knows(name: str) -> None:
    assert refusal_of_settings(hall_services()[name]["environment"]) == ""


def test_a_command_or_a_setting_that_hall_does_not_know_is_found() -> None:
    assert "no command launch" in refusal_of_command(["launch"])
    assert "--turbo" in refusal_of_command(["serve", "--turbo"])
    assert "prot" in refusal_of_settings({"HALL_PROT": "8787"})
    assert "port" in refusal_of_settings({"HALL_PORT": "many"})


def test_the_example_sets_what_the_compose_file_asks_for_and_nothing_else() -> None:
    assert set(example_environment()) == variables_asked_for()


def test_two_api_nodes_and_workers_of_each_role_run() -> None:
    roles = [role_of(hall_services()[name]) for name in LASTING_OF_HALL]
    assert {role: roles.count(role) for role in roles} == {
        "serve": 2,
        "supervise": 2,
        "project": 1,
        "intake": 1,
    }


@pytest.mark.parametrize("name", LASTING_OF_HALL)
def test_a_service_of_ours_logs_in_as_its_role_with_the_secret_it_is_given(name: str) -> None:
    service = hall_services()[name]
    account = {"serve": "intake"}.get(role_of(service), role_of(service))
    environment = service["environment"]
    assert environment["HALL_KAFKA_USER"] == account
    assert environment["HALL_KAFKA_PASSWORD_FILE"] == f"/run/secrets/{account}-password"
    assert service["secrets"] == [f"{account}-password"]


def test_each_worker_has_its_own_name_and_the_same_at_each_start() -> None:
    named = {
        name: hall_services()[name]["environment"].get("HALL_WORKER_NAME")
        for name in LASTING_OF_HALL
        if role_of(hall_services()[name]) != "serve"
    }
    assert all(name == known for name, known in named.items())


def test_a_broker_lets_in_the_accounts_of_the_access_list_and_itself() -> None:
    accounts = {"broker", *(account for account, _ in ACCOUNTS)}
    for name in ("kafka-1", "kafka-2", "kafka-3"):
        environment = services()[name]["environment"]
        jaas = environment["KAFKA_LISTENER_NAME_INTERNAL_PLAIN_SASL_JAAS_CONFIG"]
        passwords = dict(re.findall(r'user_(\w+)="([^"]+)"', jaas))
        assert set(passwords) == accounts
        assert len(set(passwords.values())) == len(accounts)


def test_each_lasting_service_says_how_it_is_and_comes_back() -> None:
    assert all("healthcheck" in service for service in LASTING.values())
    assert {service["restart"] for service in LASTING.values()} <= {"always", "unless-stopped"}
    workers = [name for name in LASTING_OF_HALL if role_of(hall_services()[name]) != "serve"]
    assert {LASTING[name]["restart"] for name in workers} == {"always"}


def test_whoever_is_waited_for_is_there_and_can_be_waited_for() -> None:
    for service in services().values():
        for name, how in service.get("depends_on", {}).items():
            waited_for = services()[name]
            wanted = "healthcheck" if how["condition"] == "service_healthy" else "command"
            assert wanted in waited_for


def test_each_mounted_file_of_the_checkout_is_there() -> None:
    mounts = [mount for service in services().values() for mount in service.get("volumes", [])]
    sources = {FOLDER / mount.split(":")[0] for mount in mounts if mount.startswith(".")}
    assert not [source for source in sources if not source.exists()]


def test_no_port_is_open_to_other_machines() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def targets(path: Path) -> set[str]:
    groups = yaml.safe_load(path.read_text("utf-8"))
    return {address for group in groups for address in group["targets"]}


def test_prometheus_asks_each_process_of_ours_and_the_alertmanager() -> None:
    port = {"serve": 8787}
    expected = {
        f"{name}:{port.get(role_of(hall_services()[name]), 9464)}" for name in LASTING_OF_HALL
    }
    folder = FOLDER / "targets"
    assert targets(folder / "api.yml") | targets(folder / "workers.yml") == expected
    assert targets(folder / "alertmanagers.yml") == {"alertmanager:9093"}
