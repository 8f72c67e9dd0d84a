"""In whatever order members come, go, are paused and cut off, and commits fail: each run is there once, and whole."""

import tempfile

from broker_stage import Broker, FaultyStore, drain, expected, rng_of, runs_of, send_all, stored, worker
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

RUNS = runs_of(7)
WORDS = ["step"] * 6 + ["come", "kill", "cut off", "share out", "before", "after", "later"]
EVENTS = st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 7)), max_size=40)


class Group:
    """Workers of one group, each with a store whose commits may fail, and those that the group believes gone."""

    def __init__(self, uri, seed):
        self.uri, self.broker = uri, Broker(2)
        send_all(self.broker, RUNS, rng_of(seed))
        self.stores, self.workers, self.gone = {}, [], []
        self.come(0)

    def come(self, _):
        store = FaultyStore(self.uri)
        one = worker(self.broker, self.uri, store=store)
        self.stores[one] = store
        self.workers.append(one)
        self.broker.share_out()

    def step(self, which):
        everybody = [*self.workers, *self.gone]
        everybody[which % len(everybody)].step()

    def kill(self, which):
        if len(self.workers) > 1:
            one = self.workers.pop(which % len(self.workers))
            one._source.is_present = False
            self.broker.share_out()
            return one
        return None

    def cut_off(self, which):
        if one := self.kill(which):
            self.gone.append(one)

    def share_out(self, _):
        self.broker.share_out()

    def fail(self, which, how):
        everybody = [*self.workers, *self.gone]
        self.stores[everybody[which % len(everybody)]].plan.append(how)


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(events=EVENTS, seed=st.integers(0, 1000))
def test_each_run_is_there_once_and_equal(events, seed):
    with tempfile.TemporaryDirectory() as uri:
        group = Group(uri, seed)
        for what, which in events:
            if what in ("before", "after", "later"):
                group.fail(which, what)
            else:
                getattr(group, what.replace(" ", "_"))(which)
        drain(group.broker, group.workers)
        for one in group.gone:  # whoever was cut off goes on for a while
            for _ in range(4):
                one.step()
        assert stored(uri) == expected(RUNS)
