"""Programs that people use read a dataset as it was meant: the same rows, columns and cells."""

import csv
import shutil
import subprocess

import duckdb
import pandas
import polars
import pytest
from dataset_stage import FORMULA, PROMPT, SEED, TWO_LINES, a_blocked_run, a_journey, rows_of, store

from exporters.dataset import make_dataset

NAMES = ("executions", "items", "journeys")


@pytest.fixture
def made(tmp_path):
    return make_dataset(store(tmp_path / "data", a_journey(), a_blocked_run()), tmp_path / "out")


def cells(frame):
    """The cells that are easily lost, as lists: contents, and the seed."""
    return [text for text in frame if text in (PROMPT, FORMULA, TWO_LINES)]


def wanted(made, table):
    rows = rows_of(made, table)
    return len(rows), list(rows[0])


@pytest.mark.parametrize("table", NAMES)
def test_pandas_reads_it(made, table):
    frame = pandas.read_parquet(made.path / f"{table}.parquet")
    assert (len(frame), list(frame.columns)) == wanted(made, table)
    if table == "journeys":
        assert list(frame["content"]) == [row["content"] for row in rows_of(made, table)]
        assert set(frame["used_seed"].dropna()) == {str(SEED)}
        assert str(frame["timestamp"].dtype).startswith("datetime64[us, UTC")


@pytest.mark.parametrize("table", NAMES)
def test_polars_reads_it(made, table):
    frame = polars.read_parquet(made.path / f"{table}.parquet")
    assert (frame.height, frame.columns) == wanted(made, table)
    if table == "journeys":
        assert frame["content"].to_list() == [row["content"] for row in rows_of(made, table)]
        assert set(frame["used_seed"].drop_nulls()) == {str(SEED)}


@pytest.mark.parametrize("table", NAMES)
def test_duckdb_reads_it(made, table):
    found = duckdb.sql(f"select * from '{made.path}/{table}.parquet'")
    assert (len(found), found.columns) == wanted(made, table)
    if table == "journeys":
        texts = f"select content from '{made.path}/journeys.parquet' order by execution_id, step"
        assert cells(text for (text,) in duckdb.sql(texts).fetchall()) == [PROMPT, FORMULA, TWO_LINES, TWO_LINES]
        seeds = duckdb.sql(f"select max(used_seed::hugeint) from '{made.path}/journeys.parquet'")
        assert seeds.fetchall() == [(SEED,)]


def test_pandas_and_duckdb_read_the_csv_as_well(made):
    """A text may go over two lines, and one that would calculate has an apostrophe before it."""
    frame = pandas.read_csv(made.path / "journeys.csv", dtype={"used_seed": str})
    assert cells(frame["content"].str.removeprefix("'")) == [PROMPT, FORMULA, TWO_LINES, TWO_LINES]
    assert set(frame["used_seed"].dropna()) == {f"'{SEED}"}
    assert len(duckdb.sql(f"select * from read_csv('{made.path}/journeys.csv')")) == made.rows["journeys"]


def again(path, out, profile):
    """A CSV file as LibreOffice writes it after it has read it, with what it said."""
    # Commas, quotes, UTF-8, from the first line.
    how = "Text - txt - csv (StarCalc):44,34,76,1"
    command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", f"--infilter={how}"]
    ran = subprocess.run(
        [*command, "--convert-to", f"csv:{how}", "--outdir", out, path], capture_output=True, text=True, timeout=120
    )
    said = [line for line in ran.stderr.splitlines() if "javaldx" not in line]
    return out / path.name, said


@pytest.fixture(scope="module")
def calc(tmp_path_factory):
    """The profile of a LibreOffice that reads tables."""
    place = tmp_path_factory.mktemp("calc")
    (place / "one.csv").write_bytes(b"a,b\r\n1,2\r\n")
    if not shutil.which("soffice") or not again(place / "one.csv", place / "out", place / "profile")[0].is_file():
        pytest.skip("LibreOffice Calc is not installed; apt-get install libreoffice-calc-nogui")
    return place / "profile"


@pytest.mark.parametrize("table", NAMES)
def test_a_spreadsheet_opens_the_csv_and_calculates_nothing(made, table, tmp_path, calc):
    """LibreOffice: as many rows and columns, and the texts as they are; nothing is said to be wrong."""
    read, said = again(made.path / f"{table}.csv", tmp_path / "again", calc)
    assert said == []
    with read.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    count, columns = wanted(made, table)
    assert (len(rows), head) == (count, columns)
    if table == "journeys":
        content = [row[columns.index("content")] for row in rows]
        assert cells(text.removeprefix("'") for text in content) == [PROMPT, FORMULA, TWO_LINES, TWO_LINES]
        assert {row[columns.index("used_seed")] for row in rows} - {""} == {f"'{SEED}"}


def test_a_spreadsheet_would_have_calculated_without_the_apostrophe(tmp_path, calc):
    """So that the test above can fail."""
    (tmp_path / "bare.csv").write_bytes(b"content\r\n=1+1\r\n")
    read, _ = again(tmp_path / "bare.csv", tmp_path / "again", calc)
    assert read.read_text().splitlines()[1].strip('"') == "2"
