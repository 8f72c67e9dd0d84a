"""A flight recorder: what a run appended survives the death of the process, in mapped memory on a RAM disk.

It knows bytes only. Writing is `FlightRecorder` and `RunJournal`; reading what a dead process left begins at
`find_dead`. The choices and the measurements stand in `docs/decisions/flight-recorder.md`.
"""

from collectors.flight_recorder.dead_runs import DeadRun
from collectors.flight_recorder.journal import RunJournal
from collectors.flight_recorder.ours import LeftAlone, NotOurs, OurDirectory, Unusable
from collectors.flight_recorder.recorder import FlightRecorder
from collectors.flight_recorder.recovery import ClaimedJournals, find_dead

__all__ = [
    "ClaimedJournals",
    "DeadRun",
    "FlightRecorder",
    "LeftAlone",
    "NotOurs",
    "OurDirectory",
    "RunJournal",
    "Unusable",
    "find_dead",
]
