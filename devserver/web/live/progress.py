"""Tell watchers how far the work on a box is: a message that is shown and not kept."""

from __future__ import annotations

from typing import Any

from collectors.recording import PROGRESS, LiveEvent
from devserver.so_far import so_far
from devserver.web.live.slots import key_of_work
from devserver.web.live.telling import message
from otel_tracking import attributes as names


def progress_message(event: LiveEvent, language: str) -> bytes:
    """The message of a `progress` event. It has no id: whoever comes back gets the latest anyway."""
    stage, hop, output = (event.fields.get(name) for name in (names.STAGE, names.STAGE_ITERATION, names.LOOP_ITERATION))
    told: dict[str, Any] = {
        "box": key_of_work(stage, hop, output),
        "stage": stage,
        "hop": hop,
        "output": output,
        "done": event.fields["done"],
        "total": event.fields["total"],
        "words": so_far(event.fields, language),
    }
    return message(PROGRESS, told)
