"""Bundles are made one after another, may be broken off, and are kept for a while and no longer."""

import pytest
from web_stage import PATIENCE, devserver_in, execute, server_of

from devserver.web.files.bundles import FOLDER, KEPT_SECONDS, MOST_WAITING, Bundles, BundleState, TooManyBundles
from exporters.remarks.remarks import RemarkChange, RunMark, speaking
from exporters.remarks.store import RemarkStore
from otel_tracking.erasure import RunId


class Clock:
    """A clock that waits to be told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A data directory with a run, and its ids."""
    data = tmp_path_factory.mktemp("data")
    with devserver_in(data) as devserver, server_of(devserver) as client:
        run = execute(client, "dada", "Eine Blume").json()
    return data, RunId(run["execution_id"], run["trace_id"])


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def bundles(stored, clock):
    made = Bundles(stored[0], clock=clock)
    yield made
    made.close()


def begin(bundles, *runs, format_name="json_zip", **more):
    return bundles.begin(runs, format_name, profile="full", options={"language": "de"}, **more).name


def over(bundles, name):
    assert bundles.wait(name, PATIENCE * 2)
    return bundles.find(name)


def test_what_was_made_is_private_and_goes_after_a_while(stored, bundles, clock):
    bundle = over(bundles, begin(bundles, stored[1]))
    assert (bundle.state, bundle.runs, bundle.size > 100) == (BundleState.DONE, 1, True)
    assert oct(bundle.path.stat().st_mode)[-3:] == "600"
    clock.now = KEPT_SECONDS + 1
    assert (bundles.find(bundle.name), bundle.path.exists()) == (None, False)


def test_what_is_broken_off_leaves_nothing(stored, bundles):
    first, second = begin(bundles, stored[1], format_name="pdf"), begin(bundles, stored[1])
    bundles.cancel(second)
    bundles.cancel(first)
    assert [over(bundles, name).state for name in (first, second)] == [BundleState.CANCELLED] * 2
    third = over(bundles, begin(bundles, stored[1]))
    assert third.state is BundleState.DONE
    assert [path.name for path in (stored[0] / FOLDER).iterdir() if path.name in (first, second)] == []


def test_too_many_are_refused(stored, bundles):
    names = [begin(bundles, stored[1], format_name="pdf") for _ in range(MOST_WAITING + 1)]
    with pytest.raises(TooManyBundles, match="would work"):
        begin(bundles, stored[1])
    assert len(set(names)) == MOST_WAITING + 1


def test_runs_that_are_not_there_are_told(bundles):
    bundle = over(bundles, begin(bundles, RunId("exec_20260101_000000_00000000", "0" * 32)))
    assert (bundle.state, bundle.size) == (BundleState.FAILED, 0)
    assert "there is no collection" in bundle.trouble


def test_a_marked_run_is_taken_where_somebody_says_so(stored, bundles):
    said = RemarkChange(marks={RunMark.TEST: True})
    RemarkStore(stored[0]).change(lambda book: book.with_changes({stored[1]: said}, speaking("Mira")))
    without, with_it = begin(bundles, stored[1]), begin(bundles, stored[1], with_marked=True)
    assert over(bundles, without).kept_back == {"marked_test": 1}
    assert over(bundles, with_it).runs == 1


def test_a_server_that_begins_removes_what_an_earlier_one_kept(stored):
    left = stored[0] / FOLDER / "0e3a05610e3a0561" / "runs.json.zip"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"old")
    with devserver_in(stored[0]) as devserver, server_of(devserver):
        assert not left.exists()
