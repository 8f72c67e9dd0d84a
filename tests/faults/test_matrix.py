"""Whatever goes wrong, whenever: the pipeline's own result stands, nothing leaks, nothing logged is missing."""

import journal_faults
import process_faults
import pytest
import scope_faults
import sink_faults
import surrounding_faults
import value_faults
from fault_stage import Scene, Surroundings, judge

MODULES = (sink_faults, value_faults, scope_faults, surrounding_faults, journal_faults, process_faults)
CASES = [(fault, moment) for module in MODULES for fault in module.FAULTS for moment in fault.moments]
IDS = [f"{fault.name}, {moment}" for fault, moment in CASES]


@pytest.mark.parametrize(("fault", "moment"), CASES, ids=IDS)
def test_a_fault_does_not_reach_the_pipeline_and_nothing_is_lost(fault, moment, tmp_path, ram, quiet_memory):
    before = Surroundings.now()
    scene = Scene(fault(), moment, tmp_path, ram)
    verdict = scene.fault.play(scene)
    assert scene.struck == 1
    judge(scene.fault, verdict)
    del scene, verdict
    assert before.leftovers() == []
