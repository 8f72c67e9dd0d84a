"""`docs/reliability.md` names every counter, and its commands find the cases they promise."""

import re
import shlex
from pathlib import Path

import pytest
from children import ROOT
from test_matrix import IDS

from collectors.receiving import Collector, Spool
from collectors.testing import RememberingSink

PAGE = (ROOT / "docs" / "reliability.md").read_text()
COMMANDS = re.findall(r"\| `((?:\.\./)?[\w/]+\.py[^`]*)` \|$", PAGE, re.MULTILINE)


def counters(health):
    for name, value in health.items():
        yield name
        if name in ("sinks", "journal"):
            for part in value if isinstance(value, list) else [value]:
                yield from part


def test_every_counter_is_explained(recording):
    assert [name for name in counters(recording.health()) if f"`{name}`" not in PAGE] == []


def test_every_counter_of_a_collector_is_explained(tmp_path):
    collector = Collector([RememberingSink()], Spool(tmp_path))
    collector.close()
    assert [name for name in counters(collector.health()) if f"`{name}`" not in PAGE] == []


def test_every_kind_of_trouble_is_explained():
    """As far as it is written in the code as it is counted."""
    packages = ("otel_tracking", "collectors")
    sources = [path.read_text() for package in packages for path in (ROOT / package).rglob("*.py")]
    found = {kind for text in sources for kind in re.findall(r'(?:report\(|\.note\(|counts\[|stop\()"([\w ]+)"', text)}
    kinds = {kind for kind in found if not re.match(r"records|items|lossy|late_|dropped|odd|closed", kind)}
    assert {kind for kind in kinds if f"`{kind}`" not in PAGE} == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_finds_its_cases(command):
    """Its file is there, and its `-k` chooses something, but not all."""
    path, *options = shlex.split(command)
    file = Path(__file__).parent / path
    assert file.exists()
    if options:
        assert options[0] == "-k"
        names = IDS if path == "test_matrix.py" else re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
        chosen = [name for name in names if is_chosen(options[1], name)]
        assert 0 < len(chosen) < len(names)


def is_chosen(expression, name):
    """Whether pytest's `-k expression` chooses `name`."""
    words = re.sub(r"[\w.]+", lambda word: word_in(word[0], name), expression)
    return eval(words)


def word_in(word, name):
    return word if word in ("and", "or", "not") else str(word.lower() in name.lower())
