"""Know the studies of a data directory: what each promises, and, with its key, who stands behind its pseudonyms.

    DATA/privacy/studies/<name>.json    what the data directory knows: a fingerprint of the key, and no name

A study's name is the `study_id` of its runs. Its key lies elsewhere (`study_keys.py`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from exporters.errors import BrokenFile, OtherStudyKey, StudyError, StudyIsThere, UnknownStudy, listed
from exporters.privacy.exports_ledger import FOLDER
from exporters.privacy.study_keys import StudyKeys, checked_name, is_name
from exporters.storage.files import write_file
from otel_tracking.pseudonyms import Pseudonyms

MOST_DAYS = 36_500
"""Of a retention: a hundred years."""


class PseudonymsAt(StrEnum):
    """Where people get their pseudonyms: in the process that records, or in each export."""

    SOURCE = "source"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What the data directory knows of a study. `retention_days` None keeps for ever.

    `spacy_model` is the model that looks for names in its texts when they leave; None where nobody does.
    """

    name: str
    fingerprint: str
    created: str
    consent_required: bool = True
    retention_days: int | None = None
    pseudonyms_at: PseudonymsAt = PseudonymsAt.SOURCE
    spacy_model: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """By name, as JSON knows it."""
        known = {entry.name: getattr(self, entry.name) for entry in fields(StudyFacts)}
        return {**known, "pseudonyms_at": self.pseudonyms_at.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Study(StudyFacts):
    """A study whose key is at hand: what is known of it, its pseudonyms, and its list of names where there is one."""

    pseudonyms: Pseudonyms
    key_path: Path
    roster_path: Path | None = None


def new_study(
    data_dir: str | Path,
    name: str,
    *,
    consent_required: bool = True,
    retention_days: int | None = None,
    pseudonyms_at: str = PseudonymsAt.SOURCE,
    spacy_model: str | None = None,
    roster: Path | None = None,
    adopt: bool = False,
    keys: StudyKeys | None = None,
) -> Study:
    """Make a study with a key of its own, or, to `adopt`, with the key of that name which is there already.

    Raises `StudyIsThere`, `BadStudyName`, `UnsafeStudyKey` or `StudyError`; then nothing was written.
    """
    keys = keys or StudyKeys(data_dir)
    path = study_file(data_dir, name)
    if path.exists():
        raise StudyIsThere(f"{data_dir} has a study {name} already; otel-tracking study show {name} says what it is")
    facts = _checked(
        StudyFacts(
            name=name,
            fingerprint="",
            created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            consent_required=consent_required,
            retention_days=retention_days,
            pseudonyms_at=_place(pseudonyms_at),
            spacy_model=spacy_model,
        )
    )
    pseudonyms = keys.read(name) if adopt else keys.make(name)
    try:
        if roster is not None:
            keys.keep_roster(name, roster)
        facts = replace(facts, fingerprint=pseudonyms.fingerprint)
        _keep(path, facts)
    except Exception:
        if not adopt:  # nobody has used it yet
            keys.path(name).unlink(missing_ok=True)
        raise
    return _with_key(facts, pseudonyms, keys)


def open_study(data_dir: str | Path, name: str, *, keys: StudyKeys | None = None) -> Study:
    """The study of that name with its key.

    Raises `UnknownStudy`, `BadStudyName`, `NoStudyKey`, `OtherStudyKey`, `UnsafeStudyKey`, or `BrokenFile`.
    """
    facts = facts_of(data_dir, name)
    keys = keys or StudyKeys(data_dir)
    pseudonyms = keys.read(name)
    if pseudonyms.fingerprint != facts.fingerprint:
        raise OtherStudyKey(
            f"{keys.path(name)} has the key {pseudonyms.fingerprint}, and the study {name} in {data_dir} was made with "
            f"the key {facts.fingerprint}; put back a copy of that one, or name another data directory"
        )
    return _with_key(facts, pseudonyms, keys)


def studies(data_dir: str | Path) -> list[StudyFacts]:
    """What is known of each study, by name; no key is needed. Raises `BrokenFile`."""
    return [facts_of(data_dir, name) for name in study_names(data_dir)]


def study_names(data_dir: str | Path) -> list[str]:
    """The names of the studies of a data directory."""
    try:
        paths = list((Path(data_dir) / FOLDER / "studies").iterdir())
    except FileNotFoundError:
        return []
    return sorted(path.stem for path in paths if path.suffix == ".json" and is_name(path.stem))


def facts_of(data_dir: str | Path, name: str) -> StudyFacts:
    """What is known of that study; no key is needed. Raises `UnknownStudy`, `BadStudyName` or `BrokenFile`."""
    path = study_file(data_dir, name)
    try:
        return _read(name, path.read_bytes())
    except FileNotFoundError:
        known = study_names(data_dir)
        there = f"it has {listed(known)}" if known else "it has none yet"
        raise UnknownStudy(
            f"{data_dir} knows no study {name}; {there}, otel-tracking study new {name} makes it"
        ) from None
    except (ValueError, TypeError, KeyError, RecursionError, StudyError) as trouble:
        raise BrokenFile(f"{path} is damaged: it does not say what the study {name} is", path) from trouble


def change_study(
    data_dir: str | Path, name: str, *, roster: Path | None = None, keys: StudyKeys | None = None, **changes: Any
) -> StudyFacts:
    """Change what a study promises, by the names of its facts, or its roster; what was recorded stays as it is.

    Raises what `facts_of` does, and `StudyError` for a value that cannot be.
    """
    facts = facts_of(data_dir, name)
    if "pseudonyms_at" in changes:
        changes["pseudonyms_at"] = _place(changes["pseudonyms_at"])
    changed = _checked(replace(facts, **changes))
    if roster is not None:
        (keys or StudyKeys(data_dir)).keep_roster(name, roster)
    if changed != facts:
        _keep(study_file(data_dir, name), changed)
    return changed


def study_file(data_dir: str | Path, name: str) -> Path:
    """Where a data directory keeps what it knows of a study."""
    return Path(data_dir) / FOLDER / "studies" / f"{checked_name(name)}.json"


def _keep(path: Path, facts: StudyFacts) -> None:
    write_file(path, json.dumps(facts.to_dict(), indent=2).encode() + b"\n")


def _read(name: str, content: bytes) -> StudyFacts:
    said: Mapping[str, Any] = json.loads(content)
    # A later version may say more.
    known = {entry.name: said[entry.name] for entry in fields(StudyFacts) if entry.name in said}
    facts = _checked(StudyFacts(**{**known, "name": name, "pseudonyms_at": _place(said["pseudonyms_at"])}))
    if type(facts.fingerprint) is not str or type(facts.consent_required) is not bool:
        raise ValueError("a field is of another kind")
    return facts


def _place(said: str) -> PseudonymsAt:
    if said not in list(PseudonymsAt):
        raise StudyError(f"pseudonyms are made at {said!r:.40}; source or export would work")
    return PseudonymsAt(said)


def _checked(facts: StudyFacts) -> StudyFacts:
    days = facts.retention_days
    if days is not None and not (type(days) is int and 0 < days <= MOST_DAYS):
        raise StudyError(f"a retention of {days!r:.40} days cannot be; 1 to {MOST_DAYS:,} would work, none for ever")
    return facts


def _with_key(facts: StudyFacts, pseudonyms: Pseudonyms, keys: StudyKeys) -> Study:
    roster = keys.roster(facts.name)
    return Study(
        **{entry.name: getattr(facts, entry.name) for entry in fields(StudyFacts)},
        pseudonyms=pseudonyms,
        key_path=keys.path(facts.name),
        roster_path=roster if roster.is_file() else None,
    )
