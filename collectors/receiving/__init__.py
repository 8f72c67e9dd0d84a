"""Take traces from other processes over OTLP/HTTP, and make the records that those would have made themselves.

`http.py` answers requests, `spool.py` keeps what was answered with 200, `runs.py` knows when a run is whole, and
`collector.py` sees records to the sinks.
"""

from __future__ import annotations

from collectors.receiving.collector import Collector
from collectors.receiving.http import TraceReceiver
from collectors.receiving.spool import Spool

__all__ = ["Collector", "Spool", "TraceReceiver"]
