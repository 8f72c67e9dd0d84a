"""A validator that nobody here wrote finds nothing in our crates, and says what is wrong with broken ones.

roc-validator 0.13 wants an older rich than we do, so it lives in an environment of its own.
"""

import json
import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from clean_environment import SURROUNDINGS, install
from dataset_stage import a_blocked_run, a_drawing, a_failed_run, a_journey, a_run_with_pictures, store
from records import a_record, an_item

from exporters.dataset import make_dataset
from exporters.dataset.about import Description
from exporters.dataset.crate.summing import MOST
from otel_tracking import ItemType, Status

VALIDATOR = "roc-validator==0.13.0"
PROGRAM = Path(__file__).with_name("validate_crates.py")
SCHEMAS = Path(os.environ.get("OTEL_TRACKING_SCHEMAS") or Path(__file__).parents[3] / "shared" / "schemas")

_BIOSCHEMAS = "https://bioschemas.org/"
OF_1_1 = {
    "ComputationalWorkflow": f"{_BIOSCHEMAS}ComputationalWorkflow",
    "FormalParameter": f"{_BIOSCHEMAS}FormalParameter",
    "input": f"{_BIOSCHEMAS}ComputationalWorkflow#input",
    "output": f"{_BIOSCHEMAS}ComputationalWorkflow#output",
}
"""The library brings the context of RO-Crate 1.3. In 1.1 these words, of those that we use, mean another address."""


def context_of_the_library():
    context = json.loads(files("rocrate").joinpath("data/ro-crate.jsonld").read_text("utf-8"))["@context"]
    return {"@context": {**context, **OF_1_1}}


@pytest.fixture(scope="module")
def validate(tmp_path_factory):
    """A function: what the validator says of each of some crates, given as (directory, profile)."""
    place = tmp_path_factory.mktemp("validator")
    try:
        install(place / "environment", VALIDATOR, constraints=None)
    except AssertionError as trouble:
        pytest.skip(f"{VALIDATOR} cannot be installed: {str(trouble).splitlines()[-1]}")
    (place / "context.jsonld").write_text(json.dumps(context_of_the_library()))

    command = [place / "environment/bin/python", PROGRAM, place / "context.jsonld", place / "cache"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}

    with subprocess.Popen(command, **pipes, env=SURROUNDINGS, cwd=place) as validator:

        def said_of(*crates):
            asked = json.dumps([[str(directory), f"{profile}-run-crate"] for directory, profile in crates])
            print(asked, file=validator.stdin, flush=True)
            for line in validator.stdout:
                if line.startswith("[["):
                    return [[message for _, message in found] for found in json.loads(line)]
            raise AssertionError("the validator ended; why stands in what it wrote to stderr")

        yield said_of
        validator.stdin.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Runs of every kind: well, with pictures, blocked, failed, cut off, without a stage, of odd names."""
    nothing = an_item(item_type=ItemType.PIPELINE_START, stage=0, content=None)
    return store(
        tmp_path_factory.mktemp("stored") / "data",
        a_journey(),
        a_run_with_pictures(a_drawing("navy"), a_drawing("gold")),
        a_blocked_run(),
        a_failed_run(),
        a_journey(status=Status.INTERRUPTED),
        a_record(items=[nothing]),
        a_record(
            execution_id="Größe/ \x07 <x>", config_name="ä&ö <b>", user_id="u 1", items=[an_item(content="\ud800")]
        ),
    )


def test_crates_of_runs_of_every_kind_have_no_fault(tmp_path, data, validate):
    """Process and provenance, with a licence and authors and without, of each run and of many together."""
    said = Description(
        title="Wiesen <2026> & mehr",
        authors=["Lovelace, Ada <0000-0002-1825-0097> (Bremen)", "A group"],
        licence="CC-BY-4.0",
    )
    many = store(tmp_path / "many", a_blocked_run(), a_record(items=[an_item(backend_used="ollama")] * (MOST + 1)))
    crates = []
    for kind in ("process", "provenance"):
        make_dataset(data, tmp_path / kind / "said", crate=kind, description=said)
        make_dataset(data, tmp_path / kind / "bare", crate=kind, with_media=False)
        make_dataset(many, tmp_path / kind / "many", crate=kind, description=Description(licence="Ask us"))
        crates += [(tmp_path / kind / name, kind) for name in ("said", "bare", "many")]

    assert validate(*crates) == [[]] * len(crates)


def without(graph, name, *kinds):
    """Take a property away from the first entity of a type."""
    entity = next(one for one in graph if set(kinds) & set(_listed(one["@type"])) and name in one)
    del entity[name]


def _listed(value):
    return value if isinstance(value, list) else [value]


def _refer_to_nothing_that_was_done(graph):
    without(graph, "object", "ControlAction")


def _have_no_file(graph):
    graph[0]["hasPart"].append({"@id": "nowhere.txt"})
    graph.append({"@id": "nowhere.txt", "@type": "File", "name": "nowhere"})


def _be_no_how_to(graph):
    workflow = next(one for one in graph if one["@id"] == "workflow.json")
    workflow["@type"].remove("HowTo")


BROKEN = {
    "an action without an instrument": (
        "process",
        lambda graph: without(graph, "instrument", "CreateAction"),
        "The Action MUST have an instrument property that references the executed tool",
    ),
    "no word of the profile": (
        "process",
        lambda graph: without(graph, "conformsTo", "Dataset"),
        "MUST reference a CreativeWork entity with an @id URI that is consistent with the versioned permalink",
    ),
    "no licence and no word of it": (
        "process",
        lambda graph: without(graph, "license", "Dataset"),
        "The Root Data Entity MUST have a `license` property",
    ),
    "no date": (
        "process",
        lambda graph: without(graph, "datePublished", "Dataset"),
        "The Root Data Entity MUST have a `datePublished` property",
    ),
    "a file that is not there": ("process", _have_no_file, "nowhere.txt"),
    "a control of nothing": (
        "provenance",
        _refer_to_nothing_that_was_done,
        "A ControlAction must reference the action representing the corresponding tool run via object",
    ),
    "an organisation without a result": (
        "provenance",
        lambda graph: without(graph, "result", "OrganizeAction"),
        "An OrganizeAction must reference the action representing the workflow run via result",
    ),
    "a step without a tool": (
        "provenance",
        lambda graph: without(graph, "workExample", "HowToStep"),
        "A HowToStep must refer to its corresponding tool via workExample",
    ),
    "a parameter of no type": (
        "provenance",
        lambda graph: without(graph, "additionalType", "FormalParameter"),
        "FormalParameter MUST have an additionalType",
    ),
    "steps of what is no how-to": (
        "provenance",
        _be_no_how_to,
        "A ComputationalWorkflow that links to steps MUST have the HowTo type",
    ),
}


def test_broken_crates_are_refused_with_what_is_wrong(tmp_path, data, validate):
    """So a crate without a fault says something: each of these differs from a good one in one place."""
    for kind in ("process", "provenance"):
        make_dataset(data, tmp_path / kind, crate=kind)
    crates = []
    for name, (kind, spoil, _) in BROKEN.items():
        crate = tmp_path / name.replace(" ", "_")
        shutil.copytree(tmp_path / kind, crate)
        written = json.loads((crate / "ro-crate-metadata.json").read_text())
        spoil(written["@graph"])
        (crate / "ro-crate-metadata.json").write_text(json.dumps(written))
        crates.append((crate, kind))

    for (name, (_, _, wanted)), said in zip(BROKEN.items(), validate(*crates), strict=True):
        assert any(wanted in message for message in said), (name, said)


def test_the_context_is_that_of_ro_crate_1_1_where_we_use_it():
    path = SCHEMAS / "ro-crate-1.1-context.jsonld"
    if not path.is_file():
        pytest.skip(f"{path} is not there; OTEL_TRACKING_SCHEMAS names another folder")
    ours, theirs = context_of_the_library()["@context"], json.loads(path.read_text())["@context"]
    assert {word for word, meaning in theirs.items() if ours.get(word) != meaning} == {
        *("AuthenticContent", "MissingContext", "constrainingProperty", "measuredValue", "observedNode", "cite-as")
    }
