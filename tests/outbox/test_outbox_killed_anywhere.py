"""Processes are killed at any moment while the gateway comes and goes: nothing is lost."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from children import ROOT
from gateway import Gateway
from outbox_stage import arrived
from ports import a_kept_port

from collectors.outbox import states_of

FILLER = Path(__file__).with_name("filler.py")
PATIENCE = 60


def fill(directory, port, runs, ram, *, kill_after=None):
    """The runs that a process had ended; it is killed after so many lines, or ends by itself."""
    endpoint = f"http://127.0.0.1:{port}/v1/traces"
    command = [sys.executable, FILLER, directory, endpoint, str(runs), ram]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if len(lines) == kill_after:
                process.send_signal(signal.SIGKILL)
        process.wait(60)
    return [line for line in lines if line != "closing"]


@pytest.mark.parametrize("seed", range(2))
def test_nothing_that_had_ended_is_lost(tmp_path, ram, seed):
    """Three processes are killed, the gateway there for some of them; the last one sends what is left."""
    draw, ended, bodies = random.Random(seed), [], []
    with a_kept_port() as port:
        for kill_after in [draw.randint(1, 60) for _ in range(3)]:
            gateway = Gateway(port) if draw.random() < 0.5 else None
            ended += fill(tmp_path, port, 60, ram, kill_after=kill_after)
            if gateway:
                gateway.close()
                bodies += gateway.bodies
        last, missing, until = Gateway(port), {"unknown"}, time.monotonic() + PATIENCE
        while missing and time.monotonic() < until:  # the end of a program has a limit: the rest is the next one's
            ended += fill(tmp_path, port, 1, ram)
            missing = set(ended) - set(arrived(bodies + last.bodies))
        last.close()
    assert (missing, len(ended) > 5) == (set(), True)
    assert [state.process for state in states_of(tmp_path / "outbox") if state.process] == []


def test_two_processes_fill_one_outbox(tmp_path, ram):
    """Each its own folder; both are sent."""
    gateway = Gateway()
    endpoint = f"http://127.0.0.1:{gateway.port}/v1/traces"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(
            [sys.executable, FILLER, tmp_path, endpoint, "20", ram], stdout=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(2)
    ]
    ended = {line for process in both for line in process.communicate(timeout=120)[0].split()} - {"closing"}
    assert len(ended) == 40
    assert gateway.wait(lambda: ended <= set(arrived(gateway.bodies)))
    gateway.close()
