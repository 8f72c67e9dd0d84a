"""What leaves a DevServer for a research programme, and is sent until it is taken: records as OTLP, in files.

`outbox.py` is the sink that keeps requests, `boxes.py` the folder of each process and what the dead have left,
`sending.py` sends until it is answered, `posting.py` says what an answer means.
"""

from __future__ import annotations

from collectors.outbox.boxes import BoxState, states_of
from collectors.outbox.outbox import Outbox, open_outbox
from collectors.outbox.posting import Post, http_post

__all__ = ["BoxState", "Outbox", "Post", "http_post", "open_outbox", "states_of"]
