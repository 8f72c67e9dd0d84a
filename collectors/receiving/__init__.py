"""Take traces from other processes over OTLP/HTTP, and make the records that those would have made themselves.

`http.py` answers requests, `tokens.py` knows their senders, `spool.py` keeps what was answered with 200, `runs.py`
knows when a run is whole, `revisions.py` and `stored_runs.py` know what may become a part of one that is stored, and
`collector.py` sees records to the sinks. What cannot be taken is in the `quarantine.py`.
"""

from __future__ import annotations

from collectors.receiving.collector import Collector
from collectors.receiving.http import TraceReceiver
from collectors.receiving.quarantine import Aside, read_asides
from collectors.receiving.spool import Spool
from collectors.receiving.tokens import read_tokens

__all__ = ["Aside", "Collector", "Spool", "TraceReceiver", "read_asides", "read_tokens"]
