"""The recorder of later servers: what its calls say, by two requests on two threads, is one trace.

In the place of the earlier module, or beside its functions, which work on: `beside(get_recorder, load_recorder)`.
"""

from otel_tracking.migration.recorder.live import Downloads, LivePipelineRecorder
from otel_tracking.migration.recorder.one_request import one_request
from otel_tracking.migration.recorder.place import abort_run, beside, keep_runs, server_runs
from otel_tracking.migration.recorder.recorders import generate_run_id, get_recorder, load_recorder
from otel_tracking.migration.recorder.run_ids import RunIds, run_ids_in
from otel_tracking.migration.recorder.runs import RunRules

__all__ = [
    "Downloads",
    "LivePipelineRecorder",
    "RunIds",
    "RunRules",
    "abort_run",
    "beside",
    "generate_run_id",
    "get_recorder",
    "keep_runs",
    "load_recorder",
    "one_request",
    "run_ids_in",
    "server_runs",
]
