"""The commands read the tables of a programme on a real S3 server, with its media there too."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import parts
import pytest
from real_servers import ROOT, built

from collectors.outbox.media_store import object_store
from exporters.delta.ledger import DeltaLedger
from exporters.delta.tables import DeltaStore
from otel_tracking import canonical

sys.path += [str(Path(__file__).parents[1] / "exporters")]

TABLE, MEDIA = "s3://research/records", "s3://research/media-store"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    place = tmp_path_factory.mktemp("s3")
    part = parts.s3(built("build_versitygw.sh"), place)
    part.start()
    part.wait()
    yield {**os.environ, **part.options, "XDG_DATA_HOME": str(place / "share")}
    part.kill()


@pytest.fixture(scope="module")
def runs(environment):
    """A run of hops and one with a picture; the picture is in the store of media."""
    from records import a_picture, a_run_of_hops

    found = [a_run_of_hops("Eine Blume", "A flower"), a_picture(b"\x89PNG meadow")]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        ledger = DeltaLedger(DeltaStore(TABLE), "otlp_spans")
        ledger.open([0])
        assert not ledger.commit([ledger.prepare(replace(one, attachments={})) for one in found], {0: 1}, [])
        [(sha256, content)] = found[1].attachments.items()
        object_store(MEDIA).put_if_absent(f"media/{sha256[:2]}/{sha256}", content)
    return found


def called(environment, *arguments):
    command = [sys.executable, "-m", "devserver.cli", *arguments, "--data", TABLE]
    return subprocess.run(command, capture_output=True, env=environment, cwd=ROOT, text=True, check=False)


def test_a_list_and_a_run(environment, runs):
    listed = json.loads(called(environment, "list", "--json").stdout)["executions"]
    assert {row["execution_id"] for row in listed} == {run.execution_id for run in runs}
    shown = json.loads(called(environment, "show", runs[0].execution_id, "--json").stdout)
    assert shown == json.loads(canonical.dumps(runs[0].to_dict()))


def test_a_dataset_with_the_media(environment, runs, tmp_path):
    made = called(environment, "dataset", str(tmp_path / "study"), "--media-store", MEDIA)
    assert made.returncode == 0, made.stderr
    assert b"\x89PNG meadow" in {path.read_bytes() for path in (tmp_path / "study").rglob("*") if path.is_file()}


def test_wrong_credentials_are_said_in_a_sentence(environment, runs):
    said = called({**environment, "AWS_SECRET_ACCESS_KEY": "another"}, "list")
    assert said.returncode == 1
    assert "s3://research/records/executions cannot be used" in said.stderr.replace("\n", " ")
    assert "only-for-this-test" not in said.stderr
