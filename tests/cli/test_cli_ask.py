"""`otel-tracking ask`: questions in SQL are answered, in every form, and change nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import signal
import sys

import pyarrow.parquet as pq
import pytest
from builders import a_record, an_item
from children import start_python
from cli_stage import HOSTILE, ROOT, call, call_json, stored, three_hops
from markdown_it import MarkdownIt

from exporters import ParquetSink, connect
from exporters.asking.written import ANSWERS
from exporters.dataset import make_dataset
from exporters.privacy.consent import Consents
from exporters.privacy.consent_lists import checked_consent
from exporters.privacy.exports_ledger import ExportKind, ExportsLedger
from exporters.privacy.studies import new_study
from exporters.storage.tables.columns import TABLES

NUMBERS = "select range as n, 'text ' || range as t from range({})"


@pytest.fixture
def data(tmp_path):
    """A data directory with a run of three hops."""
    stored(tmp_path / "data", three_hops)
    return tmp_path / "data"


def everything_below(directory):
    return {
        str(path.relative_to(directory)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in directory.rglob("*")
        if path.is_file()
    }


# What is asked


def test_a_question_is_answered_as_a_table(data):
    done = call("ask", "select step, from_lang, content from journeys order by step", data=data)
    assert done.exit_code == 0
    head, *rows, count = done.stdout.splitlines()
    assert head.split() == ["step", "from_lang", "content"]
    assert rows[2].rstrip().split(maxsplit=2) == ["3", "en", "Eine Blume [en] [ja]"]
    assert count == "5 rows"


def test_it_answers_as_connect_does(data):
    for view in (*TABLES, "journeys"):
        question = f"select count(*) as n from {view}"
        [row] = call_json("ask", question, data=data)[0]["rows"]
        assert [(row["n"],)] == connect(data).sql(question).fetchall()


def test_a_question_comes_from_a_file_or_from_standard_input(data, tmp_path):
    question = "-- how many\nselect count(*) as n\nfrom executions;\n"
    (tmp_path / "question.sql").write_text(question)
    from_file, _ = call_json("ask", "--file", tmp_path / "question.sql", data=data)
    from_stdin, _ = call_json("ask", "-", data=data, stdin=question)
    assert from_file["rows"] == from_stdin["rows"] == [{"n": 1}]
    assert call("ask", "-", data=data, stdin=b"select '\xff'").exit_code == 2
    assert call("ask", data=data).exit_code == 2
    assert call("ask", "select 1", "--file", tmp_path / "question.sql", data=data).exit_code == 2


def test_what_can_be_asked_is_described(data):
    """Every view with every column, and what each means."""
    said, code = call_json("ask", "--tables", data=data)
    assert code == 0
    assert {"executions", "items", "journeys", "blobs", "damaged_files"} <= set(said["views"])
    assert "counting_writes" not in said["views"]
    for view, columns in said["views"].items():
        assert all(column["meaning"] for column in columns), view
    assert "Order of the items within their run, from 1" in call("ask", "--tables", data=data).stdout


def test_a_dataset_is_asked_like_a_store(data, tmp_path):
    """Its own tables, its own codebook; nothing is written beside them."""
    dataset = make_dataset(data, tmp_path / "dataset").path
    before = everything_below(dataset)
    answer, _ = call_json("ask", "select max(chrf_to_first) as c from journeys", "--dataset", dataset)
    assert 0 < answer["rows"][0]["c"] <= 100
    said, _ = call_json("ask", "--tables", "--dataset", dataset)
    assert set(said["views"]) == {"executions", "items", "journeys"}
    assert all(column["meaning"] for column in said["views"]["journeys"])
    assert everything_below(dataset) == before
    refused = call("ask", "select 1", "--dataset", tmp_path)
    assert refused.exit_code == 2
    assert "is no dataset" in refused.stderr


def test_a_store_without_a_run_answers_with_no_rows(tmp_path):
    answer, code = call_json("ask", "select * from journeys", data=tmp_path / "nothing")
    assert (code, answer["rows"]) == (0, [])
    assert "step" in [column["name"] for column in answer["columns"]]


def test_the_questions_of_the_page_are_answered(data):
    """Every SQL block under "Ask in SQL"."""
    page = (ROOT / "docs" / "for-researchers.md").read_text().split("## Ask in SQL")[1].split("\n## ")[0]
    questions = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert len(questions) >= 3
    for question in questions:
        assert call("ask", question, data=data).exit_code == 0


# What is refused


HOSTILE_SQL = {
    "copy": "copy items to '{out}/x.csv'",
    "copy over a table": "copy (select 1) to '{file}' (format parquet)",
    "copy from": "copy items from '/etc/passwd'",
    "csv": "select * from read_csv('/etc/passwd')",
    "text": "select * from read_text('/etc/passwd')",
    "blob": "from read_blob('{data}/privacy/exports.jsonl')",
    "a file's name": "from '/etc/passwd.csv'",
    "a table's own file": "from '{file}'",
    "a table's own file by name": "from read_parquet('{file}')",
    "many files": "from '{data}/items/*/*.parquet'",
    "hidden in a query": "from query('select * from read_text(''/etc/passwd'')')",
    "hidden in WITH": "with a as (from read_csv('/etc/passwd')) select * from a",
    "hidden below": "select (select content from read_text('/etc/passwd')) from items",
    "hidden in a list": "select [x.content for x in (select content from read_text('/etc/passwd'))]",
    "described": "describe select * from read_text('/etc/passwd')",
    "summarized": "summarize '/etc/passwd.csv'",
    "names of files": "select * from glob('/etc/*')",
    "sniffed": "select * from sniff_csv('/etc/passwd')",
    "network": "from 'https://example.org/x.parquet'",
    "attach": "attach '{out}/x.db'",
    "install": "install httpfs",
    "load": "load httpfs",
    "set": "set threads = 1",
    "unlock": "set lock_configuration = false",
    "reset": "reset allowed_paths",
    "pragma": "pragma database_list",
    "settings": "select * from duckdb_settings()",
    "export": "export database '{out}/x'",
    "import": "import database '{out}'",
    "create": "create table t as select 1",
    "macro": "create macro f() as table select * from read_text('/etc/passwd')",
    "drop": "drop view items",
    "delete": "delete from executions",
    "insert": "insert into counting_writes values (1)",
    "update": "update executions set user_id = 'x'",
    "two": "select 1; drop view items",
    "explain analyze": "explain analyze copy items to '{out}/y.csv'",
    "prepare": "prepare p as select 1",
    "call": "call pragma_version()",
    "begin": "begin",
    "checkpoint": "checkpoint",
    "nothing": "",
    "a comment": "-- select 1",
    "python": "select * from sys",
    "not SQL": "Wie viele Läufe?",
    "a parameter": "select ?",
}


@pytest.mark.parametrize("name", HOSTILE_SQL)
def test_a_question_can_only_ask(data, tmp_path, name):
    """One sentence, exit code 2, and nothing has changed anywhere."""
    out = tmp_path / "out"
    out.mkdir()
    [file] = data.glob("items/date=*/*.parquet")
    before = everything_below(tmp_path)
    done = call("ask", HOSTILE_SQL[name].format(out=out, data=data, file=file), "--format", "csv", data=data)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("otel-tracking: ")
    assert "root:" not in done.stderr
    assert everything_below(tmp_path) == before


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "select contnt from items",
            'Referenced column "contnt" not found in FROM clause (line 1, column 8). Did you mean content?',
        ),
        ("select *\nfrom itms", "Table with name itms does not exist (line 2, column 6). Did you mean items?"),
        ("select 1 from nothing", "(line 1, column 15). otel-tracking ask --tables lists those there are."),
        ("select 'ä', nope(content) from items", "(line 1, column 13)"),
        ("selec 1", 'syntax error at or near "selec" (line 1, column 1)'),
        ("select cast(content as int) from items where content is not null", "Could not convert string"),
        ("pivot items on stage using count(*)", "pivot items on stage in (1, 2)"),
    ],
)
def test_a_mistake_is_said_with_its_place(data, question, said):
    done = call("ask", question, data=data)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "question",
    [
        'with a as (select * from items), "b.c" as (select 1) select count(*) from a, "b.c"',
        "from items select stage",
        "values (1), (2)",
        "describe items",
        "summarize executions",
        "show tables",
        "select unnest([1, 2]), * from range(2)",
        "pivot items on stage in (1, 2) using count(*)",
        "select e.value from items, json_each(metadata_json) e",
        "select 1 as a, 2 as a -- twice",
        "(select 1) union (select 2) order by 1;",
        "select execution_id from executions e where exists (from items i where i.execution_id = e.execution_id)",
    ],
)
def test_what_reads_may_be_asked(data, question):
    assert call("ask", question, data=data).exit_code == 0


ENDLESS = {
    "recursion": "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t",
    "counting": "select count(*) from range(10_000_000_000_000) t(n) where hash(n) = 1",
    "searching": "select * from range(10_000_000_000_000) t(n) where hash(n) = 1",
    "writing": "select * from range(10_000_000_000_000)",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_question_is_stopped_with_ctrl_c(data, name):
    """One is enough, exit code 130 as everywhere; what it would have written is not there."""
    program = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import exporters.asking.answers as answers
from devserver.cli.app import command_line
plainly = answers._plainly
def about_to_ask(*columns):
    print("asking", flush=True)
    return plainly(*columns)
answers._plainly = about_to_ask
command_line.main(["ask", sys.argv[1], "--data", sys.argv[2], "--out", sys.argv[3]])
"""
    child = start_python(program, ENDLESS[name], data, data.parent / "x.csv")
    assert child.stdout.readline() == b"asking\n"
    child.send_signal(signal.SIGINT)
    try:
        assert child.wait(60) == 130
    finally:
        child.kill()
    assert [path.name for path in data.parent.iterdir()] == ["data"]


# How it is answered


def test_every_form_says_the_same_rows(data, tmp_path):
    question = "select 1 as n, 'Blume' as t, 1.5 as d, null as nothing union all select 2, 'zwei', 2.5, null order by 1"
    for name, form in ANSWERS.items():
        out = tmp_path / f"answer{form.suffix}"
        assert call("ask", question, "--out", out, data=data).stdout == f"{out}: 2 rows\n"
        assert out.stat().st_mode & 0o777 == 0o600
        printed = call("ask", question, "--format", name, data=data)
        assert printed.stdout_bytes == out.read_bytes()
    rows = [{"n": 1, "t": "Blume", "d": 1.5, "nothing": None}, {"n": 2, "t": "zwei", "d": 2.5, "nothing": None}]
    assert [json.loads(line) for line in (tmp_path / "answer.jsonl").open()] == rows
    assert json.loads((tmp_path / "answer.json").read_text())["rows"] == rows
    assert [{**row, "d": float(row["d"])} for row in pq.read_table(tmp_path / "answer.parquet").to_pylist()] == rows
    read = list(csv.DictReader(io.StringIO((tmp_path / "answer.csv").read_text("utf-8-sig"))))
    assert read == [
        {"n": "1", "t": "Blume", "d": "1.5", "nothing": ""},
        {"n": "2", "t": "zwei", "d": "2.5", "nothing": ""},
    ]
    assert call_json("ask", question, data=data)[0]["rows"] == rows


def test_a_spreadsheet_calculates_nothing(data):
    """The same cells as every other CSV: formulas, numbers that would change, hostile names of columns."""
    question = """select '=HYPERLINK("http://x")' as "=1+1", '007' as id, -5 as m, 12345678901234567890 as seed,
                  'eine\nzweite' as two, timestamp '2026-11-23 12:00' as at, '3-4' as score, true as yes"""
    document = call("ask", question, "--format", "csv", data=data).stdout_bytes
    assert document.startswith(b"\xef\xbb\xbf")
    head, row = csv.reader(io.StringIO(document.decode("utf-8-sig"), newline=""))
    assert head[0] == "'=1+1"
    said = ['\'=HYPERLINK("http://x")', "'007", "-5", "'12345678901234567890", "eine\nzweite", "2026-11-23T12:00:00"]
    assert row == [*said, "'3-4", "true"]
    assert document.count(b"\r\n") == 2


def test_a_table_for_papers_is_a_table_whatever_is_in_it(data):
    question = "select 'a|b' as \"x|y\", '<b>' || chr(10) || '[l](http://x)' as t, 1.5 as n"
    document = call("ask", question, "--format", "markdown", data=data).stdout
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(document)
    assert sum(token.type == "td_open" for token in tokens) == 3
    assert not any(child.type == "link_open" for token in tokens for child in token.children or ())
    assert "| 1.5 |" in document
    assert "---:" in document


def test_values_of_every_type_are_answered(data, tmp_path):
    question = """select interval 1 day as i, '101'::bit as b, uuid() as u, {'a': [1]} as s, map {'k': 1} as m,
        'x'::blob as raw, 'nan'::float as f, 'a'::enum('a') as e, time '10:00' as t,
        170141183460469231731687303715884105727 as h,
        union_value(k := 1) as un, date '2026-11-23' as d, now() as z, '{}'::json as j, [interval 1 day] as li"""
    for form in ANSWERS.values():
        done = call("ask", question, "--out", tmp_path / f"x{form.suffix}", data=data)
        assert done.exit_code == 0, done.stderr
    [row] = call_json("ask", question, data=data)[0]["rows"]
    assert (row["i"], row["b"], row["s"], row["m"], row["d"]) == ("1 day", "101", {"a": [1]}, {"k": 1}, "2026-11-23")
    assert row["h"] == {"$int": str(2**127 - 1)}


def test_a_table_shows_its_first_rows_and_says_that_there_are_more(data):
    told = call("ask", NUMBERS.format(1_000_000_000_000), data=data).stdout.splitlines()
    assert len(told) == 52
    assert told[-1].startswith("the first 50 rows, and there are more; --limit N shows more")
    assert call("ask", NUMBERS.format(3), "--limit", 3, data=data).stdout.splitlines()[-1] == "3 rows"
    limited = call("ask", NUMBERS.format(1_000_000_000_000), "--limit", 2500, "--format", "jsonl", data=data)
    assert len(limited.stdout.splitlines()) == 2500


def test_an_answer_may_be_larger_than_memory(data):
    """Rows are passed on as they come: whoever reads the first ones does not wait for the last."""
    child = start_python(
        "import sys; from devserver.cli.app import command_line; command_line.main(sys.argv[1:])",
        *("ask", NUMBERS.format(1_000_000_000_000), "--format", "jsonl", "--data", data),
    )
    first = [child.stdout.readline() for _ in range(10_000)]
    child.stdout.close()
    assert json.loads(first[-1]) == {"n": 9999, "t": "text 9999"}
    assert child.wait(60) in (1, 130)


def test_texts_are_shown_and_never_obeyed(data):
    ParquetSink(data).write(a_record(items=(an_item(content=HOSTILE),)))
    question = "select content as \"\x1b[31m\", content || repeat('x', 500) from items where content like '%rot%'"
    told = call("ask", question, data=data).stdout
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "characters)" in told


def test_many_columns_stand_below_each_other_on_a_terminal(data):
    told = on_a_terminal("ask", "select * from executions", "--data", data)
    assert "row 1" in told
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told)
    assert any(line.split()[:2] == ["config_name", "stillepost"] for line in plain.splitlines())


def on_a_terminal(*arguments):
    """What a terminal of 80 columns shows."""
    reader, writer = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        for number in (0, 1, 2):
            os.dup2(writer, number)
        environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
        os.execve(sys.executable, [sys.executable, "-m", "devserver.cli", *map(str, arguments)], environment)
    os.close(writer)
    shown = b""
    while True:
        try:
            part = os.read(reader, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(reader)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown.decode()
    return shown.decode()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--out", "x.xls"), "the ending of 'x.xls' says nothing of a form"),
        (("--format", "cvs"), "Did you mean csv?"),
        (("--format", "table", "--out", "x.csv"), "a table is for a terminal"),
        (("--format", "csv", "--json"), "--json is a form of its own"),
    ],
)
def test_a_form_that_cannot_be_is_refused(data, more, said):
    done = call("ask", "select 1", *more, data=data)
    assert done.exit_code == 2
    assert said in done.stderr


# Whose runs are in an answer


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Two runs of a study that wants consent, of which one's person said yes."""
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    data = tmp_path / "data"
    study = new_study(data, "garden", pseudonyms_at="export")
    for number, user in enumerate(["anna", "ben"]):
        ids = {"execution_id": f"exec_20261123_12000{number}_0e3a056{number}", "trace_id": f"{number + 1:032x}"}
        items = (an_item(content=f"{user} malt"),)
        ParquetSink(data).write(a_record(**ids, user_id=user, study_id="garden", items=items))
    Consents(data, study).note([("anna", checked_consent("given", "guardian", "2026-11-20"))])
    return data


def test_only_runs_that_may_leave_are_in_an_answer(study):
    """In every view, on the terminal as in a file; how many are not is said."""
    for view in ("executions", "items"):
        answer, code = call_json("ask", f"select * from {view}", data=study)
        assert code == 0
        assert len(answer["rows"]) == 1
        assert answer["kept_back"] == {"without_consent": 1}
        assert "ben" not in str(answer["rows"])
    done = call("ask", "select content from journeys", data=study)
    assert "ben" not in done.stdout
    assert "not among them: 1 run, 1 without consent." in done.stderr


def test_what_goes_to_a_file_is_known_to_the_ledger_and_the_audit(study, tmp_path):
    """And the question is in neither: it may name somebody."""
    question = "select content from items where content <> 'ottilie'"
    call("ask", question, "--out", tmp_path / "x.csv", data=study)
    [noted] = ExportsLedger(study).exports()
    assert (noted.kind, noted.format, noted.path, len(noted.runs)) == (
        *(ExportKind.ANSWER, "csv", str(tmp_path / "x.csv")),
        1,
    )
    written = "".join(path.read_text() for path in (study / "access").glob("*.jsonl"))
    assert json.loads(written)["act"] == "export"
    assert not any(b"ottilie" in path.read_bytes() for path in study.rglob("*") if path.is_file())

    call("ask", "select 1", data=study)
    assert len(ExportsLedger(study).exports()) == 1
    call("ask", "select 1", "--format", "csv", data=study)
    assert [one.path for one in ExportsLedger(study).exports()][1:] == [None]


def test_an_erasure_takes_the_answers_along(study, tmp_path):
    """Nobody can tell which rows are of the run, so the file goes; the others' answers stay."""
    call("ask", "select content from items", "--out", tmp_path / "x.csv", data=study)
    call("consent", "set", "--study", "garden", "--person", "ben", "--state", "given", "--by", "guardian", data=study)
    call("ask", "select content from items", "--out", tmp_path / "both.csv", data=study)
    assert call("erase", "--user", "ben", "--yes", data=study).exit_code == 0
    assert not (tmp_path / "both.csv").exists()
    assert (tmp_path / "x.csv").exists()
    assert [one.path for one in ExportsLedger(study).exports()] == [str(tmp_path / "x.csv")]


def test_a_damaged_file_is_named_and_the_rest_is_answered(data):
    stored(data, three_hops)
    [path, _] = data.glob("executions/date=*/*.parquet")
    path.write_bytes(b"PAR1 broken PAR1")
    answer, code = call_json("ask", "select * from executions", data=data)
    assert (code, len(answer["rows"]), len(answer["damaged"])) == (1, 1, 1)
    assert call("ask", "select sentence from damaged_files", data=data).exit_code == 1


def test_the_forms_that_there_are_have_the_table_among_them(tmp_path):
    """Which is for a terminal: not where a file is wanted."""
    assert "There are: csv, json, jsonl, markdown, parquet, table" in call("ask", "select 1", "--format", "xls").stderr
    to_file = call("ask", "select 1", "--format", "xls", "--out", tmp_path / "a.xls")
    assert to_file.stderr.rstrip().endswith("There are: csv, json, jsonl, markdown, parquet")
