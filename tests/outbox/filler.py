"""A process that records runs into an outbox until it is killed: DIRECTORY, ENDPOINT, RUNS, JOURNALS."""

from __future__ import annotations

import sys

from collectors import start_recording
from exporters import ParquetSink
from otel_tracking import ItemType


def main(directory: str, endpoint: str, runs: str, journals: str) -> None:
    """Name each run on stdout when it has ended: from then on it may not be lost."""
    with start_recording(
        [ParquetSink(f"{directory}/data")],
        journal=journals,
        research_endpoint=endpoint,
        outbox=f"{directory}/outbox",
        spill=f"{directory}/spill",
    ) as recording:
        for number in range(int(runs)):
            with recording.tracker().execution("stillepost") as run, run.stage(2) as stage:
                stage.item(ItemType.USER_INPUT_TEXT, content=f"Eine Blume {number}" * 50)
            print(run.trace_id, flush=True)
        print("closing", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
