"""What happens in the process that runs the pipeline? Spans begin, are followed, and end.

`start.py` begins a recording, `live.py` follows its runs, `exposition.py` says how it does.
"""

from collectors.recording.exposition import Figures, exposed, is_well, of_recording
from collectors.recording.live import PROGRESS, FreshEvent, LiveEvent
from collectors.recording.open_runs import ENDED, FINISHED, LOGGED, STARTED

__all__ = [
    "ENDED",
    "FINISHED",
    "LOGGED",
    "PROGRESS",
    "STARTED",
    "Figures",
    "FreshEvent",
    "LiveEvent",
    "exposed",
    "is_well",
    "of_recording",
]
