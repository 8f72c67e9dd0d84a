"""A prompt of 1,762 configured and 1,677 sent characters, steps clamped, a seed drawn: every reader is told."""

import json

import pytest
from builders import record_of
from click.testing import CliRunner

from devserver.cli.app import command_line
from devserver.diff import compare
from devserver.verify import is_right, verify
from exporters import FORMATS, ParquetSink, read_records
from exporters.formats.printed.layout import lay_out
from exporters.formats.xml.document import read_xml
from exporters.story.storyteller import story_of

DROPPED = "CULTURAL RESPECT PRINCIPLES: ask whose words they are; leave them what they mean. "
CUT = (
    "Kulturen sind Meere, und jedes Wort ist eine Insel darin. " * 28
    + "Eine Blume auf der Wiese im Wind und im Regen........"
)
PROMPT = CUT[:580] + DROPPED.ljust(1762 - len(CUT)) + CUT[580:]
CONFIGURED = {"prompt": PROMPT, "steps": 50, "seed": "random", "cfg": "5.5", "model": "m"}
BODY = {"prompt": CUT, "steps": 25, "seed": 123456789, "cfg": 5.5, "model": "m"}


def pipeline(body):
    def use(run):
        with run.stage(2) as stage, stage.backend_call("ollama", model="m", configured=CONFIGURED) as call:
            call.passed(
                {"method": "POST", "url": "http://127.0.0.1:11434/api/generate", "body": body, "body_facts": {}}
            )

    return use


@pytest.fixture(scope="module")
def record():
    return record_of(pipeline(BODY))


def test_json_and_xml_list_both_values_and_read_back_to_the_same_record(record):
    document = FORMATS["json"].render(record)
    (call,) = [span for span in json.loads(document)["spans"] if span["kind"] == "client"]
    prompt, seed, steps = call["passed_differently"]
    assert (prompt["configured"]["characters"], prompt["passed"]["characters"]) == (1762, 1677)
    assert steps == {"name": "steps", "place": "/body/steps", "configured": 50, "passed": 25}
    assert (seed["configured"], seed["passed"]) == ("random", 123456789)

    xml = FORMATS["xml"].render(record)
    assert b"<passed_differently>" in xml
    assert FORMATS["json"].parse(document) == read_xml(xml) == record


@pytest.mark.parametrize("name", ["html", "markdown"])
def test_pages_say_it_in_words(record, name):
    page = FORMATS[name].render(record).decode()
    assert "anders gesendet" in page or "sent otherwise" in page
    assert "1,762 " in page and "1,677 " in page


def test_a_page_marks_the_words_that_were_cut(record):
    page = FORMATS["html"].render(record).decode()
    assert "<del>CULTURAL RESPECT PRINCIPLES: ask whose words they are; leave them what they mean." in page


def test_verify_notes_it_and_the_record_is_still_right(record):
    notes = [finding.sentence for finding in verify(record) if "differently" in finding.sentence]
    assert notes == [
        "configured, but passed differently: prompt (1,762 characters → 1,677 characters), "
        "seed (random → 123456789), steps (50 → 25), in chat m (stage 2)"
    ]
    assert is_right(verify(record))


def test_show_says_it_beside_the_call_and_diff_compares_it(record, tmp_path):
    other = record_of(pipeline({**BODY, "steps": 50}))
    sink = ParquetSink(tmp_path)
    sink.write(record)
    sink.close()
    shown = CliRunner().invoke(
        command_line, ["show", record.execution_id, "--tree", "--data", str(tmp_path)], env={"COLUMNS": "400"}
    )
    assert "passed differently: prompt (" in shown.stdout, shown.stdout
    paths = [difference.path for difference in compare(record, other).differences]
    assert ("passed_differently", "steps") in paths
    (again,) = read_records(tmp_path)
    assert verify(again) == verify(record)


@pytest.mark.parametrize("name", ["docx", "pdf"])
def test_printed_pages_show_the_place_where_the_text_was_cut(record, name):
    (call,) = lay_out(story_of(record), attached=False).calls
    prompt = next(line for line in call.sent if line.name == "prompt")
    assert prompt.fate == "changed"
    assert DROPPED.strip() in prompt.configured and "CULTURAL" not in prompt.passed
    assert FORMATS[name].render(record)
