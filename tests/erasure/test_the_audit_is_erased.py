"""Who did what is still known after an erasure; on which run is not."""

import json
import threading

from places_stage import bytes_of, files_with, is_planted, killed_at_every_step, nothing

from devserver.audit import Act, Actor, Audit
from devserver.erasing_audit import ErasableAudit
from otel_tracking.erasure import RunId

RUNS = frozenset({RunId("exec_planted", "0" * 31 + "1"), RunId("ticket_planted")})
SOMEBODY = Actor("researcher", "s1", "127.0.0.1")


class AlwaysPlanted(ErasableAudit):
    """Finds what is erased, for the death at every step."""

    def find(self, _):
        return sorted(RUNS)


def note_some(data_dir, **bounds):
    audit = Audit(data_dir, **bounds)
    audit.note(Act.LOGIN, SOMEBODY)
    audit.note(Act.EXPORT, SOMEBODY, execution_id="exec_planted", format="pdf")
    audit.note(Act.CANCEL, SOMEBODY, execution_id="ticket_planted")
    audit.note(Act.EXPORT, SOMEBODY, execution_id="exec_other", format="pdf")
    audit.note(Act.LOGIN_REFUSED, SOMEBODY)


def lines(data_dir):
    files = sorted((data_dir / "access").glob("*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_text().splitlines()]


def test_acts_stay_and_the_ids_of_erased_runs_go(tmp_path):
    """Also from files that were begun earlier; the lines of others stay byte for byte."""
    note_some(tmp_path, most_bytes=150)
    before, kept = lines(tmp_path), bytes_of(tmp_path)
    place = ErasableAudit(tmp_path)
    assert len(place.left(RUNS)) == 2
    assert len(place.erase(RUNS, nothing)) == 2
    assert lines(tmp_path) == [
        {key: value for key, value in line.items() if not str(value).endswith("_planted")} for line in before
    ]
    assert files_with(tmp_path, "_planted") == place.left(RUNS) == list(place.erase(RUNS, nothing)) == []
    assert sum(kept[name] == content for name, content in bytes_of(tmp_path).items()) >= 4
    assert place.find(is_planted) == []


def test_killed_at_every_step_and_again(tmp_path):
    note_some(tmp_path / "data")

    def check(copy):
        assert files_with(copy, "_planted") == []
        assert len(lines(copy)) == 5
        assert list(copy.rglob(".*.tmp")) == []

    assert killed_at_every_step(tmp_path / "data", tmp_path / "copy", AlwaysPlanted, check) == 2


def test_no_line_of_a_server_at_work_is_lost(tmp_path):
    audit, place = Audit(tmp_path, most_bytes=2_000), ErasableAudit(tmp_path)
    writing = threading.Thread(
        target=lambda: [audit.note(Act.EXPORT, SOMEBODY, execution_id="exec_planted", n=n) for n in range(60)]
    )
    writing.start()
    while writing.is_alive():
        place.erase(RUNS, nothing)
    place.erase(RUNS, nothing)
    assert sorted(line["n"] for line in lines(tmp_path)) == list(range(60))
    assert files_with(tmp_path, "exec_planted") == []


def test_a_line_that_is_none_stays(tmp_path):
    note_some(tmp_path)
    path = tmp_path / "access" / "audit.jsonl"
    path.write_bytes(path.read_bytes() + b'half a line {"execution_id": "exec_pl')
    ErasableAudit(tmp_path).erase(RUNS, nothing)
    assert path.read_bytes().endswith(b'half a line {"execution_id": "exec_pl')
