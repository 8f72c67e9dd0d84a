"""The routes of era A answer as they did while the data directory is read-only, full or gone: nobody waits for it."""

import shutil
import subprocess

import pytest
from disks import fill, small_disk

from devserver import era_a
from devserver.settings import Settings
from otel_tracking.migration import era_a as ready

LONG = 3_600.0
"""Seconds: a request that waits for them is not answered within a test."""


def is_read_only(disk):
    # A write that is under way keeps the disk busy; it ends.
    remount = ["mount", "-o", "remount,ro", disk]
    assert any(subprocess.run(remount, stderr=subprocess.DEVNULL).returncode == 0 for _ in range(1000))


def is_full(disk):
    fill(disk)


def is_gone(disk):
    """Its name is taken by a file: nothing can be made there again."""
    shutil.rmtree(disk / "data")
    (disk / "data").write_text("")


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", kibibytes=2_048) as disk:
        yield disk


@pytest.fixture
def server_on(disk, server, monkeypatch):
    server.data_dir = disk / "data"
    era_a.start(Settings(data_dir=server.data_dir, journal=False))
    monkeypatch.setattr(ready, "SETTLE_SECONDS", LONG)
    yield server
    era_a.stop(timeout=0.1)


@pytest.mark.parametrize("fails", [is_read_only, is_full, is_gone], ids=lambda fault: fault.__name__)
def test_every_route_answers_and_nobody_waits(fails, disk, server_on):
    """Every answer is what it would be without the runs that cannot be stored; asked ten times over, none waits."""
    server_on.ask("stillepost")
    [stored] = server_on.records()
    fails(disk)

    for _ in range(10):
        assert server_on.ask("stillepost").status_code == 200
        assert server_on.get("/api/executions?config=stillepost").status_code == 200
        assert server_on.get("/api/executions?config=nobody").json["total"] == 0
        found = server_on.get(f"/api/executions/{stored.execution_id}").status_code
        assert found == (404 if fails is is_gone else 200)
        assert server_on.get("/api/executions/stats").status_code == 200
    health = era_a.start().health()
    assert health["outstanding"] == 10
    assert health["guarded_errors"].keys() <= {"sink LateSinks", "migration storage", "spill"}
