"""OTLP requests as nobody should send them: good ones with something changed, in bytes, in fields, in what they say."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_tracking import attributes as names

Mutated = tuple[str, bytes]
"""A content type and a body."""

PROTOBUF, JSON = "application/x-protobuf", "application/json"

ODD_NUMBERS = [0, -1, 1, 2**31, 2**53, 10**18, 2**63 - 1, 2**63, 2**64 - 1, 2**70, 1.5, 1e300]
ODD_VALUES: list[Any] = [
    *(None, True, [], {}, "", "x", "zz", "0" * 16, "0" * 32, "f" * 31, "-5", "9" * 30, "9" * 5000, "\ud800", "\0"),
    *(float("inf"), float("nan"), [None], [[]], {"": None}, {"values": None}, {"stringValue": 5}, {"intValue": "x"}),
    *ODD_NUMBERS,
]
ODD_PAYLOADS: list[Any] = [
    *({"$tuple": 5}, {"$bytes": "!"}, {"$set": [[1]]}, {"$dict": [[1]]}, {"$int": "0x" + "f" * 900}, {"$float": "x"}),
    *({"$datetime": "now"}, {"$decimal": "1e9"}, {"$enum": [1]}, {"$opaque": []}, {"$range": [0, 10**18, 1]}, {"$": 1}),
    *(
        {"$tuple": {"$range": [0, 10**12, 1]}},
        {"$decimal": "1e999999999"},
        {"$fraction": "1e999999999"},
        {"$set": "ab"},
    ),
    *({"$timedelta": [10**12, 0, 0]}, {"$complex": []}, {"$uuid": 5}, {"$path": None}, {"$str": "\\ud800"}),
    *ODD_VALUES,
]


def nested(depth: int) -> Any:
    """A list in a list in a list …"""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


class Mutator:
    """Makes one odd request after the other out of good ones in protobuf and in JSON."""

    def __init__(self, protobuf: Sequence[bytes], plain: Sequence[Any], dice: random.Random) -> None:
        self._protobuf, self._plain, self._dice = protobuf, plain, dice
        self._ways: list[Callable[[], Mutated]]
        self._ways = [
            self._bytes,
            self._bytes_of_json,
            self._message,
            self._tree,
            self._said,
        ]

    def next(self) -> Mutated:
        """The next one."""
        return self._dice.choice(self._ways)()

    def _bytes(self) -> Mutated:
        return PROTOBUF, self._changed(self._dice.choice(self._protobuf), self._dice.choice(self._protobuf))

    def _bytes_of_json(self) -> Mutated:
        return JSON, self._changed(self._text(self._dice.choice(self._plain)), b'"9":[{null')

    def _changed(self, body: bytes, other: bytes) -> bytes:
        dice = self._dice
        changed = bytearray(body)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(changed) + 1)
            to = min(len(changed), at + dice.choice([1, 2, 8, 40]))
            way = dice.randrange(6)
            if way == 0 and at < len(changed):
                changed[at] ^= 1 << dice.randrange(8)
            elif way == 1:
                del changed[at:]
            elif way == 2:
                del changed[at:to]
            elif way == 3:
                changed[at:at] = changed[at:to]
            elif way == 4:
                start = dice.randrange(len(other))
                changed[at:to] = other[start : start + dice.choice([1, 8, 100, len(other)])]
            else:
                changed[at:to] = dice.choice([b"\xff", b"\0"]) * (to - at)
        return bytes(changed)

    def _message(self) -> Mutated:
        """A field of a span in protobuf with something else in it."""
        dice = self._dice
        request = ExportTraceServiceRequest.FromString(dice.choice(self._protobuf))
        spans = request.resource_spans[0].scope_spans[0].spans
        span = dice.choice(spans)
        way = dice.randrange(9)
        if way == 0:
            span.trace_id = dice.choice([b"", b"\0" * 16, b"\1" * 15, b"\1" * 40, span.trace_id])
        elif way == 1:
            span.span_id = dice.choice([b"", b"\0" * 8, b"\1" * 9, dice.choice(spans).span_id, dice.randbytes(8)])
        elif way == 2:
            span.parent_span_id = dice.choice([b"", b"\0" * 8, b"\1" * 7, span.span_id, dice.randbytes(8)])
        elif way == 3:
            span.start_time_unix_nano = dice.choice([0, 1, 2**63 - 1, 2**63, 2**64 - 1])
        elif way == 4:
            span.end_time_unix_nano = dice.choice([0, 1, 2**63 - 1, 2**63, 2**64 - 1])
        elif way == 5:
            value = span.attributes.add(key=dice.choice([names.ITEM_COUNT, names.SPAN_COUNT, names.STAGE])).value
            value.int_value = dice.choice([-(2**63), -1, 0, 10**18, 2**63 - 1])
        elif way == 6:
            value = span.attributes.add(key=dice.choice(["x", names.STAGE, names.LOOP_ITERATION])).value
            for _ in range(dice.choice([1, 30, 99, 300])):
                value = value.array_value.values.add()
            value.bytes_value = b"\xff"
        elif way == 7:
            spans.add().CopyFrom(span)
            spans[-1].span_id = dice.choice([span.span_id, dice.randbytes(8)])
        else:
            span.name, span.kind = dice.choice(["", "late", "stage.interception", "x" * 70_000]), dice.randrange(9)
        return PROTOBUF, request.SerializeToString()

    def _tree(self) -> Mutated:
        """Some places of the JSON with something else in them, or without anything."""
        plain = json.loads(self._text(self._dice.choice(self._plain)))
        for _ in range(self._dice.randint(1, 3)):
            self._change_place(plain, [*ODD_VALUES, nested(self._dice.choice([3, 90, 300]))])
        return JSON, self._text(plain)

    def _said(self) -> Mutated:
        """A payload that says something odd, in canonical text."""
        plain = json.loads(self._text(self._dice.choice(self._plain)))
        [*payloads] = (pair["value"] for pair in _pairs(plain) if pair.get("key") == names.PAYLOAD)
        value = self._dice.choice(payloads)
        fields = json.loads(value["stringValue"])
        for _ in range(self._dice.randint(1, 3)):
            self._change_place(fields, [*ODD_PAYLOADS, nested(self._dice.choice([3, 90, 300]))])
        value["stringValue"] = self._dice.choice([json.dumps(fields)] * 20 + ["[" * 100_000, '{"$tuple":' * 50_000])
        return JSON, self._text(plain)

    def _change_place(self, plain: Any, odd: list[Any]) -> None:
        dice = self._dice
        places = list(_places(plain)) or [({"": None}, "")]
        holder, key = dice.choice(places)
        way = dice.randrange(4)
        if way == 0:
            del holder[key]
        elif way == 1:
            other, name = dice.choice(places)
            holder[key] = json.loads(self._text(other[name]))
        elif way == 2 and isinstance(holder, list):
            holder.append(json.loads(self._text(holder[key])))
        else:
            holder[key] = json.loads(self._text(dice.choice(odd)))

    def _text(self, plain: Any) -> bytes:
        return json.dumps(plain).encode()


def _places(plain: Any) -> Any:
    """Every place in a tree, as the list or table and the position or name in it."""
    entries = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in entries:
        yield plain, key
        yield from _places(value)


def _pairs(plain: Any) -> Any:
    return (holder for holder, key in _places(plain) if key == "key" and isinstance(holder, dict))
