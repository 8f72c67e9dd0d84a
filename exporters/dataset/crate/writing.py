"""Write what is told of runs as `ro-crate-metadata.json`: RO-Crate 1.1 with the profile Process Run Crate 0.5.

What the profiles ask for: https://w3id.org/ro/wfrun/process/0.5 and https://w3id.org/ro/wfrun/provenance/0.5. Entities
are the library's; nothing in them comes from the clock or from chance.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from exporters.dataset.about import About
from exporters.dataset.authors import Author
from exporters.dataset.crate.told import RunTold, StageTold, Thing, Tool
from exporters.dataset.licences import NONE_YET
from otel_tracking.extras import Extra
from otel_tracking.taxonomy import STAGE_NAMES

VERSION = "1.1"
PROFILES = {
    "process": {"https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate"},
    "provenance": {
        "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
        "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
        "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
    },
}
"""What a crate may conform to: the addresses of its profiles and their names."""

PIPELINE = "#pipeline"
"""What carries out a stage that asks no engine, and calls the engines of the others."""

WORKFLOW = "workflow.json"
"""The file of a Provenance Run Crate that says which stages there are."""

_TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
"""What RO-Crate 1.1 has no word for."""

_WORKFLOW_TYPES = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
_COMPLETED, _FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"
_TYPES = {".parquet": "application/vnd.apache.parquet", ".md": "text/markdown", ".cff": "application/yaml"}


class Crate:
    """A crate that grows: the files of a dataset, people and engines, then the actions of its runs."""

    def __init__(self, about: About) -> None:
        with Extra("datasets"):
            from rocrate.rocrate import ROCrate
        self._crate = ROCrate(version=VERSION)
        self._crate.metadata.extra_terms.update(_TERMS)
        self.root = self._crate.root_dataset
        self.mentions: list[Any] = []
        # The library's own search for an id that is not there looks at every entity.
        self._known: dict[str, Any] = {}
        self._describe(about)

    def add(self, identifier: str, kind: str | list[str], **properties: Any) -> Any:
        """An entity that is no file; one that is there already stays."""
        from rocrate.model.contextentity import ContextEntity

        if identifier not in self._known:
            entity = ContextEntity(self._crate, identifier, properties={"@type": kind, **_said(properties)})
            self._known[identifier] = self._crate.add(entity)
        return self._known[identifier]

    def file(self, path: str, **properties: Any) -> Any:
        """A file of the dataset, or with a slash at its end a folder; one that is there already stays."""
        if path not in self._known:
            kind = {"@type": _WORKFLOW_TYPES} if path == WORKFLOW else {}
            add = self._crate.add_dataset if path.endswith("/") else self._crate.add_file
            self._known[path] = add(dest_path=path, properties={**kind, **_said(properties)})
        return self._known[path]

    def tool(self, tool: Tool | None) -> Any:
        """An engine, or the pipeline itself."""
        if tool is None:
            return self.add(PIPELINE, "SoftwareApplication", name="pipeline: the program that calls the engines")
        return self.add(f"#engine-{_hashed(*tool)}", "SoftwareApplication", name=tool.name)

    def thing(self, run: RunTold, thing: Thing) -> Any:
        """A text or a file that went into a stage, or came out of it."""
        if thing.path:
            return self.file(thing.path, **_file_facts(thing))
        identifier = f"{run_id(run)}/{thing.number}"
        said = {"name": thing.name, "value": thing.value, "inLanguage": thing.language}
        return self.add(identifier, "PropertyValue", **said)

    def action(self, run: RunTold, stage: StageTold) -> Any:
        """One stage of a run as something that was done."""
        used = [self.thing(run, thing) for thing in stage.used]
        seed = self.seed(run)
        action = self.add(
            f"{run_id(run)}/stage-{stage.stage}{_suffix(stage)}",
            "CreateAction",
            name=f"{run.name}: {stage_name(stage.stage)}{_of_output(stage)}",
            description=_described(run, stage),
            instrument=one_or_many([self.tool(tool) for tool in stage.tools] or [self.tool(None)]),
            object=one_or_many([*used, seed] if seed else used),
            result=one_or_many([self.thing(run, thing) for thing in stage.made]),
            **self.facts(run, stage.start, stage.end, stage.error),
        )
        self.mentions.append(action)
        return action

    def whole_run(self, run: RunTold, instrument: Any, identifier: str = "") -> Any:
        """A run as one thing that was done; what its stages used and made is theirs."""
        action = self.add(
            identifier or run_id(run),
            "CreateAction",
            name=f"{run.name}: the run" if run.runs == 1 else run.name,
            description=_config(run),
            instrument=instrument,
            **self.facts(run, run.start, run.end, run.error),
        )
        self.mentions.append(action)
        return action

    def facts(self, run: RunTold, start: Any, end: Any, error: str) -> dict[str, Any]:
        """What is said of every action: who, when, and how it ended."""
        agent = self.add(f"#person-{_hashed(run.agent)}", "Person", name=run.agent) if run.agent else None
        return {
            "agent": agent,
            "startTime": _moment(start),
            "endTime": _moment(end),
            "actionStatus": _FAILED if error else _COMPLETED,
            "error": error,
        }

    def seed(self, run: RunTold) -> Any:
        """The seed of a run as a parameter of its stages; None where there is none."""
        return self.add(f"{run_id(run)}/seed", "PropertyValue", name="seed", value=run.seed) if run.seed else None

    def rendered(self) -> bytes:
        """The whole as JSON-LD."""
        self.root["mentions"] = one_or_many(self.mentions)
        return (json.dumps(self._crate.metadata.generate(), indent=1, ensure_ascii=False) + "\n").encode()

    def _describe(self, about: About) -> None:
        root, terms = self.root, about.description.terms
        root["name"], root["description"] = about.description.title, about.sentence
        root.datePublished = about.day
        root["temporalCoverage"] = about.period
        root["license"] = (
            self.add(terms.url, "CreativeWork", name=terms.name)
            if terms and terms.url
            else (terms.name if terms else NONE_YET)
        )
        if people := [self._author(author) for author in about.description.people]:
            root["author"] = one_or_many(people)
        profiles = PROFILES[about.crate].items()
        conforms = [self.add(url, "CreativeWork", name=name, version=url.rpartition("/")[2]) for url, name in profiles]
        root["conformsTo"] = one_or_many(conforms)

    def _author(self, author: Author) -> Any:
        at = author.affiliation and self.add(
            f"#organisation-{_hashed(author.affiliation)}", "Organization", name=author.affiliation
        )
        names = {"name": author.name, "familyName": author.family, "givenName": author.given}
        return self.add(author.orcid or f"#author-{_hashed(author.name)}", "Person", **names, affiliation=at)


def add_files(crate: Crate, directory: Path, descriptions: dict[str, str]) -> None:
    """The files and folders of a dataset, each with what it is."""
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            crate.file(f"{path.name}/", name=path.name, description=descriptions.get(path.name))
        else:
            crate.file(path.name, **_facts(path), description=descriptions.get(path.name))


def add_runs(crate: Crate, runs: Iterable[RunTold]) -> None:
    """The stages of each run; of one that was in none, the run."""
    for run in runs:
        for stage in run.stages:
            crate.action(run, stage)
        if not run.stages:
            crate.whole_run(run, crate.tool(None))


def run_id(run: RunTold) -> str:
    """The id of a run within its crate."""
    return f"#{quote(run.name)}"


def stage_name(stage: int) -> str:
    """A stage in words.

    >>> stage_name(2)
    'stage 2, interception'
    """
    return f"stage {stage}, {STAGE_NAMES[stage].partition('.')[2].replace('_', ' ')}"


def one_or_many(values: Sequence[Any]) -> Any:
    """A value by itself where there is one: a list of one is no good form in a crate."""
    return values[0] if len(values) == 1 else list(values)


def _said(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that say something."""
    return {name: value for name, value in properties.items() if value not in ("", None, [])}


def _facts(path: Path) -> dict[str, Any]:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name, strict=True)[0] or "text/plain"
    return {"name": path.name, "encodingFormat": kind, "contentSize": str(path.stat().st_size)}


def _file_facts(thing: Thing) -> dict[str, Any]:
    size = None if thing.size is None else str(thing.size)
    return {"name": thing.name, "encodingFormat": thing.media_type, "contentSize": size, "sha256": thing.sha256}


def _described(run: RunTold, stage: StageTold) -> str:
    by = f", by {', '.join(tool.name for tool in stage.tools)}" if stage.tools else ""
    return f"{stage_name(stage.stage).capitalize()} of {_config(run, stage.runs)}{by}"


def _config(run: RunTold, runs: int | None = None) -> str:
    count = run.runs if runs is None else runs
    what = "a run" if count == 1 else f"{count:,} runs"
    return f"{what} of the configuration {run.config}" if run.config else what


def _suffix(stage: StageTold) -> str:
    failed = "-failed" if stage.runs > 1 and stage.error else ""
    return f"{'' if stage.output is None else f'-output-{stage.output}'}{failed}"


def _of_output(stage: StageTold) -> str:
    return "" if stage.output is None else f", output {stage.output}"


def _moment(moment: Any) -> str:
    return str(moment.isoformat(timespec="milliseconds"))


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
