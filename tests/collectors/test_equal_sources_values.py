"""Whatever value is logged, the record is the same from the SDK, from OTLP and from the journal."""

import pytest
from builders import items_of
from hypothesis import given, settings
from odd_values import ENUMS, KEPT, LOSSY, PLAINED, HashableList
from sources import assert_equal_from_all_sources, log_everywhere, log_many
from strategies import any_value

from otel_tracking import canonical

_SLOW = {"shares itself exponentially", "a megabyte of text"}


@pytest.mark.parametrize("name", [name for name in KEPT if name not in _SLOW])
def test_an_odd_value_anywhere_is_in_every_record_as_it_was(name):
    value = KEPT[name]()
    record = assert_equal_from_all_sources(log_everywhere(value))

    [first] = items_of(record, "interception_iteration")
    [final] = items_of(record, "interception_final")
    for kept in (first.content, first.input_text, first.metadata["odd"], final.file_path, record.metadata["odd"]):
        assert canonical.dumps(kept) == canonical.dumps(value)
    assert record.dropped == record.lossy_values == 0
    [call] = record.attempts
    assert canonical.dumps(call.configured["odd"]) == canonical.dumps(call.passed["body"]) == canonical.dumps(value)
    assert canonical.dumps(call.response) == canonical.dumps(value)


@pytest.mark.parametrize("name", [*ENUMS, *PLAINED])
def test_enums_and_subclasses_are_the_same_in_every_record(name):
    make = ENUMS.get(name) or PLAINED[name][0]
    record = assert_equal_from_all_sources(log_everywhere(make()))
    assert canonical.dumps(record.items[1].content) == canonical.dumps(make())
    assert record.dropped == record.lossy_values == 0


@pytest.mark.parametrize("name", [name for name in LOSSY if name not in _SLOW])
def test_what_cannot_be_kept_is_counted_alike_and_spoils_nothing_else(name):
    record = assert_equal_from_all_sources(log_everywhere(LOSSY[name]()))
    assert record.lossy_values > 0
    assert record.dropped == 0
    assert record.attempts[0].configured["kept"] == 1


def test_a_megabyte_of_text_is_the_same_in_every_record():
    text = KEPT["a megabyte of text"]()
    record = assert_equal_from_all_sources(log_many([text]))
    assert record.items[1].content == text


def test_a_value_that_shares_itself_exponentially_ends_nobody(monkeypatch):
    monkeypatch.setattr(canonical, "MAX_REPEATED", 20_000)
    record = assert_equal_from_all_sources(log_many([LOSSY["shares itself exponentially"](), "next"]))
    assert record.lossy_values > 0
    assert record.items[2].content == "next"


@pytest.mark.parametrize("make_key", [HashableList, lambda: (HashableList([1]),)])
def test_a_key_that_would_be_unhashable_when_read_does_not_spoil_the_record(make_key):
    record = assert_equal_from_all_sources(log_many([{make_key(): 1, "kept": 2}, {make_key()}]))
    assert record.items[1].content["kept"] == 2
    assert record.dropped == 0


def test_keys_that_can_only_be_described_alike_do_not_swallow_each_other():
    class Alike:
        def __repr__(self):
            return "<alike>"

    record = assert_equal_from_all_sources(log_many([{Alike(): 1, Alike(): 2}]))
    assert record.lossy_values >= 1


@settings(max_examples=40)
@given(any_value)
def test_any_value_makes_equal_records(value):
    record = assert_equal_from_all_sources(log_everywhere(value))
    assert canonical.dumps(record.items[1].content) == canonical.dumps(value)
