"""A spool loses the spans of an erased run and keeps those of others, entry by entry, in their order."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places_stage import PLANTED, bytes_of, erase, files_with, is_planted, killed_at_every_step, nothing
from requests_stage import KINDS, OTHER_SPANS, OTHER_TRACE, PLANTED_SPANS, PLANTED_TRACE, request_of

from collectors.receiving import Spool
from collectors.receiving.entries import PROTOBUF, PackedEntry
from collectors.receiving.erasing import ErasableSpool
from collectors.receiving.rewriting import without_runs
from collectors.receiving.senders import Senders
from otel_tracking.erasure import Beyond, RunId

TRACES = {PLANTED_TRACE, OTHER_TRACE}


def fill(directory, kind, *, segment_bytes=10_000):
    """A spool that another process left: entries of one run, of the other, and of both."""
    spool = Spool(directory, segment_bytes=segment_bytes)
    for spans in (PLANTED_SPANS[:1], OTHER_SPANS[:1], [*PLANTED_SPANS[1:], *OTHER_SPANS[1:2]], OTHER_SPANS[2:]):
        spool.append(kind, request_of(spans, kind), TRACES, "class-1")
    spool.close()


def packed_entry(kind, body, zipped):
    """An entry of a request as it came: as it is, or packed."""
    return PackedEntry.of(kind, body, "x", zipped=zipped and zipped(body, mtime=0))


def entries(directory):
    spool = Spool(directory)
    found = [(entry.kind, entry.body, entry.sender) for entry in spool.entries()]
    spool.close()
    return found, spool.damaged


def whole(directory):
    """The entries as they stand in the segments."""
    return [path.read_bytes() for path in sorted(directory.glob("*.otlp"))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("segment_bytes", [10, 10_000])
def test_no_byte_stays_and_the_entries_of_others_are_what_they_were(tmp_path, kind, segment_bytes):
    """Also where both came in one request; who sent it is kept; and twice is once."""
    fill(tmp_path, kind, segment_bytes=segment_bytes)
    assert files_with(tmp_path, PLANTED)
    runs, done = erase(ErasableSpool(tmp_path))
    assert [run.trace_id for run in runs] == [f"{PLANTED_TRACE:032x}"]
    assert sum(one.bytes for one in done) > 1_000
    assert files_with(tmp_path, PLANTED) == ErasableSpool(tmp_path).left(runs) == []
    assert ErasableSpool(tmp_path).erase(runs, nothing) == []
    found, damaged = entries(tmp_path)
    first, mixed, last = (body for _, body, _ in found)
    assert (first, last) == (request_of(OTHER_SPANS[:1], kind), request_of(OTHER_SPANS[2:], kind))
    assert mixed == request_of(OTHER_SPANS[1:2], kind)
    assert {(kind, sender) for kind, _, sender in found} == {(kind, "class-1")}
    assert damaged == 0


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_step_and_again(tmp_path, kind):
    fill(tmp_path / "spool", kind, segment_bytes=10)

    def check(copy):
        assert files_with(copy, PLANTED) == []
        assert [path.name for path in copy.iterdir() if path.name.startswith(".")] == []
        assert len(whole(copy)) == 3

    assert killed_at_every_step(tmp_path / "spool", tmp_path / "copy", ErasableSpool, check) >= 3


def test_a_spool_without_the_run_is_not_touched(tmp_path):
    spool = Spool(tmp_path)
    spool.append(PROTOBUF, request_of(OTHER_SPANS), TRACES)
    spool.close()
    before = {name: content for name, content in bytes_of(tmp_path).items() if name != "lock"}
    assert erase(ErasableSpool(tmp_path)) == (frozenset(), [])
    runs = frozenset({RunId("exec_x", f"{PLANTED_TRACE:032x}")})
    assert ErasableSpool(tmp_path).erase(runs, nothing) == []
    assert {name: content for name, content in bytes_of(tmp_path).items() if name != "lock"} == before


@pytest.mark.parametrize("zipped", [None, gzip.compress])
def test_damaged_entries_stay_counted_and_go_where_they_name_the_run(tmp_path, zipped):
    """A byte that fell over, and an entry that a death cut off; as they came, too, which is packed."""
    bodies = [request_of(spans) for spans in (PLANTED_SPANS, OTHER_SPANS, OTHER_SPANS, PLANTED_SPANS)]
    planted, damaged, sound, cut = (packed_entry(PROTOBUF, body, zipped).to_bytes() for body in bodies)
    damaged, lost = damaged[:-1] + b"\xff", planted[:-1] + b"\xff"
    (tmp_path / "000000001.otlp").write_bytes(lost + damaged + sound + cut[:-5])
    runs = frozenset({RunId("exec_x", f"{PLANTED_TRACE:032x}")})
    done = ErasableSpool(tmp_path).erase(runs, nothing)
    assert (tmp_path / "000000001.otlp").read_bytes() == damaged + sound
    [beyond] = [one for one in done if isinstance(one, Beyond)]
    assert "1 entries" in beyond.what
    assert entries(tmp_path)[1] == 1


@given(st.lists(st.sampled_from([PLANTED_SPANS, OTHER_SPANS, [*PLANTED_SPANS, *OTHER_SPANS]]), max_size=6), st.data())
def test_whatever_order_entries_have_the_others_keep_theirs(runs, data):
    """And what is taken out a second time is what was taken out once."""
    kinds = [data.draw(st.sampled_from(KINDS)) for _ in runs]
    zips = [data.draw(st.sampled_from([None, gzip.compress])) for _ in runs]
    told = list(zip(kinds, runs, zips, strict=True))
    packed = [packed_entry(kind, request_of(spans, kind), zipped) for kind, spans, zipped in told]
    segment = b"".join(entry.to_bytes() for entry in packed)
    rest = without_runs(segment, frozenset({PLANTED_TRACE}))
    # What is written anew is not packed; what nothing is taken out of stays as it is.
    others = [
        (kind, zipped if spans is OTHER_SPANS else None) for kind, spans, zipped in told if spans != PLANTED_SPANS
    ]
    wanted = [packed_entry(kind, request_of(OTHER_SPANS, kind), zipped).to_bytes() for kind, zipped in others]
    assert rest.content == b"".join(wanted)
    assert without_runs(rest.content, frozenset({PLANTED_TRACE})) == rest
    assert without_runs(segment, frozenset({5})).content == segment


def test_a_spool_that_a_collector_has_is_left_to_it(tmp_path):
    """The report says which process; nothing is changed."""
    fill(tmp_path, PROTOBUF)
    spool = Spool(tmp_path)
    before = bytes_of(tmp_path)
    runs, [beyond] = erase(ErasableSpool(tmp_path))
    assert isinstance(beyond, Beyond)
    assert beyond.what.startswith("process ")
    assert bytes_of(tmp_path) == before
    spool.close()
    assert ErasableSpool(tmp_path).left(runs)


def test_who_sent_it_is_forgotten(tmp_path):
    senders = Senders(tmp_path / "senders.sqlite")
    senders.remember(PLANTED_TRACE, "class-planted")
    senders.remember(OTHER_TRACE, "class-other")
    senders.close()
    runs = frozenset({RunId("exec_x", f"{PLANTED_TRACE:032x}")})
    assert ErasableSpool(tmp_path).left(runs)
    ErasableSpool(tmp_path).erase(runs, nothing)
    assert files_with(tmp_path, "class-planted") == files_with(tmp_path, PLANTED_TRACE.to_bytes(16)) == []
    assert ErasableSpool(tmp_path).left(runs) == []
    senders = Senders(tmp_path / "senders.sqlite")
    assert (senders.of(PLANTED_TRACE), senders.of(OTHER_TRACE)) == (None, "class-other")
    senders.close()


def test_runs_without_a_root_are_named(tmp_path):
    """Who they are of stands on the root."""
    spool = Spool(tmp_path)
    spool.append(PROTOBUF, request_of(PLANTED_SPANS[:1]), TRACES)
    spool.close()
    runs, [beyond] = erase(ErasableSpool(tmp_path))
    assert not runs
    assert "1 runs" in beyond.what
    assert "not sent their root" in beyond.what


def test_where_nothing_was_collected_there_is_nothing(tmp_path):
    place = ErasableSpool(tmp_path / "nowhere")
    assert (place.find(is_planted), place.erase(frozenset(), nothing), place.left(frozenset())) == ([], [], [])
