"""What tests of a whole programme share: parts that run for a block, and what a table has in the end."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import parts
from producer import digest

from exporters.delta.queries import rows
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
    found = rows(executions, ["trace_id", "revision"])
    return list(zip(found["trace_id"].to_pylist(), found["revision"].to_pylist(), strict=True))


def until_stored(trace_ids, uri, workers=(), options=None, seconds=PATIENCE):
    """Wait until a table has these traces."""
    wanted = set(trace_ids)

    def missing():
        logs = "\n".join(worker.log.read_text()[-1000:] for worker in workers)
        return f"{len(wanted - {trace for trace, _ in rows_in(uri, options)})} runs are missing\n{logs}"

    until(lambda: wanted <= {trace for trace, _ in rows_in(uri, options)}, missing, seconds)


def records_in(uri, options=None):
    """The records of a table, by trace id."""
    store = DeltaStore(uri, options)
    executions = store.open("executions")
    return {record.trace_id: record for record in read_known(store, executions, known_runs(executions, None).values())}


def produce(endpoint, count, seed, to):
    """A producer, in a process of its own; it lists in the file `to` what it has recorded."""
    return subprocess.Popen(
        [sys.executable, Path(__file__).with_name("producer.py"), endpoint, str(count), str(seed), str(to)],
        cwd=parts.ROOT,
        env=os.environ | {"PYTHONPATH": str(parts.ROOT)},
    )


def listed(*files):
    """The producers' own lists: the sha256 of each record, and how many items it has, by trace id."""
    lines = (json.loads(line) for file in files for line in Path(file).read_text().splitlines())
    return {trace_id: (sha256, items) for trace_id, sha256, items in lines}


def compare(expected, uri, options=None):
    """Run by run, and item by item; how many runs have come in more than one revision."""
    rows = Counter(rows_in(uri, options))
    assert set(rows.values()) == {1}, [row for row, count in rows.items() if count > 1]
    assert {trace_id for trace_id, _ in rows} == set(expected)
    stored = records_in(uri, options)
    for trace_id, record in stored.items():
        assert (digest(record), len(record.items)) == expected[trace_id], record.execution_id
    assert stored.keys() == expected.keys()
    return len(rows) - len(expected)
