"""What belongs to which extra stands in pyproject.toml and in code: both say the same, and nothing is forgotten."""

from __future__ import annotations

import functools
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from test_architecture import MODULES, PACKAGES, ROOT, imports_of

from otel_tracking.extras import EXTRAS, Extra, MissingExtra, extra_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NAME = re.compile(r"[A-Za-z0-9._-]+(\[(?P<brings>[a-z,]+)\])?")
FOR_CAPTURE = {"aiohttp", "brotli", "backports", "zstandard", "compression", "httpx2"}
"""What capture takes where a client has brought it."""

FONTS = {"manimgx-fonts", "manimgx-fonts-cjk"}
"""They are read as files; without them documents are set in the fonts of the machine."""


def distributions(requirements):
    return {_plain(NAME.match(one)[0]) for one in requirements if not one.startswith("otel-tracking")}


def distributions_of(modules):
    return {_plain(_known()[module][0]) for module in modules}


_known = functools.cache(packages_distributions)
"""Asked once: it reads what every package that is installed says of itself."""


def _plain(name):
    return re.sub("[-_.]+", "-", name.lower())


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_declares_what_its_modules_come_from(name):
    declared = distributions(PROJECT["optional-dependencies"][name]) - FONTS
    # Flask brings Werkzeug, and where both are used both are named.
    assert distributions_of(EXTRAS[name].modules) - {"werkzeug"} == declared


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_brings_the_extras_that_it_builds_on(name):
    brings = [one for one in PROJECT["optional-dependencies"][name] if one.startswith("otel-tracking")]
    assert {NAME.match(one)["brings"] for one in brings} == set(EXTRAS[name].brings)


def test_all_is_everything_that_people_use():
    (everything,) = PROJECT["optional-dependencies"]["all"]
    assert set(NAME.match(everything)["brings"].split(",")) == set(EXTRAS)


def test_what_is_imported_is_in_the_base_or_in_an_extra():
    base = {"opentelemetry", "google", "orjson", "ahocorasick_rs", "isal", "msgspec", "pyarrow"}
    known = {*sys.stdlib_module_names, *PACKAGES, *base, *FOR_CAPTURE}
    known |= {module for part in EXTRAS.values() for module in part.modules}
    for name, path in MODULES.items():
        unknown = {imported.split(".")[0] for imported in imports_of(path)} - known
        assert not unknown, f"{name} imports {unknown}: no extra has it"


def test_a_module_that_is_missing_names_its_extra():
    """What is imported in a block is asked for by the block's extra, else by the first one that has it."""
    with (
        pytest.raises(MissingExtra, match=r"Pictures need the extra 'pipelines'") as raised,
        Extra("pipelines", "Pictures need"),
    ):
        raise ModuleNotFoundError("no PIL", name="PIL.Image")
    assert raised.value.extra == "pipelines"
    assert extra_of(ModuleNotFoundError(name="PIL.Image")) == "documents"
    assert extra_of(ModuleNotFoundError(name="click"), wanted="server") == "server"


def test_a_module_of_nobodys_extra_stays_what_it_is():
    with pytest.raises(ModuleNotFoundError) as raised, Extra("server"):
        raise ModuleNotFoundError("somebody's own", name="somebodys_own")
    assert not isinstance(raised.value, MissingExtra)
