"""What was set aside of an erased run goes, and requests it shared with others are written without it."""

import hashlib
import json

import pytest
from places_stage import PLANTED, bytes_of, erase, files_with, is_planted, killed_at_every_step, nothing
from requests_stage import KINDS, OTHER_SPANS, OTHER_TRACE, PLANTED_SPANS, PLANTED_TRACE, request_of

from collectors.receiving import Spool, read_asides
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.erasing import ErasableQuarantine
from collectors.receiving.quarantine import Quarantine, RequestBody
from otel_tracking.erasure import Beyond, RunId


def fill(directory, kind):
    """Entries of the planted run, of another, and of one whose request holds both."""
    directory.mkdir(parents=True)
    quarantine = Quarantine(directory)
    alone, others, both = (
        RequestBody(kind, request_of(spans, kind))
        for spans in (PLANTED_SPANS[:2], OTHER_SPANS[:2], [*PLANTED_SPANS[2:], *OTHER_SPANS[2:]])
    )
    quarantine.put(PLANTED_TRACE, "reason", "class-1", [alone, both], spans=len(PLANTED_SPANS), is_whole=True)
    quarantine.put(OTHER_TRACE, "reason", "class-1", [others, both], spans=len(OTHER_SPANS), is_whole=True)
    quarantine.put(OTHER_TRACE, "another reason", "class-2", [others], spans=2)
    quarantine.put(0, "of the same request", "class-1", [alone], spans=1)


def stays(directory, kind):
    """Whether the entries of the other run are what they were, and complete."""
    quarantine = Quarantine(directory)
    whole, part = quarantine.asides
    first, second = (RequestBody(kind, request_of(spans, kind)) for spans in (OTHER_SPANS[:2], OTHER_SPANS[2:]))
    assert quarantine.requests_of(whole) == [first, second]
    assert quarantine.requests_of(part) == [first]
    assert whole.bytes == len(first.body) + len(second.body)
    assert {aside.trace_id for aside in quarantine.asides} == {f"{OTHER_TRACE:032x}"}
    for path in (directory / "bodies").iterdir():
        assert path.name.split("-")[1] == hashlib.sha256(path.read_bytes()).hexdigest()
    for path in directory.glob("*.json"):
        assert json.loads(path.read_text())["id"] == path.stem
    return len(list((directory / "bodies").iterdir())) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_no_byte_stays_and_what_others_set_aside_is_what_it_was(tmp_path, kind):
    directory = tmp_path / "collect" / "quarantine"
    fill(directory, kind)
    untouched = [path for path in directory.glob("*.json") if "another reason" in path.read_text()]
    before = [path.read_bytes() for path in untouched]
    runs, done = erase(ErasableQuarantine(directory))
    assert [run.trace_id for run in runs] == [f"{PLANTED_TRACE:032x}"]
    assert len(done) == 3
    assert files_with(directory, PLANTED) == ErasableQuarantine(directory).left(runs) == []
    assert files_with(directory, f"{PLANTED_TRACE:032x}") == []
    assert stays(directory, kind)
    assert [path.read_bytes() for path in untouched] == before
    assert ErasableQuarantine(directory).erase(runs, nothing) == []


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_step_and_again(tmp_path, kind):
    fill(tmp_path / "quarantine", kind)

    def check(copy):
        assert files_with(copy, PLANTED) == []
        assert list(copy.rglob(".*")) == []
        assert stays(copy, kind)

    copy = tmp_path / "copies" / "quarantine"
    copy.parent.mkdir()
    assert killed_at_every_step(tmp_path / "quarantine", copy, ErasableQuarantine, check) >= 8


def test_a_run_that_could_not_be_made_a_record_is_found_by_its_root(tmp_path):
    """That is why most of what is there is there: two items of one number, a second root."""
    directory = tmp_path / "collect" / "quarantine"
    directory.mkdir(parents=True)
    *rest, root = PLANTED_SPANS
    Quarantine(directory).put(
        PLANTED_TRACE, "reason", "x", [RequestBody(PROTOBUF, request_of([*rest, *rest, root]))], spans=3
    )
    [run] = ErasableQuarantine(directory).find(is_planted)
    assert run.trace_id == f"{PLANTED_TRACE:032x}"


def test_what_this_version_cannot_read_is_named(tmp_path):
    directory = tmp_path / "collect" / "quarantine"
    directory.mkdir(parents=True)
    body = RequestBody(b"P", b"\xff no request " + PLANTED_TRACE.to_bytes(16))
    Quarantine(directory).put(0, "are in a request that this version cannot read", "x", [body], spans=0)
    runs = frozenset({RunId("exec_x", f"{PLANTED_TRACE:032x}")})
    [beyond] = ErasableQuarantine(directory).erase(runs, nothing)
    assert isinstance(beyond, Beyond)
    assert "cannot be read as a request" in beyond.what
    assert len(ErasableQuarantine(directory).left(runs)) == 1


def test_beside_a_collector_nothing_is_touched(tmp_path):
    directory = tmp_path / "collect" / "quarantine"
    fill(directory, PROTOBUF)
    spool = Spool(directory.parent)
    before = bytes_of(directory)
    runs, [beyond] = erase(ErasableQuarantine(directory))
    assert isinstance(beyond, Beyond)
    assert len(runs) == 1
    assert bytes_of(directory) == before
    spool.close()


def test_where_nothing_was_set_aside_there_is_nothing(tmp_path):
    place = ErasableQuarantine(tmp_path / "nowhere")
    assert (place.find(is_planted), place.erase(frozenset(), nothing), place.left(frozenset())) == ([], [], [])
    assert read_asides(tmp_path / "nowhere") == []
