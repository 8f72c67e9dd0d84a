"""Run one request several times, each with the next seed, until somebody stops it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace

from devserver.pipeline import Pipeline
from devserver.requests import Request, Result
from devserver.stages.seeds import draw_seed


def run_batch(
    pipeline: Pipeline, request: Request, runs: int, *, cancel: threading.Event | None = None
) -> Iterator[Result]:
    """The results of `runs` runs, one after the other, as they come.

    All have one `batch_id`, and each its `batch_index` from 1; the first has the request's seed, or a drawn one, each
    further one the next. Whoever sets `cancel` ends the run that is under way as cancelled, and no other is begun.
    """
    cancel = cancel or threading.Event()
    batch_id = request.batch_id or f"batch-{uuid.uuid4().hex[:12]}"
    base_seed = draw_seed() if request.seed is None else request.seed
    for index in range(1, runs + 1):
        if cancel.is_set():
            return
        numbered = replace(request, batch_id=batch_id, batch_index=index, seed=base_seed + index - 1)
        yield pipeline.run(numbered, cancel=cancel)
