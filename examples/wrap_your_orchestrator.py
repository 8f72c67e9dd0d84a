"""Wrap your own orchestrator: the twenty lines in `run` are all it takes. Prints where the record is.

python examples/wrap_your_orchestrator.py [DIRECTORY]
"""

import sys
from pathlib import Path

from collectors import start_recording
from exporters import ParquetSink
from otel_tracking import ExecutionTracker, ItemType


def run(tracker: ExecutionTracker, prompt: str) -> str:
    with tracker.execution("my_pipeline", safety_level="kids", session_id="workshop 7") as run:
        with run.stage(1) as stage:
            stage.item(ItemType.USER_INPUT_TEXT, content=prompt)

        with run.stage(2) as stage:
            for number in range(1, 4):
                with stage.iteration(number) as iteration:
                    given = prompt
                    with iteration.backend_call("my_backend", model="reverser", configured={"strength": 1}) as call:
                        prompt = my_backend(given)
                        call.passed({"text": given, "strength": 1})
                    iteration.item(ItemType.INTERCEPTION_ITERATION, content=prompt, input_text=given)
            stage.item(ItemType.INTERCEPTION_FINAL, content=prompt)

        with run.output(1, config_used="my_painter") as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=b"\x89PNG...", metadata={"seed": 7, "steps": 25})
    return run.execution_id


def my_backend(text: str) -> str:
    """What your model does; this one reverses the words."""
    return " ".join(reversed(text.split()))


def main(directory: str) -> None:
    with start_recording(sinks=[ParquetSink(directory)]) as recording:
        execution_id = run(recording.tracker(), "Eine Blume auf der Wiese")
    # Leaving the block waits until the record is durable.
    print(f"{execution_id} is in {Path(directory).resolve()}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "data")
