"""Runs in the background: how many at once, in which order, and what becomes of them."""

import pytest
from web_stage import HeldTranslator, client_of, devserver_in, execute

from devserver.requests import Request
from devserver.web import WebSettings
from devserver.web.asking.runner import Runner, RunnerFull
from exporters import read_records

PATIENCE = 30


@pytest.fixture
def held():
    return HeldTranslator()


@pytest.fixture
def devserver(tmp_path, held):
    with devserver_in(tmp_path, translator=held) as devserver:
        yield devserver


@pytest.fixture
def runner(devserver, held):
    """One run at a time, two more may wait."""
    runner = Runner(devserver.pipeline, slots=1, most_waiting=2)
    yield runner
    held.open()
    assert runner.close(PATIENCE)


def submit(runner, prompt="Eine Blume"):
    return runner.submit(Request(prompt=prompt))


def test_runs_begin_in_the_order_they_were_asked_for(runner, held):
    jobs = [submit(runner, f"prompt {number}") for number in range(3)]
    assert jobs[0].started.wait(PATIENCE)
    assert [job.status for job in jobs] == ["running", "waiting", "waiting"]
    assert [runner.position(job) for job in jobs] == [0, 1, 2]
    assert runner.jobs() == jobs
    held.open()
    assert all(job.done.wait(PATIENCE) for job in jobs)
    assert [job.status for job in jobs] == ["completed"] * 3
    assert sorted(job.execution_id for job in jobs) == sorted({job.execution_id for job in jobs})


def test_one_more_than_may_wait_is_refused_with_a_time_to_come_back(runner):
    for _ in range(3):
        submit(runner)
    with pytest.raises(RunnerFull, match="waiting already") as refusal:
        submit(runner)
    assert refusal.value.retry_after == 30


def test_a_client_is_refused_with_a_503_and_retry_after(devserver, held):
    with client_of(devserver, WebSettings(slots=1, most_waiting=0)) as client:
        assert execute(client, query="?wait=0").status_code == 202
        answer = execute(client)
        page = client.post("/runs", data={"config": "stillepost", "prompt": "x"})
        held.open()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "30")


def test_a_waiting_run_that_is_stopped_leaves_a_record_and_never_ran(runner, held, tmp_path, devserver):
    first, second = submit(runner), submit(runner)
    held.wait_until_asked()
    runner.stop(second)
    assert second.done.is_set()
    assert second.status == "cancelled"
    held.open()
    first.done.wait(PATIENCE)
    devserver.recording.flush(PATIENCE)
    [record] = read_records(tmp_path, execution_id=second.execution_id)
    assert record.status == "cancelled"
    assert [item.item_type for item in record.items if item.stage == 2] == []


def test_a_running_run_ends_at_its_next_step(runner, held):
    job = submit(runner)
    held.wait_until_asked()
    runner.stop(job)
    assert job.status == "running"
    held.open()
    assert job.done.wait(PATIENCE)
    assert job.status == "cancelled"


def test_a_job_is_found_by_each_of_its_names_also_when_it_is_over(runner, held):
    held.open()
    job = submit(runner)
    job.done.wait(PATIENCE)
    for name in (job.ticket, job.execution_id, job.trace_id):
        assert runner.find(name) is job
    assert runner.find("ticket_0000") is None
    assert runner.find(None) is None


def test_a_run_that_cannot_begin_ends_with_its_error_and_the_next_one_begins(runner, held):
    held.open()
    broken = runner.submit(Request(prompt="x", config_name="no such thing"))
    assert broken.done.wait(PATIENCE)
    assert (broken.status, broken.execution_id) == ("error", None)
    assert "no such thing" in str(broken.error)
    assert submit(runner).done.wait(PATIENCE)


def test_nothing_large_is_kept_of_a_job_that_is_over(devserver, held):
    held.open()
    runner = Runner(devserver.pipeline)
    job = runner.submit(Request(prompt="x", config_name="bauhaus"))
    job.done.wait(PATIENCE)
    assert [output.files for output in job.result.outputs] == [()]
    assert runner.close(PATIENCE)


def test_an_ended_runner_takes_nothing_more(devserver):
    runner = Runner(devserver.pipeline)
    assert runner.close(PATIENCE)
    with pytest.raises(RunnerFull, match="being stopped"):
        submit(runner)
