"""How does a record reach every sink, or wait?

`sinks.py` says what a sink is, and what more one may be; `road.py` sees records there, over `lanes.py`.
"""

from collectors.delivery.sinks import (
    Archive,
    GroupSink,
    KnowingSink,
    LocatedSink,
    PreparingSink,
    RefusingSink,
    Sink,
    is_erased,
    refused_by,
    write_together,
)

__all__ = [
    "Archive",
    "GroupSink",
    "KnowingSink",
    "LocatedSink",
    "PreparingSink",
    "RefusingSink",
    "Sink",
    "is_erased",
    "refused_by",
    "write_together",
]
