"""What tests of a whole programme share: parts that run for a block, and what a table has in the end."""

import time
from contextlib import contextmanager

from exporters.delta.reading import known_runs, read_known
from exporters.delta.tables import DeltaStore
from exporters.errors import NoTable

PATIENCE = 90


@contextmanager
def running(*parts):
    """Parts that run for the length of the block, whatever happened to them in it."""
    try:
        for part in parts:
            part.start()
            if part.port:
                part.wait()
        yield parts
    finally:
        for part in parts:
            if part.process:
                part.process.kill()
                part.process.wait()


def until(is_so, said, seconds=PATIENCE):
    """Wait for something; where it does not become so, fail with what is said of it."""
    ends = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < ends, said()
        time.sleep(0.1)
    return found


def rows_in(uri, options=None):
    """The trace id and the revision of each row of executions; none where there is no table yet."""
    try:
        executions = DeltaStore(uri, options).open("executions")
    except NoTable:
        return []
    rows = executions.to_pyarrow_dataset().to_table(columns=["trace_id", "revision"])
    return list(zip(rows["trace_id"].to_pylist(), rows["revision"].to_pylist(), strict=True))


def until_stored(trace_ids, uri, workers=(), options=None):
    """Wait until a table has these traces."""
    wanted = set(trace_ids)

    def missing():
        logs = "\n".join(worker.log.read_text()[-1000:] for worker in workers)
        return f"{len(wanted - {trace for trace, _ in rows_in(uri, options)})} runs are missing\n{logs}"

    until(lambda: wanted <= {trace for trace, _ in rows_in(uri, options)}, missing)


def records_in(uri, options=None):
    """The records of a table, by trace id."""
    store = DeltaStore(uri, options)
    executions = store.open("executions")
    return {record.trace_id: record for record in read_known(store, executions, known_runs(executions, None).values())}
