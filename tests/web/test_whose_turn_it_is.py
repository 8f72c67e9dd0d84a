"""Who is next: in turns over those who asked, within the bounds of each, past rooms that are paused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from devserver.requests import Request
from devserver.web.asking.fair_order import Waiter, in_turns
from devserver.web.asking.full import WhyNot
from devserver.web.asking.job import Job
from devserver.web.asking.patience import LEAST_SECONDS, MOST_SECONDS, UNKNOWN_SECONDS, seconds_until
from devserver.web.asking.run_queue import OWN_RUNS, PAUSED, QueueBounds, RunQueue, Standing

lines = st.lists(st.sampled_from("abcdef"), max_size=40).map(
    lambda owners: [Waiter(whose, number) for number, whose in enumerate(owners, start=1)]
)
turns = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 60))


@given(lines, turns, st.randoms())
def test_the_order_is_one_of_all_who_wait_and_the_same_however_it_is_asked_for(waiting, last_turns, random):
    line = in_turns(waiting, last_turns)
    assert sorted(line) == sorted(waiting)
    random.shuffle(waiting)
    assert in_turns(waiting, last_turns) == line


@given(lines, turns)
def test_what_one_person_sends_is_run_in_its_order(waiting, last_turns):
    for whose in "abcdef":
        own = [one.number for one in in_turns(waiting, last_turns) if one.whose == whose]
        assert own == sorted(own)


@given(lines, turns)
def test_before_ones_nth_sentence_nobody_has_more_than_n_turns(waiting, last_turns):
    line = in_turns(waiting, last_turns)
    for place, one in enumerate(line):
        own = sum(other.whose == one.whose for other in line[: place + 1])
        for whose in "abcdef":
            assert sum(other.whose == whose for other in line[:place]) <= own


@given(lines, turns, st.integers(1, 40))
def test_a_flood_moves_nobody_elses_first_sentence(waiting, last_turns, many):
    """Whatever a sends beyond one sentence, the first of each other is as far from its turn as before."""
    waiting = [Waiter("a", 1), *(one._replace(number=one.number + 1) for one in waiting if one.whose != "a")]
    flood = [Waiter("a", 100 + number) for number in range(many)]
    before, after = in_turns(waiting, last_turns), in_turns([*waiting, *flood], last_turns)
    for whose in "bcdef":
        firsts = [one for one in before if one.whose == whose][:1]
        assert [before.index(one) for one in firsts] == [after.index(one) for one in firsts]


def a_line(slots=1, waiting=30, runs_each=1, waiting_each=2, paused=()):
    return RunQueue(QueueBounds(slots, waiting, runs_each, waiting_each), lambda room: room in paused)


def a_job(whose="", room=""):
    return Job(Request(prompt="x"), whose, room=room)


def enter(line, *jobs):
    for job in jobs:
        assert line.why_not(job) is None
        line.enter(job)
    return jobs


class TurnsTaken(RuleBasedStateMachine):
    """People come, send, are run and break off, in any order: while one waits, each other has a turn for each place."""

    def __init__(self):
        super().__init__()
        self.line = a_line(slots=1, waiting=500, waiting_each=500)
        self.begun_before = {}

    @rule(whose=st.sampled_from("abcd"))
    def send(self, whose):
        job = a_job(whose)
        ahead = sum(one.whose == whose for one in self.line.waiting())
        self.begun_before[job] = (ahead + 1, [])
        self.line.enter(job)

    @precondition(lambda self: not self.line.running)
    @rule()
    def begin(self):
        job = self.line.begin_next()
        for waiting in self.line.waiting():
            self.begun_before[waiting][1].append(job.whose if job else None)

    @precondition(lambda self: self.line.running)
    @rule()
    def end(self):
        self.line.running.clear()

    @precondition(lambda self: self.line.waiting())
    @rule(data=st.data())
    def break_off(self, data):
        job = data.draw(st.sampled_from(self.line.waiting()))
        assert self.line.leave(job)

    @invariant()
    def nobody_has_more_turns_than_one_has_places(self):
        for job in self.line.waiting():
            places, begun = self.begun_before[job]
            assert all(begun.count(whose) <= places for whose in "abcd"), (job.whose, places, begun)


test_turns_are_taken = TurnsTaken.TestCase


def test_a_second_run_of_the_same_person_waits_for_the_first_while_others_pass():
    line = a_line(slots=2)
    first, second, other = enter(line, a_job("a"), a_job("a"), a_job("b"))
    assert (line.begin_next(), line.begin_next(), line.begin_next()) == (first, other, None)
    assert line.standing(second) == Standing(1, OWN_RUNS)
    line.running.remove(first)
    assert line.standing(second) == Standing(0)
    assert line.begin_next() is second


def test_more_may_be_allowed_for_each():
    line = a_line(slots=3, runs_each=2)
    jobs = enter(line, *(a_job("a") for _ in range(3)))
    assert (line.begin_next(), line.begin_next(), line.begin_next()) == (*jobs[:2], None)


def test_one_more_than_somebody_may_have_waiting_is_refused_and_others_are_not():
    line = a_line()
    enter(line, a_job("a"), a_job("a"), a_job("a"))
    assert line.why_not(a_job("a")) is WhyNot.OWN
    assert line.why_not(a_job("b")) is None
    line.begin_next()
    assert line.why_not(a_job("a")) is WhyNot.OWN


def test_who_is_nobody_in_particular_is_not_held_to_the_bounds_of_each():
    line = a_line(slots=2, waiting=5)
    enter(line, *(a_job() for _ in range(7)))
    assert line.why_not(a_job()) is WhyNot.QUEUE
    assert line.begin_next()
    assert line.begin_next()


def test_what_begins_at_once_is_taken_where_nothing_may_wait():
    line = a_line(waiting=0)
    enter(line, a_job("a"))
    line.begin_next()
    assert line.why_not(a_job("b")) is WhyNot.QUEUE


def test_a_room_that_is_paused_keeps_its_places_and_others_pass():
    paused = {"7b"}
    line = a_line(slots=1, paused=paused)
    ours, theirs, later = enter(line, a_job("a", "7b"), a_job("b", "8c"), a_job("c", "7b"))
    assert [line.standing(job) for job in (ours, theirs, later)] == [
        Standing(1, PAUSED),
        Standing(0),
        Standing(2, PAUSED),
    ]
    assert line.begin_next() is theirs
    line.running.clear()
    assert line.begin_next() is None
    paused.clear()
    assert (line.begin_next(), line.waiting()) == (ours, [later])


def test_a_room_that_is_paused_fills_the_queue_for_itself_alone():
    line = a_line(waiting=2, paused={"7b"})
    enter(line, a_job("a", "7b"), a_job("b", "7b"))
    assert line.why_not(a_job("c", "7b")) is WhyNot.QUEUE
    enter(line, a_job("d", "8c"), a_job("e", "8c"), a_job("f", "8c"))
    assert line.why_not(a_job("g", "8c")) is WhyNot.QUEUE


def test_a_place_that_is_left_brings_the_others_forward():
    line = a_line()
    _, second, third = enter(line, a_job("a"), a_job("b"), a_job("c"))
    line.begin_next()
    assert [line.standing(job).position for job in (second, third)] == [1, 2]
    assert line.leave(second)
    assert not line.leave(second)
    assert line.standing(third).position == 1


@given(st.integers(1, 500), st.lists(st.floats(0, 1e6), max_size=16), st.integers(0, 64))
def test_the_time_to_come_back_is_of_use(turns, lasted, slots):
    seconds = seconds_until(turns, lasted, slots)
    assert LEAST_SECONDS <= seconds <= MOST_SECONDS
    assert seconds <= seconds_until(turns + 1, lasted, slots)


@pytest.mark.parametrize(
    ("turns", "lasted", "slots", "seconds"),
    [(1, [], 2, UNKNOWN_SECONDS), (1, [60.0], 2, 30), (4, [60.0, 60.0, 3600.0], 1, 240)],
)
def test_the_time_to_come_back_is_that_of_the_runs_before(turns, lasted, slots, seconds):
    assert seconds_until(turns, lasted, slots) == seconds
