"""The recorder of later servers: what its calls say, by two requests on two threads, is one trace.

recorder = get_recorder(run_id, "renaissance", "eco", "kids")     # in the place of the earlier module's
get_recorder, load_recorder = beside(get_recorder, load_recorder)   # or with the earlier one, which works on
"""

from otel_tracking.migration.recorder.book import RunBook
from otel_tracking.migration.recorder.place import abort_run, beside, keep_runs, server_runs
from otel_tracking.migration.recorder.runs import RunRules

__all__ = ["RunBook", "RunRules", "abort_run", "beside", "keep_runs", "server_runs"]
