"""What leaves a DevServer for a research programme, and is sent until it is taken: records as OTLP, in files.

`outbox.py` is the sink that keeps requests, `boxes.py` the folder of each process and what the dead have left,
`line.py` what waits, `sending.py` sends until it is answered, `posting.py` says what an answer means, `endpoint.py`
where records may go, `refused.py` keeps what no server takes, `consented.py` asks whether a run may leave,
`staying.py` lets go of runs that wait and may not any more, `retrying.py` sends now what waits of nobody,
`media_store.py` brings media elsewhere, `erasing.py` is for an erasure.
"""

from __future__ import annotations

from collectors.outbox.boxes import BoxState, states_of
from collectors.outbox.consented import asking, why_stays
from collectors.outbox.endpoint import research_address
from collectors.outbox.media_store import MediaStore, open_media_store
from collectors.outbox.outbox import Outbox, WhenFull, open_outbox
from collectors.outbox.posting import Post, Reception, ServerAnswer, http_post
from collectors.receiving.spool import SpoolFull

__all__ = [
    "BoxState",
    "MediaStore",
    "Outbox",
    "Post",
    "Reception",
    "ServerAnswer",
    "SpoolFull",
    "WhenFull",
    "asking",
    "http_post",
    "open_media_store",
    "open_outbox",
    "research_address",
    "states_of",
    "why_stays",
]
