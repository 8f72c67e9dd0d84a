"""Make a Process Run Crate a Provenance Run Crate: the workflow, its steps and tools, and who set off what.

The workflow is the pipeline of stages as the runs went through it: `workflow.json`. A step is a stage; its tools are
the engines that were asked in it. What a run was given and what it made are examples of the workflow's parameters.
"""

from __future__ import annotations

import json
from typing import Any

from exporters.dataset.crate.told import RunsTold, RunTold, StageTold, Tool
from exporters.dataset.crate.writing import WORKFLOW, Crate, one_or_many, run_id, stage_name
from otel_tracking.taxonomy import STAGE_NAMES

_PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_ROLES = {"input": "what a run was given", "output": "what a run made", "seed": "the seed of a run"}


def workflow_json(told: RunsTold) -> bytes:
    """The workflow as the runs show it: its stages, and the engines of each."""
    steps = [
        {"stage": stage, "name": STAGE_NAMES[stage], "engines": [tool.name for tool in _tools(told, stage) if tool]}
        for stage in told.stages
    ]
    configs = sorted({run.config for run in told.runs} - {""})
    said = {"about": "the stages of a pipeline as its recorded runs show them", "configurations": configs}
    return (json.dumps({**said, "stages": steps}, indent=2, ensure_ascii=False) + "\n").encode()


def add_provenance(crate: Crate, told: RunsTold) -> None:
    """The workflow and the runs of it."""
    workflow = _Workflow(crate, told)
    for run in told.runs:
        workflow.add(run)
    workflow.finish()


class _Workflow:
    """The workflow of a crate, and what its runs say of its parameters."""

    def __init__(self, crate: Crate, told: RunsTold) -> None:
        self._crate = crate
        self._workflow = crate.file(WORKFLOW)
        # Not the tool of a stage: whatever is one has been used by actions of the workflow alone.
        self._engine = crate.add("#orchestrator", "SoftwareApplication", name="orchestrator: it sets off the stages")
        self._steps = {stage: self._step(told, stage) for stage in told.stages}
        self._examples: dict[str, list[Any]] = {}
        language = crate.add("#stages", "ComputerLanguage", name="stages of a recorded pipeline, as JSON")
        has_own = any(not run.stages for run in told.runs)
        tools = {tool for stage in told.stages for tool in _tools(told, stage)}.union([None] if has_own else [])
        self._workflow["programmingLanguage"] = language
        self._workflow["hasPart"] = one_or_many([crate.tool(tool) for tool in sorted(tools, key=_in_order)])
        if self._steps:
            self._workflow["step"] = one_or_many(list(self._steps.values()))
        crate.root["mainEntity"] = self._workflow

    def add(self, run: RunTold) -> None:
        """A run: an action of the workflow, its stages, who set them off, and the engine that organised it."""
        crate = self._crate
        whole = crate.whole_run(run, self._workflow)
        controls = [self._control(run, stage) for stage in run.stages]
        self._connect(run, whole)
        if not run.stages:
            # A tool of the workflow is one that something was done with.
            crate.whole_run(run, crate.tool(None), f"{run_id(run)}/pipeline")
            return
        organised = crate.add(
            f"{run_id(run)}/organised",
            "OrganizeAction",
            name=f"{run.name}: organised by the pipeline",
            instrument=self._engine,
            object=one_or_many(controls),
            result=whole,
            **crate.facts(run, run.start, run.end, run.error),
        )
        crate.mentions.append(organised)

    def finish(self) -> None:
        """The parameters of the workflow, each with its examples."""
        ids = {"input": "input", "seed": "input", "output": "output"}
        found: dict[str, list[Any]] = {"input": [], "output": []}
        profile = self._crate.add(_PARAMETER, "CreativeWork", name="Bioschemas FormalParameter", version="1.0")
        for name, examples in self._examples.items():
            role, _, kind = name.partition("-")
            parameter = self._crate.add(
                f"#parameter-{name}",
                "FormalParameter",
                name=_ROLES[role],
                additionalType=kind,
                workExample=one_or_many(examples),
                conformsTo=profile,
            )
            found[ids[role]].append(parameter)
            for example in examples:
                example["exampleOfWork"] = parameter
        for name, parameters in found.items():
            if parameters:
                self._workflow[name] = one_or_many(parameters)

    def _step(self, told: RunsTold, stage: int) -> Any:
        tools = [self._crate.tool(tool) for tool in _tools(told, stage)]
        said = {"name": stage_name(stage), "position": str(stage), "workExample": one_or_many(tools)}
        return self._crate.add(f"#step-{stage}", "HowToStep", **said)

    def _control(self, run: RunTold, stage: StageTold) -> Any:
        action = self._crate.action(run, stage)
        return self._crate.add(
            f"{action.id}/control",
            "ControlAction",
            name=f"{action['name']}, set off",
            instrument=self._steps[stage.stage],
            object=action,
            actionStatus=action["actionStatus"],
            error=stage.error,
        )

    def _connect(self, run: RunTold, whole: Any) -> None:
        """Say what the run as a whole was given and made; these are examples of the workflow's parameters."""
        crate = self._crate
        made = {thing: crate.thing(run, thing) for stage in run.stages for thing in stage.made}
        used = {thing: crate.thing(run, thing) for stage in run.stages for thing in stage.used}
        given = {thing: entity for thing, entity in used.items() if thing not in made}
        for role, name, things in (("input", "object", given), ("output", "result", made)):
            for thing, entity in things.items():
                self._example(f"{role}-{'File' if thing.path else 'Text'}", entity)
            if things:
                whole[name] = one_or_many(list(things.values()))
        if seed := crate.seed(run):
            self._example("seed-Text", seed)

    def _example(self, parameter: str, entity: Any) -> None:
        examples = self._examples.setdefault(parameter, [])
        # The same file may be what many runs made.
        if entity.id not in {one.id for one in examples[-1:]}:
            examples.append(entity)


def _tools(told: RunsTold, stage: int) -> list[Tool | None]:
    """What was asked in a stage; None is the pipeline itself, where a run asked no engine."""
    stages = [one for run in told.runs for one in run.stages if one.stage == stage]
    found = {tool for one in stages for tool in one.tools or (None,)}
    return sorted(found, key=_in_order)


def _in_order(tool: Tool | None) -> tuple[str, ...]:
    return tool or ()
