"""Builders of records for tests: say what matters, the rest is filled in.

a_record(items=[an_item(stage=2), an_item(content="…")], config_name="stillepost")
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import strategies as st
from odd_values import KEPT
from strategies import any_value

from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, Media, MediaType, SpanRecord, canonical
from otel_tracking.values.kinds import EnumValue, Opaque

NOON = dt.datetime(2026, 11, 23, 12, 0, 0, 123456, dt.UTC)

_numbers = itertools.count(1)


def an_item(**given: Any) -> ExecutionItem:
    """One item; anything may be said about it."""
    usual = {"sequence_number": 1, "timestamp": NOON, "item_type": ItemType.INTERCEPTION_ITERATION}
    return ExecutionItem(
        **{**usual, "media_type": MediaType.TEXT, "stage": 2, "content": "the meadow is wide", **given}
    )


def a_span(**given: Any) -> SpanRecord:
    """One call of a backend."""
    usual = {"span_id": "00f067aa0ba902b7", "parent_span_id": None, "name": "chat", "kind": "client"}
    return SpanRecord(**{**usual, "timestamp": NOON, "execution_time": 0.25, "backend_used": "ollama", **given})


def a_record(**given: Any) -> ExecutionRecord:
    """One record; ids differ from call to call and fit the timestamp, items are numbered in their order."""
    number = next(_numbers)
    trace_id = given.setdefault("trace_id", hashlib.md5(str(number).encode()).hexdigest())
    moment = given.setdefault("timestamp", NOON + dt.timedelta(seconds=number))
    short = (trace_id or "0" * 8)[:8]
    items = given.pop("items", [an_item()])
    numbered = tuple(dataclasses.replace(item, sequence_number=place) for place, item in enumerate(items, start=1))
    usual = {"execution_id": f"exec_{moment:%Y%m%d_%H%M%S}_{short}", "config_name": "stillepost", "items": numbered}
    return ExecutionRecord(**{**usual, "item_count": len(numbered), **given})


def a_run_of_hops(*texts: str, **given: Any) -> ExecutionRecord:
    """A run whose user wrote the first text, and whose hops made the others."""
    user = an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content=texts[0])
    hops = [
        an_item(stage_iteration=number, content=made, input_text=given_text)
        for number, (given_text, made) in enumerate(itertools.pairwise(texts), start=1)
    ]
    final = an_item(item_type=ItemType.INTERCEPTION_FINAL, content=texts[-1])
    return a_record(items=[user, *hops, final], **given)


def a_picture(content: bytes = b"\x89PNG meadow", **given: Any) -> ExecutionRecord:
    """A run that made one picture, with its bytes attached."""
    sha256 = hashlib.sha256(content).hexdigest()
    record = a_record(**given)
    file_path = f"media/{record.execution_id}/output_1.png"
    media = Media(sha256, len(content), "image/png")
    item = an_item(item_type=ItemType.OUTPUT_IMAGE, media_type=MediaType.IMAGE, media=media, file_path=file_path)
    return dataclasses.replace(record, items=(item,), attachments={sha256: content})


def a_graph(nodes: int = 160) -> dict[str, Any]:
    """A workflow graph of about 40 KB."""
    return {
        str(number): {
            "class_type": "KSampler",
            "inputs": {"seed": 2**63 + number, "cfg": 7.5, "text": "x" * 120, "model": [str(number - 1), 0]},
            "_meta": {"title": f"node {number}"},
        }
        for number in range(1, nodes)
    }


ODD_VALUES: dict[str, Any] = {
    **{name: make() for name, make in KEPT.items()},
    "five thousand digits": 7**6000,
    "looks like a blob": {"$blob": "a" * 64},
    "looks like a blob beside others": {"$blob": "a" * 64, "x": 1, "y": [{"$blob": 1}]},
    "text that looks like a blob": '{"$blob":"' + "a" * 64 + '"}',
    "300 items": list(range(300)),
    "300 long keys": {f"key {number}": "value " * 8 for number in range(300)},
    "a megabyte in a dict": {"text": "meadow " * 150_000, "seed": 1},
    "a graph beside a seed": {"workflow": a_graph(), "seed": 7},
    "a graph deep inside": {"body": {"prompt": {"graph": a_graph()}, "client": "x"}, "method": "POST"},
    "a graph in a tuple": (a_graph(), [a_graph()], {1: a_graph()}),
    "a graph of odd values": {"g": {number: (str(number) * 90,) for number in range(99)}, "$x": {"$y": "z" * 9000}},
    "large text that looks like a blob": {"a": '{"$blob":"' + "a" * 64 + '"}' * 400, "$blob": "b" * 64},
    "an enum": EnumValue("paint.Colour", "RED", ("r", 1)),
    "an opaque object": Opaque("paint.Canvas", "<Canvas 3×4>"),
}
"""Values that trackers lose, and some that only a store of large values could."""

# By name: hypothesis prints what it draws from, and Python refuses to print very long integers.
_values = any_value | st.sampled_from(sorted(ODD_VALUES)).map(lambda name: ODD_VALUES[name])
_moments = st.datetimes(dt.datetime(1999, 1, 1), dt.datetime(2090, 1, 1), timezones=st.just(dt.UTC))
_places = st.one_of(st.none(), st.integers(1, 9), st.integers())

items = st.builds(
    an_item,
    timestamp=_moments,
    item_type=st.sampled_from([*ItemType, "output_smell", ""]),
    media_type=st.sampled_from(MediaType),
    **dict.fromkeys(("stage", "stage_iteration", "loop_iteration"), _places),
    **dict.fromkeys(("content", "input_text", "config_used", "model_used", "execution_time", "metadata"), _values),
    media=st.none() | st.builds(Media, st.none() | st.text(), st.none() | st.integers(), st.none() | st.text()),
)
spans = st.builds(a_span, timestamp=_moments, passed=_values, response=_values, configured=_values, error=_values)
records = st.builds(
    a_record,
    timestamp=_moments,
    items=st.lists(items, max_size=4),
    spans=st.lists(spans, max_size=3).map(tuple),
    trace_id=st.none() | st.integers(0, 2**128 - 1).map("{:032x}".format),
    **dict.fromkeys(("config_name", "user_id", "used_seed", "error", "metadata"), _values),
    links=st.lists(st.dictionaries(st.text(max_size=5), _values, max_size=2), max_size=2).map(tuple),
    stages_completed=st.lists(st.integers(1, 4), max_size=4).map(tuple),
    revision=st.integers(1, 9),
)
"""Any record, with odd values in every field that takes anything."""


def text_of(record: ExecutionRecord) -> str:
    """What decides whether two records are the same, also where NaN is in them."""
    return canonical.dumps(record.to_dict())


def rows(data_dir: Path, table: str) -> list[dict[str, Any]]:
    """Every stored row of a table, as any Parquet reader sees it."""
    files = sorted(data_dir.glob(f"{table}/date=*/*.parquet"))
    return [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]


LATER = dt.date(2100, 1, 1)
"""A day after all that tests store: everything before it may be compacted."""
