"""A lock on a data directory ends with the block, or the process, that has it: no forked child goes on holding it."""

import os
import signal

import pytest
from children import start_python

from exporters.storage.files import locked
from exporters.storage.writing.locks import compaction_lock
from exporters.storage.writing.tombstones import Tombstones

HOLDER = """
import os, sys, threading
from pathlib import Path
from exporters.storage.files import locked
from exporters.storage.writing.locks import compaction_lock
from exporters.storage.writing.tombstones import Tombstones

data = Path(sys.argv[1])
locks = {
    "writing": Tombstones(data).writing,
    "compacting": lambda: compaction_lock(data),
    "changing": lambda: locked(data / "remarks.lock"),
}
with locks[sys.argv[2]]():
    is_there, tell = os.pipe()
    if os.fork() == 0:
        os.write(1, f"{os.getpid()}\\n".encode())
        os.write(tell, b".")
        threading.Event().wait()
    os.read(is_there, 1)
    if sys.argv[3] == "is killed":
        os.kill(os.getpid(), 9)
os.write(1, b"over\\n")
threading.Event().wait()
"""

WANTED = {
    "writing": lambda data: Tombstones(data).deciding(),
    "compacting": compaction_lock,
    "changing": lambda data: locked(data / "remarks.lock"),
}


@pytest.mark.parametrize("how", ["ends", "is killed"])
@pytest.mark.parametrize("lock", ["writing", "compacting", "changing"])
def test_a_child_that_was_forked_meanwhile_does_not_have_it(tmp_path, lock, how):
    holder = start_python(HOLDER, tmp_path, lock, how)
    child = int(holder.stdout.readline())
    try:
        assert holder.stdout.readline() == b"over\n" if how == "ends" else holder.wait(60) == -signal.SIGKILL
        with WANTED[lock](tmp_path):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        holder.kill()
        holder.communicate()
