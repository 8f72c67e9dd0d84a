"""Compose files fit what they start: files are there, versions pinned, variables and options known, sizes agree."""

import re
from pathlib import Path

import click
import pytest
import yaml

from devserver.cli.app import command_line

ROOT = Path(__file__).parents[1]
COMPOSE_FILES = sorted(ROOT.glob("compose*.yaml"))
COLLECTORS = ("otel-collector-agent.yaml", "otel-collector-gateway.yaml")
OUR_SOURCES = [
    path for package in ("devserver", "otel_tracking", "collectors") for path in (ROOT / package).rglob("*.py")
]
SAID = "\n".join(path.read_text("utf-8") for path in OUR_SOURCES)


def services():
    for path in COMPOSE_FILES:
        for name, service in yaml.safe_load(path.read_text("utf-8"))["services"].items():
            yield pytest.param(service, id=f"{path.name} {name}")


def compose(name):
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def mounted(service):
    """The files of this repository that a service gets, by where it finds them."""
    places = (volume.split(":") for volume in service.get("volumes", ()))
    return {place[1]: ROOT / place[0] for place in places if place[0].startswith(".")}


@pytest.mark.parametrize("service", list(services()))
def test_versions_are_pinned(service):
    inline = service.get("build", {}).get("dockerfile_inline", "")
    images = re.findall(r"^FROM (\S+)$", inline, re.MULTILINE) or [service["image"]]
    assert all(re.search(r":v?\d+\.\d+\.\d+", image) for image in images), images


@pytest.mark.parametrize("service", list(services()))
def test_mounted_and_copied_files_are_there(service):
    assert all(path.is_file() for path in mounted(service).values())
    for line in re.findall(r"^COPY (.+) \S+$", service.get("build", {}).get("dockerfile_inline", ""), re.MULTILINE):
        assert all((ROOT / name).exists() for name in line.split()), line


@pytest.mark.parametrize("service", list(services()))
def test_a_configuration_that_is_named_is_mounted_and_has_the_variables(service):
    command = service.get("command", [])
    named = [command[at + 1] for at, word in enumerate(command) if word == "--config"]
    assert set(named) == set(mounted(service))
    if not named:
        return
    known = set(re.findall(r"\$\{env:(\w+)", mounted(service)[named[0]].read_text("utf-8")))
    assert set(service["environment"]) <= known


@pytest.mark.parametrize("service", list(services()))
def test_variables_and_options_of_our_own_commands_are_known(service):
    program, *arguments = service.get("command", [""])
    if program != "otel-tracking":
        return
    ours = {name for name in service["environment"] if not name.startswith("AWS_")}
    assert {name for name in ours if f'"{name}"' not in SAID} == set()
    command = command_line.get_command(click.Context(command_line), arguments[0])
    command.make_parser(click.Context(command)).parse_args(arguments[1:])


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_volumes_and_services_that_are_named_are_there(path):
    found = yaml.safe_load(path.read_text("utf-8"))
    for service in found["services"].values():
        volumes = {volume.split(":")[0] for volume in service.get("volumes", ()) if not volume.startswith(".")}
        assert volumes <= set(found["volumes"])
        assert set(service.get("depends_on", ())) <= set(found["services"])


@pytest.mark.parametrize("service", list(services()))
def test_only_this_machine_is_listened_to(service):
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_what_an_agent_takes_a_gateway_takes_and_what_that_takes_the_topic_takes():
    agent, gateway = (compose(name) for name in COLLECTORS)
    limits = [found["receivers"]["otlp"]["protocols"] for found in (agent, gateway)]
    from_agents, from_all = (found["http"]["max_request_body_size"] for found in limits)
    message = gateway["exporters"]["kafka"]["producer"]["max_message_bytes"]
    # What is passed on grows by the empty fields of its spans, 8 bytes of 60 at the very most.
    assert 1.14 * from_agents <= from_all
    assert 1.14 * from_all <= message
    assert [found["grpc"]["max_recv_msg_size_mib"] * 2**20 for found in limits] == [from_agents, from_all]
    topic = compose("compose.programme.yaml")["services"]["topic"]["command"]
    assert f"--config=max.message.bytes={message}" in topic
    assert f"max.message.bytes={message}" in (ROOT / COLLECTORS[1]).read_text("utf-8")
