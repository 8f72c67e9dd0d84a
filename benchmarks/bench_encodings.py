"""What freezing an item costs, in each encoding that was considered (`docs/decisions/frame-encoding.md`)."""

from __future__ import annotations

import json
import marshal
import pickle

from benchmarks.figures import interleaved
from benchmarks.workloads import GRAPH, IMAGE_PARAMETERS, TEXT
from otel_tracking import canonical
from otel_tracking.frame import freeze

ITEM = (1, 1_795_409_940_000_000_000, "output_image", "image", 4, None, 1, TEXT, "sd35_large", IMAGE_PARAMETERS)
WAYS = {
    "frame (pickle, no memo)": freeze,
    "pickle with memo": lambda value: pickle.dumps(value, 5),
    "marshal (lossy)": marshal.dumps,
    "json (lossy)": json.dumps,
    "canonical JSON": canonical.dumps,
}

try:
    import msgspec

    WAYS["msgspec msgpack (lossy)"] = msgspec.msgpack.Encoder().encode
except ImportError:
    print("msgspec is not installed; it is left out")


def main() -> None:
    """Print medians and quartiles."""
    for title, value, count in (("item with 14 parameters", ITEM, 500), ("40 KB graph", (GRAPH,), 10)):
        print(title)
        calls = [
            (lambda way=way, value=value, count=count: repeat(way, value, count), lambda: None) for way in WAYS.values()
        ]
        for name, cost in zip(WAYS, interleaved(calls, 30), strict=True):
            print(f"  {name:26} {cost.median / count:8.2f} µs  ({cost.low / count:.2f} … {cost.high / count:.2f})")


def repeat(way: object, value: object, count: int) -> None:
    """Encode `count` times."""
    assert callable(way)
    for _ in range(count):
        way(value)


if __name__ == "__main__":
    main()
