"""Runs for hypothesis, as they may have been recorded: any values, late spans, missing spans, others' events, media."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from odd_values import KEPT, LOSSY
from opentelemetry.sdk.trace import Event
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags
from strategies import any_value, plain_json

from collectors.spans.recorded import SpanData
from otel_tracking import ItemType, MediaType
from otel_tracking import attributes as names
from otel_tracking.frame import FACT, ITEM, MediaBytes, freeze
from otel_tracking.span_event import Frame

TRACE = 0x0E3A0561 << 96 | 7
STARTED = 1_795_408_740_000_000_000

_ODD = {name: make for name, make in {**KEPT, **LOSSY}.items() if name != "shares itself exponentially"}
_RARE_SECRET = "gsk_" + "Ab7" * 14
_GRAPH = {
    str(number): {"class_type": "KSampler", "inputs": {"seed": 2**63 - number, "cfg": 5.5}} for number in range(150)
}

usual = st.sampled_from(["", "a meadow", "eine Wiese, größer", 7, 0.5, True, None, {"steps": 25, "cfg": 5.5}])
large = st.sampled_from(
    ["x" * 9000, "ö" * 9000, _GRAPH, {"workflow": _GRAPH, "seed": 7}, {"deep": {"in": [_GRAPH, 1]}}]
)
odd = st.sampled_from(sorted(_ODD)).map(lambda name: _ODD[name]()) | st.just({"note": _RARE_SECRET})
values = usual | plain_json | large | any_value | odd
mostly_usual = st.one_of(usual, usual, usual, usual, values)

_moments = st.integers(0, 5).map(lambda number: STARTED + number * 700)
_numbers = st.integers(1, 9) | st.just(2**62)
_item_types = st.sampled_from([*map(str, ItemType), "a_type_of_later", "Odd type"])
_media_types = st.sampled_from([*map(str, MediaType), "hologram"])
_head = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(["config_name", "user_id", "used_seed", "metadata", "mood"], values),
        "execution_id": st.sampled_from(["exec_20261123_043900_0e3a0561", "größer", "", 7, None]),
    },
)


def _item(span_id: int, draw: Any) -> Frame:
    number, item_type, metadata = draw(_numbers), draw(_item_types), draw(mostly_usual)
    if draw(st.integers(0, 4)) == 0:
        number, item_type, metadata = 1, "pipeline_start", draw(_head)
    media = MediaBytes(draw(st.binary(max_size=3)), draw(st.sampled_from(["image/png", "x/y"])))
    media = media if draw(st.integers(0, 3)) == 0 else None
    place = (
        draw(st.sampled_from([None, 1, 3, "x"])),
        draw(st.sampled_from([None, 1])),
        draw(st.sampled_from([None, 1, 2])),
    )
    texts = (draw(mostly_usual), draw(mostly_usual), draw(st.sampled_from([None, "media/x/a.png"])))
    used = (draw(mostly_usual), draw(usual), draw(usual), draw(usual), draw(st.sampled_from([None, "0" * 16])))
    about = (len(media.data), media.type) if media else None
    told = (number, draw(_moments), item_type, draw(_media_types), *place, *texts, *used, about, metadata)
    return Frame(item_type, STARTED, span_id, freeze((ITEM, span_id, *told)), media)


def _fact(span_id: int, draw: Any) -> Frame:
    name = draw(st.sampled_from(["configured", "passed", "response", "injected", "note", "execution"]))
    said = draw(_head if name == "execution" else mostly_usual | st.just({"steps": 25, "lost": 1}))
    return Frame(name, STARTED, span_id, freeze((FACT, span_id, name, said)))


def _others(span_id: int, draw: Any) -> Event:
    """An event of somebody's who writes what we read, with fields of a later version and with nulls."""
    needed = {"sequence_number": draw(_numbers), "timestamp_ns": draw(_moments)}
    types = {"item_type": draw(_item_types), "media_type": draw(_media_types)}
    optional = ["stage", "content", "metadata", "media", "mood", "timestamp", "file_path", "span_id"]
    more = draw(st.dictionaries(st.sampled_from(optional), st.none() | plain_json | st.just({"x": 1}), max_size=4))
    if "mood" in more or "span_id" in more:
        more["metadata"] = {"x": more.get("metadata")}
    return Event("foreign", {names.PAYLOAD: json.dumps({**needed, **types, **more})}, STARTED)


def _attributes(draw: Any) -> dict[str, Any]:
    counted = st.sampled_from([names.STAGE, names.LOOP_ITERATION, names.ITEM_COUNT, names.SPAN_COUNT])
    told = st.sampled_from([names.ERROR_TYPE, names.CONFIG_USED, names.MODEL_USED, names.CANCELLED, "api_key", "note"])
    flat = st.sampled_from([1, 2, True, 0.5, "kids", "", "größer", "sk-" + "Ab7" * 14, "y" * 9000])
    return draw(st.dictionaries(counted, st.integers(0, 4), max_size=2)) | draw(st.dictionaries(told, flat, max_size=3))


@st.composite
def recorded_spans(draw: Any, others: bool = True) -> list[SpanData]:
    """The spans of one trace in any order; with `others`, some events are not ours."""
    spans, kinds = [], [_item, _item, _fact, *([_others] if others else [])]
    for span_id in draw(st.permutations(range(1, draw(st.integers(2, 5))))):
        parent = draw(st.sampled_from([None, 1, 2, 99])) if span_id > 1 else draw(st.sampled_from([None, None, 99]))
        name = draw(
            st.sampled_from(["execution", "stage", "stage.output", "output", "late", "chat"]) | st.text(max_size=5)
        )
        span = SpanData(
            TRACE, span_id, parent, name, draw(st.sampled_from(SpanKind)), _attributes(draw), (), draw(_moments)
        )
        span.end_ns = draw(st.sampled_from([None, STARTED + 10**9, STARTED + 10**9]))
        span.status = draw(st.sampled_from(StatusCode))
        span.status_description = draw(st.sampled_from([None, "", "it broke"]))
        if draw(st.integers(0, 5)) == 0:
            span.links = [Link(SpanContext(5, 6, is_remote=True, trace_flags=TraceFlags(1)), {"why": "größer", "n": 1})]
        span.events = [draw(st.sampled_from(kinds))(span_id, draw) for _ in range(draw(st.integers(0, 4)))]
        spans.append(span)
    return spans
