"""Say where this server's data can lie, who is meant by a name, and finish an erasure that was interrupted."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devserver.erasing_audit import ErasableAudit
from devserver.settings import Settings, outbox_of
from exporters.erasure import pending
from exporters.errors import CompactionRunning
from otel_tracking.erasure import IsMeant, Place
from otel_tracking.pseudonyms import KINDS, Pseudonyms
from otel_tracking.record import ExecutionRecord

if TYPE_CHECKING:
    from exporters.erasure import Reason


def places_of(settings: Settings) -> list[Place]:
    """The places beside the data directory's tables and its exports where something of a run may lie."""
    from collectors.outbox.erasing import places_of_outbox  # only here: most starts erase nothing
    from collectors.receiving.erasing import places_of_collecting
    from collectors.recording.erasing import places_of_recording
    from devserver.web.asking.erasing import ErasableTickets
    from devserver.web.rooms.erasing import ErasableRooms
    from otel_tracking.migration.recorder import run_ids_in
    from otel_tracking.migration.recorder.erasing import ErasableRunIds

    data_dir = settings.data_dir.expanduser().absolute()
    journals = settings.journal if isinstance(settings.journal, Path) else None
    return [
        *places_of_recording(str(data_dir), journals),
        *places_of_collecting(data_dir / "collect"),
        *places_of_outbox(outbox_of(data_dir)),
        ErasableTickets(data_dir),
        ErasableAudit(data_dir),
        ErasableRooms(data_dir),
        ErasableRunIds(run_ids_in(data_dir)),
    ]


def finish_erasures(settings: Settings) -> None:
    """Go on with an erasure of the data directory that a death interrupted, and say so in one line.

    One that another process is at is left to it: what was decided is refused by every sink already.
    """
    if pending(settings.data_dir) is None:
        return
    from exporters.erasure import resume  # only here: 200 ms of which most starts have no need

    try:
        report = resume(settings.data_dir, places_of(settings), wait_seconds=0)
    except CompactionRunning:
        return
    if report:
        how = "all of it within reach is gone" if report.complete else "something is left, its report says what"
        print(f"otel-tracking: finished an erasure of {len(report.runs)} run(s); {how}", file=sys.stderr)


def reason_of(field: str) -> Reason:
    """Why a person's runs are erased, by the field that names them."""
    from exporters.erasure import Reason  # only here: most starts erase nothing

    return {"user_id": Reason.PERSON, "session_id": Reason.SESSION, "device_id": Reason.DEVICE}[field]


def whose(said: Mapping[str, Any], pseudonyms: Pseudonyms | None) -> IsMeant:
    """Whether a run is of the user, session or device that was said: under this name or its pseudonym, and whichever
    of the two was said."""
    wanted = {name: value for name in KINDS if (value := said.get(name)) is not None}

    def is_theirs(record: ExecutionRecord) -> bool:
        return all(_is_same(name, getattr(record, name), value, pseudonyms) for name, value in wanted.items())

    return is_theirs


def _is_same(field: str, value: Any, wanted: Any, pseudonyms: Pseudonyms | None) -> bool:
    if value is None or pseudonyms is None:
        return bool(value == wanted)
    return bool(value == wanted) or pseudonyms.of(field, value) == pseudonyms.of(field, wanted)
