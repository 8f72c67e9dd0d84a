"""What will be asked for next is read while nobody waits, and holds up neither an erasure nor a program's end."""

import subprocess
import sys
import threading

from looking_again import a_moment

from exporters.storage.reading.read_ahead import ReadAhead


def test_rows_are_read_in_order_whatever_is_wrong_with_one():
    read, is_over = [], threading.Event()

    def look(row):
        read.append(row)
        if row == 9:
            is_over.set()
        if row % 2:
            raise LookupError(row)

    ReadAhead(look).want(range(10))
    assert is_over.wait(60)
    assert read == list(range(10))


def test_a_later_list_takes_the_place_of_an_earlier_one_and_stopping_waits_for_what_is_being_read():
    read, begun, go_on = [], threading.Event(), threading.Event()

    def look(row):
        begun.set()
        assert go_on.wait(60)
        read.append(row)

    ahead = ReadAhead(look)
    ahead.want(["first", "never"])
    assert begun.wait(60)
    ahead.want(["never", "either"])
    stopping = threading.Thread(target=ahead.stop)
    stopping.start()
    while ahead._rows:
        a_moment()
    go_on.set()
    stopping.join(60)
    assert read == ["first"]
    ahead.want(["again"])
    ahead._thread.join(60)
    assert read == ["first", "again"]


def test_a_program_that_ends_reads_nothing_more():
    program = """
import atexit
from exporters.storage.reading.read_ahead import ReadAhead
read = []
atexit.register(lambda: print(len(read)))
ReadAhead(lambda row: read.append(sum(range(2_000)))).want(range(1_000_000))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert int(ran.stdout) < 1_000_000
