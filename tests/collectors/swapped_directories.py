"""A victim's next start, while which a neighbour swaps the directories; run by `nursery.py`, once for each line.

swapped_directories.py LINE USER HOME NAMESPACE BASE EVIL    prints [names of the runs in the sink, whether none came]
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

from builders import a_record
from flight_recorder_stage import OUR_CODE
from neighbour_stage import SECONDS, HomeSink, become, import_what_they_need

from collectors import recover
from collectors.delivery import spill
from collectors.flight_recorder import FlightRecorder
from collectors.flight_recorder.place import Unusable

import_what_they_need()


def swapped_at(number, sink, namespace, base, evil):
    """What the victim's sink has when the directories are swapped at the `number`th line, and whether none came."""
    lines = [number]

    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(OUR_CODE) and "spill" not in frame.f_code.co_filename:
            return None
        if event == "line" and lines[0] > 0:
            lines[0] -= 1
            if lines[0] == 0:
                base.rename(f"{base}-away")
                evil.rename(base)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    recover([sink], directory=base, spill=base)
    recorder = FlightRecorder(base, namespace=namespace, spare_segments=4)
    recorder.begin(7).append(b"mine")
    recorder.close()
    with contextlib.suppress(OSError, Unusable):
        files = spill.Spill(base, namespace)
        files.keep(a_record())
        files.close()
    sys.settrace(None)
    return [record.config_name for record in sink.records], lines[0] > 0


def main():
    number, user, home, namespace, base, evil = sys.argv[1:]
    signal.alarm(SECONDS)
    become(int(user))
    told = swapped_at(int(number), HomeSink(Path(home) / "data"), namespace, Path(base), Path(evil))
    print(json.dumps(told), flush=True)
    os._exit(0)
