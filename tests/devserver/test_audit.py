"""The audit log is bounded, several processes write it, and trouble with it hinders nobody."""

import json

from children import run_python

from devserver.audit import Act, Actor, Audit

SOMEBODY = Actor("researcher", "abcd1234", "192.0.2.1")


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_full_file_is_followed_by_another_and_the_oldest_goes(tmp_path):
    audit = Audit(tmp_path, most_bytes=400, most_files=2)
    for number in range(20):
        audit.note(Act.EXPORT, SOMEBODY, execution_id=f"exec_{number}")
    files = sorted((tmp_path / "access").glob("audit*.jsonl"))
    assert [file.name for file in files] == ["audit.1.jsonl", "audit.2.jsonl", "audit.jsonl"]
    assert all(file.stat().st_size <= 400 for file in files)
    assert lines_of(tmp_path / "access" / "audit.jsonl")[-1]["execution_id"] == "exec_19"


def test_refused_logins_do_not_push_out_what_others_did(tmp_path):
    audit = Audit(tmp_path, most_bytes=400, most_files=1)
    audit.note(Act.EXPORT, SOMEBODY, execution_id="exec_1")
    for _ in range(50):
        audit.note(Act.LOGIN_REFUSED, Actor("nobody", address="192.0.2.9"))
    assert [line["act"] for line in lines_of(tmp_path / "access" / "audit.jsonl")] == ["export"]


WRITE = """
import sys
from pathlib import Path
from devserver.audit import Act, Actor, Audit
for number in range(100):
    Audit(Path(sys.argv[1]), most_bytes=10_000, most_files=20).note(Act.DATASET, Actor("user 1"), count=number)
"""


def test_several_processes_write_whole_lines(tmp_path):
    from children import start_python

    others = [start_python(WRITE, tmp_path) for _ in range(2)]
    run_python(WRITE, tmp_path)
    assert [other.wait(60) for other in others] == [0, 0]
    lines = [line for file in (tmp_path / "access").glob("audit*.jsonl") for line in lines_of(file)]
    assert len(lines) == 300
    for other in others:
        other.stdout.close()


def test_trouble_with_the_audit_log_is_told_and_hinders_nobody(tmp_path, caplog):
    (tmp_path / "access").write_text("in the way")
    Audit(tmp_path).note(Act.EXPORT, SOMEBODY)
    assert "the audit log cannot be written" in caplog.text
