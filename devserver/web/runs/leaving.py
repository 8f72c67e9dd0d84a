"""Say under which profiles a run may leave by download, and why it may not, before anybody asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from exporters.errors import StorageError
from exporters.privacy.consent import consent_gate
from exporters.privacy.profiles import Profile
from exporters.privacy.studies import facts_of, open_study, study_names
from otel_tracking.extras import Extra
from otel_tracking.record import ExecutionRecord


class OfferedProfile(NamedTuple):
    """A profile, and why a run cannot leave under it: a word of the pages, and a sentence for whoever can help."""

    name: str
    why_not: str = ""
    help: str = ""


class Leaving(NamedTuple):
    """How a run may leave: `why_not` is the reason where it may not at all, else `chosen` is one of the `profiles`."""

    profiles: tuple[OfferedProfile, ...] = ()
    chosen: str = Profile.FULL
    why_not: str = ""
    help: str = ""


def leaving(record: ExecutionRecord, data_dir: Path, wanted: str) -> Leaving:
    """How a run may leave. `wanted` is the profile that was asked for; `full` where it cannot be had."""
    gate = consent_gate(data_dir)
    if not gate.lets_out(record):
        [reason] = next(iter(gate.counts.values()))
        return Leaving(why_not=reason, help=" ".join(gate.troubles.values()))
    why_not, sentence = _why_no_pseudonyms(record, data_dir)
    profiles = (
        OfferedProfile(Profile.FULL),
        *(OfferedProfile(name, why_not, sentence) for name in Profile if name != Profile.FULL),
    )
    offered = [one.name for one in profiles if not one.why_not]
    return Leaving(profiles, wanted if wanted in offered else Profile.FULL)


def _why_no_pseudonyms(record: ExecutionRecord, data_dir: Path) -> tuple[str, str]:
    """Why nothing of a run can leave without names; two empty texts where it can."""
    if record.study_id is None:
        return "no_study", ""
    name = str(record.study_id)
    if name not in study_names(data_dir):
        return "unknown_study", ""
    try:
        open_study(data_dir, name)
        missing = next(_missing(data_dir, name), "")
    except (StorageError, OSError) as trouble:
        return "no_key", str(trouble)
    return ("not_installed", missing) if missing else ("", "")


def _missing(data_dir: Path, study: str) -> Iterator[str]:
    """What to install before the texts of a study can be looked at."""
    extras = ["privacy", *(["names"] if facts_of(data_dir, study).spacy_model else [])]
    yield from filter(None, (Extra(name).missing() for name in extras))
