"""The crate of a dataset: each stage an action, with its engine, what it was given and made, and what went wrong."""

import dataclasses
import datetime as dt
import json
import tempfile
from pathlib import Path

import pytest
from dataset_stage import (
    FORMULA,
    PROMPT,
    TWO_LINES,
    CrateRead,
    a_blocked_run,
    a_failed_run,
    a_journey,
    a_prompt,
    a_run_with_pictures,
    a_stage,
    content_below,
    store,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from records import NOON, a_record, a_span, an_item, records

from exporters.dataset import make_dataset
from exporters.dataset.about import About, Description
from exporters.dataset.crate.summing import MOST
from exporters.dataset.crate.telling import LONGEST, told_of
from exporters.dataset.crate.told import RunsTold
from exporters.dataset.describing import crate_json
from exporters.errors import UnknownOption
from otel_tracking import ItemType, Status

COMPLETED, FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"


def crate_of(tmp_path, *stored, **options):
    return CrateRead(make_dataset(store(tmp_path / "data", *stored), tmp_path / "out", **options).path)


def names(entities):
    return [entity["name"] for entity in entities]


def test_a_stage_is_an_action_with_its_engine_what_it_was_given_and_what_it_made(tmp_path):
    run = a_journey()
    crate = crate_of(tmp_path, run)
    hops = crate.action(run, 2)

    assert names(crate.the(hops["instrument"])) == ["ollama: mistral"]
    assert [one["value"] for one in crate.the(hops["object"])] == [PROMPT, str(run.used_seed)]
    assert [one["value"] for one in crate.the(hops["result"])] == [FORMULA, TWO_LINES, TWO_LINES]
    assert (hops["startTime"], hops["endTime"]) == ("2026-11-23T12:00:02.123+00:00", "2026-11-23T12:00:04.623+00:00")
    assert names(crate.the(hops["agent"])) == ["u1"]
    assert {action["actionStatus"] for action in crate.of("CreateAction")} == {COMPLETED}
    assert [one["value"] for one in crate.the(crate.action(run, 3)["result"])] == ["safe"]


def test_what_comes_out_of_one_stage_goes_into_the_next(tmp_path):
    run = a_run_with_pictures()
    crate = crate_of(tmp_path, run)
    [picture] = crate.the(crate.action(run, "4-output-1")["result"])

    assert [one["value"] for one in crate.the(crate.action(run, "4-output-1")["object"])] == ["a blue flower"]
    assert picture["@type"] == "File"
    assert picture["@id"] == f"media/{run.execution_id}/output%201.png"
    assert picture["sha256"] == run.items[2].media.sha256


def test_a_blocked_stage_has_failed_and_says_why(tmp_path):
    run = a_blocked_run()
    action = crate_of(tmp_path, run).action(run, 1)
    assert (action["actionStatus"], action["error"]) == (FAILED, "Stopped by the safety check: not for children")


def test_a_failed_run_has_one_stage_that_failed(tmp_path):
    run = a_failed_run()
    crate = crate_of(tmp_path, run)
    assert crate.action(run, 1)["actionStatus"] == COMPLETED
    assert crate.action(run, 2)["actionStatus"] == FAILED
    assert crate.action(run, 2)["error"].endswith("nobody answers")


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.INTERRUPTED, Status.ERROR])
def test_a_run_that_ended_without_a_word_failed_in_its_last_stage(tmp_path, status):
    run = a_record(items=[a_prompt()], spans=(a_stage(1), a_stage(2)), status=status)
    crate = crate_of(tmp_path, run)
    assert crate.action(run, 1)["actionStatus"] == COMPLETED
    assert crate.action(run, 2)["error"] == f"the run ended: {status}"


def test_a_run_without_a_stage_is_one_action(tmp_path):
    run = a_record(items=[an_item(item_type=ItemType.PIPELINE_START, stage=0, content=None)])
    crate = crate_of(tmp_path, run)
    [action] = crate.of("CreateAction")
    assert action["@id"] == f"#{run.execution_id}"
    assert crate.the(action["instrument"])[0]["@type"] == "SoftwareApplication"


def test_every_action_has_an_instrument_and_is_mentioned(tmp_path):
    crate = crate_of(tmp_path, a_journey(), a_blocked_run(), a_failed_run(), a_run_with_pictures())
    assert all(crate.the(action["instrument"]) for action in crate.of("CreateAction"))
    assert crate.the(crate.entities["./"]["mentions"]) == crate.of("CreateAction")


def test_provenance_says_which_workflow_which_steps_and_who_organised_them(tmp_path):
    run = a_journey()
    crate = crate_of(tmp_path, run, a_blocked_run(), a_run_with_pictures(), crate="provenance")
    [workflow] = crate.the(crate.entities["./"]["mainEntity"])
    [organised] = [one for one in crate.of("OrganizeAction") if one["@id"].startswith(f"#{run.execution_id}/")]
    [whole] = crate.the(organised["result"])
    controls = crate.the(organised["object"])

    assert crate.the(whole["instrument"]) == [workflow]
    assert [crate.the(one["object"])[0]["@id"][-7:] for one in controls] == ["stage-1", "stage-2", "stage-3"]
    assert [crate.the(one["instrument"])[0]["position"] for one in controls] == ["1", "2", "3"]
    assert names(crate.the(whole["object"])) == ["user_input_text"]
    assert [step["position"] for step in crate.the(workflow["step"])] == ["1", "2", "3", "4"]
    stages = json.loads((tmp_path / "out" / "workflow.json").read_text())["stages"]
    assert [(stage["stage"], stage["engines"]) for stage in stages] == [
        (1, ["term_lists"]),
        (2, ["ollama: mistral"]),
        (3, ["term_lists"]),
        (4, ["comfyui"]),
    ]


def test_no_other_crate_is_asked_for(tmp_path):
    with pytest.raises(UnknownOption, match=r"'provenanse' is no value of crate\. Did you mean provenance"):
        make_dataset(tmp_path, tmp_path / "out", crate="provenanse")


def test_a_long_text_is_cut_and_an_odd_one_can_be_seen(tmp_path):
    run = a_record(items=[a_prompt("x" * (LONGEST + 1)), an_item(content="left \u202e right \x00")])
    crate = crate_of(tmp_path, run)
    values = [one["value"] for one in crate.of("PropertyValue")]
    assert values == ["x" * LONGEST + " …", "left ⟨U+202E⟩ right ␀"]


def test_two_runs_of_one_name_are_two(tmp_path):
    """Imported runs may bring any ids."""
    first = a_record(execution_id="../x y", trace_id=None)
    second = dataclasses.replace(first, trace_id="a" * 32)
    crate = crate_of(tmp_path, first, second)
    assert {action["@id"] for action in crate.of("CreateAction")} == {"#_x%20y/stage-2", "#_x%20y%202/stage-2"}


def test_more_runs_than_a_program_opens_are_told_together(tmp_path):
    """By configuration, outcome and stage, with how many there were; the README says so."""
    long = a_record(items=[a_prompt(), *[an_item(backend_used="ollama")] * MOST])
    blocked = [a_blocked_run(), a_blocked_run()]
    crate = crate_of(tmp_path, long, *blocked)

    assert {action["@id"] for action in crate.of("CreateAction")} == {
        "#stillepost%2C%20blocked/stage-1-failed",
        "#stillepost%2C%20completed/stage-1",
        "#stillepost%2C%20completed/stage-2",
    }
    action = crate.entities["#stillepost%2C%20blocked/stage-1-failed"]
    assert (
        action["description"] == "Stage 1, translation safety of 2 runs of the configuration stillepost, by term_lists"
    )
    assert (action["actionStatus"], crate.the(action["result"])[0]["@id"]) == (FAILED, "items.parquet")
    assert "runs of a configuration together" in (tmp_path / "out" / "README.md").read_text()
    assert len(crate.text) < 20_000


def test_many_runs_have_a_provenance_too(tmp_path):
    long = a_record(items=[a_prompt(), *[an_item(backend_used="ollama")] * MOST])
    crate = crate_of(tmp_path, long, crate="provenance")
    assert len(crate.of("OrganizeAction")) == 1
    assert len(crate.of("ControlAction")) == 2


@pytest.mark.parametrize("crate", ["process", "provenance"])
def test_the_same_runs_give_the_same_crate_and_nothing_says_when_it_was_made(tmp_path, crate):
    stored = [a_journey(), a_blocked_run(), a_run_with_pictures()]
    description = Description(authors=["Lovelace, Ada"], licence="CC-BY-4.0")
    here = make_dataset(store(tmp_path / "a", *stored), tmp_path / "one", crate=crate, description=description)
    data = store(tmp_path / "somewhere" / "else", *reversed(stored))
    there = make_dataset(data, tmp_path / "somewhere" / "two", crate=crate, description=description)

    assert content_below(here.path) == content_below(there.path)
    root = CrateRead(here.path).entities["./"]
    assert root["datePublished"] == f"{NOON:%Y-%m-%d}"
    text = b"".join(content_below(here.path).values())
    assert str(dt.date.today()).encode() not in text
    assert str(tmp_path).encode() not in text


@given(records)
def test_any_record_can_be_told(record):
    told = told_of(record, "a run", frozenset(item.file_path for item in record.items if item.file_path))
    assert told.start <= told.end
    assert all(stage.start <= stage.end for stage in told.stages)


@given(st.lists(records, max_size=3), st.sampled_from(["process", "provenance"]))
@settings(max_examples=30)
def test_any_runs_make_a_crate_in_which_every_reference_leads_somewhere(found, kind):
    told = RunsTold([told_of(record, f"run {number}") for number, record in enumerate(found)])
    about = About(
        description=Description(),
        query={},
        rows={"executions": len(found), "items": 0},
        damaged=0,
        privacy={},
        told=told,
        span=None,
        crate=kind,
    )
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "ro-crate-metadata.json").write_bytes(crate_json(Path(directory), about))
        crate = CrateRead(Path(directory))
    assert all(crate.the(action["instrument"]) for action in crate.of("CreateAction"))
    assert len(crate.of("OrganizeAction")) == (kind == "provenance") * sum(bool(run.stages) for run in told.runs)


def test_times_that_are_none_do_not_keep_a_run_from_being_told():
    last = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
    span = a_stage(1, seconds=1e12, timestamp=last)
    told = told_of(a_record(items=[], spans=(span, a_span(stage="two"))), "a run")
    assert told.stages[0].end == last
