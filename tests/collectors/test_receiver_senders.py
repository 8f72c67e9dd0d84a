"""Who sent a run is known by the name of his token, or else by his address, and remembered."""

import sqlite3

import pytest
from receiver_stage import body_of, collecting, post, receiving, spans_of_runs

from collectors.receiving import read_tokens
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.senders import Senders
from collectors.receiving.tokens import Tokens
from collectors.testing import RememberingSink
from otel_tracking.errors import RecordingError

ANNA, BERT = "anna-anna-anna-anna", "bert-bert-bert-bert"


def tokens_file(tmp_path, text, mode=0o600):
    path = tmp_path / "tokens"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_names_each_sender(tmp_path):
    """A line for each; empty ones and comments are passed over."""
    text = f"# classrooms\n\nclassroom-1 {ANNA}\n  classroom-2   {BERT}  \n"
    tokens = Tokens("one-for-all-the-others", read_tokens(tokens_file(tmp_path, text)))
    assert tokens.sender_of(f"Bearer {ANNA}", "10.0.0.1") == "classroom-1"
    assert tokens.sender_of(f"bearer {BERT}", "10.0.0.1") == "classroom-2"
    assert tokens.sender_of("Bearer one-for-all-the-others", "10.0.0.1") == "10.0.0.1"
    for wrong in ("", "Bearer", f"Basic {ANNA}", ANNA, f"Bearer {ANNA}x", "Bearer \udcff"):
        assert tokens.sender_of(wrong, "10.0.0.1") is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no token"),
        (f"classroom {ANNA}\nclassroom {BERT}", "line 2"),
        (f"a {ANNA}\nb {ANNA}", "there already"),
        (f"10.0.0.1 {ANNA}", "does not begin with a name"),
        (f"::1 {ANNA}", "does not begin with a name"),
        ("classroom-1", "the token in line 1"),
        ("classroom-1 short", "the token in line 1"),
        (f"classroom-1 {ANNA} {BERT}", "the token in line 1"),
    ],
)
def test_a_line_that_is_none_is_refused_without_its_text(tmp_path, text, complaint):
    """A name cannot be an address: nobody passes for another."""
    with pytest.raises(RecordingError, match=complaint) as refused:
        read_tokens(tokens_file(tmp_path, text))
    assert "anna" not in str(refused.value)


def test_a_file_that_others_may_read_is_refused(tmp_path):
    """The sentence says what would help."""
    with pytest.raises(RecordingError, match="chmod 600"):
        read_tokens(tokens_file(tmp_path, f"classroom-1 {ANNA}", 0o640))
    with pytest.raises(RecordingError, match="cannot be read"):
        read_tokens(tmp_path / "missing")


def test_spans_of_another_token_are_set_aside(sink, tmp_path):
    """From the same machine, over the same server."""
    [run], _ = spans_of_runs(1)
    named = {"anna": ANNA, "bert": BERT}
    with collecting([sink], tmp_path) as collector, receiving(collector, tokens=named) as address:
        assert post(address, body_of(run[1:]), Authorization=f"Bearer {ANNA}").status_code == 200
        assert post(address, body_of(run[:1]), Authorization=f"Bearer {BERT}").content != b""
        assert not sink.records
        assert post(address, body_of(run[:1]), Authorization=f"Bearer {ANNA}").content == b""
        assert post(address, body_of(run[:1])).status_code == 401
    assert len(sink.records) == 1
    assert [aside.sender for aside in collector.quarantine.asides] == ["bert"]


def test_who_sent_what_is_remembered_and_private(tmp_path):
    """The first who is named; by the next process too."""
    first = Senders(tmp_path / "senders.sqlite")
    first.remember(5, "anna")
    first.remember(5, "bert")
    first.close()
    again = Senders(tmp_path / "senders.sqlite")
    assert (again.of(5), again.of(6)) == ("anna", None)
    again.remember(5, "bert")
    again.remember(6, "bert")
    assert (again.of(5), again.of(6)) == ("anna", "bert")
    assert sorted(again.known()) == [5, 6]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    again.close()


def test_who_sent_a_run_is_written_down_before_its_record_is(tmp_path):
    """However the process ends then: a run that is stored has a sender who may add to it."""
    runs, _ = spans_of_runs(3)
    known = []

    class AskingSink(RememberingSink):
        """Asks the file, as the next process would, while the record is not stored yet."""

        def write(self, record):
            with sqlite3.connect(tmp_path / "senders.sqlite") as file:
                known.extend(file.execute("SELECT sender FROM runs WHERE trace = ?", [bytes.fromhex(record.trace_id)]))
            super().write(record)

    with collecting([AskingSink()], tmp_path) as collector:
        for run in runs:
            collector.accept(PROTOBUF, body_of(run), sender="anna")
    assert known == [("anna",)] * 3


def test_a_damaged_memory_of_senders_stops_nobody(tmp_path):
    """It is begun anew; what was is kept beside it."""
    (tmp_path / "senders.sqlite").write_bytes(b"nonsense" * 1000)
    senders = Senders(tmp_path / "senders.sqlite")
    senders.remember(5, "anna")
    assert senders.of(5) == "anna"
    assert (tmp_path / "senders.damaged").read_bytes() == b"nonsense" * 1000
    senders.close()
