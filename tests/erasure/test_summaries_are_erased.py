"""Nothing of an erased run is left in the summaries from which a day of many files is listed."""

import pytest
from erasure_stage import LENA, NOON, TOM, a_batch, not_of_lena, of_lena, texts, traces_of

from exporters import ParquetSink, list_executions
from exporters.erasure import erase
from exporters.storage.tables.day_summaries import FOLDER


@pytest.fixture
def many(data):
    """The store of two people, with a day of many files of each, and a line that a death has torn."""
    sink = ParquetSink(data)
    for number in range(10, 16):
        for record in (*a_batch(number, NOON, LENA), *a_batch(number, NOON, TOM)):
            sink.write(record)
    path = data / FOLDER / f"date={NOON.date()}"
    path.write_bytes(path.read_bytes() + b'0123abcd torn.parquet 1 2 {"execution_id":["exec_of_' + LENA.encode())
    return data


def test_nothing_of_the_runs_is_left_in_them(many):
    """Torn lines included; others' runs are listed as before."""
    others = texts(many, not_of_lena)
    report = erase(many, of_lena, reason="person")

    assert traces_of(LENA, many / FOLDER) == []
    assert not [path for path in report.left if FOLDER in path]
    assert texts(many, not_of_lena) == others
    assert {row.user_id for row in list_executions(many, on_damage=lambda damage: None)} == {TOM}


def test_whoever_lists_or_writes_meanwhile_puts_none_of_them_down(many):
    """A reader that still finds their files, and a sink to which their records come again."""

    def beside(step):
        list_executions(many, on_damage=lambda damage: None)
        if step == "remove summaries":
            ParquetSink(many).write_all([*a_batch(30, NOON, TOM), *a_batch(10, NOON, LENA)])

    report = erase(many, of_lena, reason="person", step=beside)
    assert traces_of(LENA, many / FOLDER) == []
    assert not [path for path in report.left if FOLDER in path]
    assert not [row for row in list_executions(many, on_damage=lambda damage: None) if row.user_id == LENA]


def test_what_is_left_in_them_is_named(many):
    """Somebody puts back what was erased: the report says where."""
    folder = many / FOLDER
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}

    def put_back(step):
        if step.startswith("prove") or step == "rewrite index":
            for name, content in kept.items():
                (folder / name).write_bytes(content)

    report = erase(many, of_lena, reason="person", step=put_back)
    assert [path for path in report.left if FOLDER in path]
