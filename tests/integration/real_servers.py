"""Servers that are built from source: where their binaries are, a port for each, and waiting until they answer."""

import socket
import subprocess
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


def built(tool):
    """The binary that a script of tools/ builds; fails where it cannot be had."""
    done = subprocess.run([ROOT / "tools" / tool], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"tools/{tool} failed:\n{done.stderr[-2000:]}"
    return done.stdout.strip().splitlines()[-1]


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url, seconds=60):
    """Wait until a server that was started answers at `url`."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            assert time.monotonic() < ends, f"nobody answers at {url}"
            time.sleep(0.1)
