"""What the documentation shows works: examples in docstrings and code blocks in Markdown are run."""

import doctest
import importlib
import re

import pytest
from test_architecture import MODULES, PACKAGES, ROOT

from collectors.building.head import HEAD_FIELDS
from otel_tracking import FinishReason, Status, attributes
from otel_tracking.record import ExecutionItem, SpanRecord
from otel_tracking.values.rebuild import TAGS

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(python[^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)

LINK = re.compile(r"\]\(([^()\s]+)\)")
FILE = re.compile(r"`(?:python )?((?:[\w.-]+/)+[\w-]+\.\w+)(?:::\w+)?`")
"""A name in backticks that says where a file is: `folder/file.py`."""
HOMES = ("", *PACKAGES, "devserver/embedded", "tests/faults")
"""Below what a page may leave out: `flight_recorder/ours.py` can be in one package only."""
OF_OTHERS = ("DATA/", "media/", "access/", "my_app/")
"""Beginnings of what is no file of ours: below a data directory, or in another's program."""

WITH_EXAMPLES = [name for name, path in MODULES.items() if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_in_docstrings_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = pytest.importorskip(name) if name.startswith("devserver") else importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0


def blocks():
    for page in PAGES:
        if page.exists():
            for number, (info, code) in enumerate(BLOCK.findall(page.read_text("utf-8")), start=1):
                yield pytest.param(info, code, id=f"{page.relative_to(ROOT)} block {number}")


@pytest.mark.parametrize(("info", "code"), list(blocks()))
def test_a_code_block_in_the_documentation_runs(info, code, tmp_path, monkeypatch):
    """A block that cannot be run says so, and is at least Python: ```python no-run."""
    block = compile(code, "block", "exec")
    monkeypatch.chdir(tmp_path)
    if "no-run" not in info:
        exec(block, {"__name__": "block"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page):
    """Where a module moved, the page has to say where to."""
    named = {name for name in FILE.findall(page.read_text("utf-8")) if not name.startswith(OF_OTHERS)}
    lost = {name for name in named if not any((ROOT / home / name).is_file() for home in HOMES)}
    assert not lost, f"{page.name} names {sorted(lost)}"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page):
    """To a file that is there, and to a heading that it has."""
    for link in LINK.findall(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        if path.startswith(("http://", "https://")):
            continue
        target = (page.parent / path) if path else page
        assert target.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors_of(target), f"{target.name} has no heading {anchor}"


def anchors_of(page):
    """The anchors of a page's headings, as forges make them: small letters, hyphens, nothing else."""
    outside = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


CONVENTIONS = ROOT / "docs" / "semantic-conventions.md"

NAMES = [value for name, value in vars(attributes).items() if name.isupper() and isinstance(value, str)]


@pytest.mark.parametrize("name", NAMES)
def test_every_attribute_and_span_name_is_documented(name):
    assert f"`{name}`" in CONVENTIONS.read_text("utf-8")


@pytest.mark.parametrize("word", [*FinishReason, *Status, *TAGS, "$dict"])
def test_every_finish_reason_status_and_tag_is_documented(word):
    assert f"`{word}`" in CONVENTIONS.read_text("utf-8")


def test_every_field_of_an_item_and_of_the_head_is_documented():
    text = CONVENTIONS.read_text("utf-8")
    fields = {*ExecutionItem.__dataclass_fields__, *SpanRecord.__dataclass_fields__, *HEAD_FIELDS}
    missing = {name for name in fields if name not in text}
    assert not missing, f"docs/semantic-conventions.md does not say what {sorted(missing)} are"
