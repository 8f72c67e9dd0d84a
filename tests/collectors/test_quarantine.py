"""What is set aside is kept as it came, privately, and not without end."""

import json

import pytest

from collectors.receiving.quarantine import Quarantine, RequestBody, read_asides

FIRST, SECOND = RequestBody(b"P", b"first"), RequestBody(b"J", b"second")


def test_it_is_there_again_byte_for_byte(tmp_path):
    """With the reason, the sender and the time; by whoever opens the directory next, or only looks."""
    aside = Quarantine(tmp_path).put(5, "would be a second root", "class-1", [FIRST, SECOND], spans=3, is_whole=True)
    again = Quarantine(tmp_path)
    assert again.asides == read_asides(tmp_path) == [aside]
    assert again.requests_of(aside) == [FIRST, SECOND]
    assert (aside.trace_id, aside.sender, aside.spans, aside.bytes) == (f"{5:032x}", "class-1", 3, 11)


def test_the_same_once_more_changes_nothing(tmp_path):
    """A sender who repeats himself fills no disk."""
    quarantine = Quarantine(tmp_path)
    for _ in range(3):
        quarantine.put(5, "reason", "x", [FIRST], spans=1)
    assert (len(quarantine), quarantine.size) == (1, 5)


def test_a_request_of_many_traces_is_kept_once(tmp_path):
    """And goes with the last of them."""
    quarantine = Quarantine(tmp_path)
    asides = [quarantine.put(trace_id, "reason", "x", [FIRST], spans=1) for trace_id in range(1, 101)]
    assert quarantine.size == len(FIRST.body)
    for aside in asides:
        assert quarantine.requests_of(aside) == [FIRST]
        quarantine.remove(aside)
    assert (quarantine.size, [path.name for path in tmp_path.rglob("*") if path.is_file()]) == (0, [])


@pytest.mark.parametrize("bound", [{"most_entries": 10}, {"most_bytes": 60}])
def test_there_is_an_end_to_it_and_who_has_most_pays(tmp_path, bound):
    """The oldest of whoever sends without end goes, and is counted; what others sent stays."""
    quarantine = Quarantine(tmp_path, **bound)
    quiet = quarantine.put(1, "reason", "quiet", [RequestBody(b"P", b"quiet")], spans=1)
    for number in range(50):
        quarantine.put(2 + number, "reason", "loud", [RequestBody(b"P", f"loud {number}".encode())], spans=1)
    assert quiet in quarantine.asides
    assert quarantine.dropped >= 40
    assert quarantine.asides[-1].trace_id == f"{51:032x}"
    assert len(list(tmp_path.glob("*.json"))) == len(list((tmp_path / "bodies").iterdir())) == len(quarantine)


def test_its_files_are_private(tmp_path):
    """Children's words are in them, and in their directory's listing are trace ids."""
    Quarantine(tmp_path / "quarantine").put(5, "reason", "x", [FIRST], spans=1)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "quarantine").rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {(tmp_path / "quarantine" / name).stat().st_mode & 0o777 for name in ("", "bodies")} == {0o700}


@pytest.mark.parametrize(
    "change",
    [{"requests": ["P-../../lock"]}, {"requests": ["../../etc/passwd"]}, {"spans": "x"}, {"id": "other"}, {"more": 1}],
)
def test_a_note_that_is_none_of_ours_leads_nowhere(tmp_path, change):
    """It is left where it lies."""
    aside = Quarantine(tmp_path).put(5, "reason", "x", [FIRST], spans=1)
    path = tmp_path / f"{aside.id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert read_asides(tmp_path) == []
    assert path.exists()


def test_a_request_that_was_changed_is_not_given_out(tmp_path):
    """A retry is exact, or it is none."""
    quarantine = Quarantine(tmp_path)
    aside = quarantine.put(5, "reason", "x", [FIRST], spans=1)
    [body] = (tmp_path / "bodies").iterdir()
    body.write_bytes(b"other")
    with pytest.raises(OSError, match="not what was written"):
        quarantine.requests_of(aside)
