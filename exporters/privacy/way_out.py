"""The one way out of a store: whose runs may leave, what of them, and what is said of it.

Documents, datasets, media and downloads pass here. Each run leaves under its own study's key, so that nothing that
leaves joins two studies.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from exporters.errors import ErasedMeanwhile, StorageError, StudyError, UnknownOption, listed, suggest
from exporters.privacy.consent import Gate, consent_gate
from exporters.privacy.deidentify import Deidentified, Privacy, deidentify, privacy_statement
from exporters.privacy.exports_ledger import Export, ExportsLedger
from exporters.privacy.profiles import Profile
from exporters.privacy.roster import Roster, read_roster
from exporters.privacy.studies import Study, open_study
from exporters.privacy.usual_rules import usual_rules
from exporters.remarks.annotated import with_remarks
from exporters.remarks.book import RemarkBook
from exporters.remarks.remarks import RunMark
from exporters.remarks.store import RemarkStore
from exporters.remarks.variables import Variable
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking.pseudonyms import KINDS
from otel_tracking.record import ExecutionRecord

NO_STUDY = "no_study"
"""Why a run does not leave under a profile: it is of no study, and without a key nobody can have a pseudonym."""

MARKED = "marked_"
"""Why a run does not leave in a selection: what follows is its mark."""


class WayOut:
    """What passes on its way out of `data_dir`, under one profile; counts what it kept back, and why.

    Runs that are marked stay, unless `with_marked`. Where nobody knows which they are, nothing leaves: a `BrokenFile`.
    """

    def __init__(
        self, data_dir: str | Path, profile: Profile, roster: str | None = None, *, with_marked: bool = False
    ) -> None:
        self.profile, self.roster, self.with_marked = profile, roster, with_marked
        self._data_dir, self._names = data_dir, None if roster is None else read_roster(roster)
        self._gate: Gate = consent_gate(data_dir)
        self._tombstones, self._ledger = Tombstones(data_dir), ExportsLedger(data_dir)
        self._studies: dict[str, Privacy | None] = {}
        self._without_study: set[str] = set()
        self._marked: dict[RunMark, set[str]] = {}
        self._troubles: dict[str, str] = {}
        self._redactions: Counter[str] = Counter()
        self._left_out = 0

    @cached_property
    def remarks(self) -> RemarkBook:
        """What was said of runs since, as it was when somebody first asked."""
        return RemarkStore(self._data_dir).read()

    def lets_out(self, run: Any) -> bool:
        """Whether a run may leave; a record, or a row of a list. One that may not is counted."""
        if not self._gate.lets_out(run):
            return False
        mark = None if self.with_marked else self.remarks.mark_of(run)
        if mark:
            self._marked.setdefault(mark, set()).add(run.trace_id or run.execution_id)
            return False
        if self.profile is Profile.FULL or self._privacy(run.study_id) is not None:
            return True
        self._without_study.add(run.trace_id or run.execution_id)
        return False

    def leaving(self, record: ExecutionRecord) -> Deidentified:
        """The record as it leaves, with its remarks, for one that `lets_out` lets out; its media have to be among its
        attachments.

        Raises `StudyError` for one of no study that can be opened, where the profile needs its key.
        """
        record = with_remarks(record, self.remarks)
        if self.profile is Profile.FULL:
            return Deidentified(record)
        privacy = self._privacy(record.study_id)
        if privacy is None:
            raise StudyError(f"{record.execution_id} is of no study whose key is here; as {Profile.FULL} it may leave")
        made = deidentify(record, privacy)
        self._redactions.update(made.redactions)
        self._left_out += len(made.left_out)
        return made

    @contextlib.contextmanager
    def passing(self, *exports: Export) -> Iterator[None]:
        """A block in which what was made is put where it goes: the ledger knows it, and none of its runs is erased.

        Raises `ErasedMeanwhile` where one was while it was made.
        """
        with self._tombstones.writing():
            for export in exports:
                if any(self._tombstones.holds(run.execution_id, run.trace_id) for run in export.runs):
                    raise ErasedMeanwhile(f"a run was erased on its way to {export.path}; once more would work")
            self._ledger.note(*exports)
            yield

    def query(self, selection: Mapping[str, Any]) -> dict[str, Any]:
        """What runs were asked for, with pseudonyms in the place of people; `selection` without what is None."""
        given = {name: value for name, value in selection.items() if value is not None}
        if self.profile is Profile.FULL:
            return given
        privacy = self._privacy(given.get("study_id"))
        kept = {name: value for name, value in given.items() if name not in KINDS}
        if privacy and privacy.pseudonyms and self.profile is Profile.PSEUDONYMOUS:
            kept |= {name: privacy.pseudonyms.of(name, given[name]) for name in KINDS if name in given}
        return kept

    @property
    def kept_back(self) -> dict[str, int]:
        """How many runs did not leave, by reason: those of `Withheld`, `no_study`, `marked_test`, `marked_exclude`."""
        found: Counter[str] = Counter()
        for reasons in self._gate.counts.values():
            found.update(reasons)
        if self._without_study:
            found[NO_STUDY] = len(self._without_study)
        found.update({f"{MARKED}{mark}": len(runs) for mark, runs in self._marked.items()})
        return dict(sorted(found.items()))

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of the code book that may leave."""
        return tuple(one for one in self.remarks.variables if one.may_leave(self.profile))

    @property
    def troubles(self) -> list[str]:
        """Why runs of a study could not be looked at, a sentence for each study."""
        return sorted({**self._gate.troubles, **self._troubles}.values())

    def why_nothing(self, made: str) -> str:
        """Why nothing left, in a sentence, and so nothing was `made`."""
        reasons = self.kept_back
        if not reasons:
            return f"no run in {self._data_dir} matches; there is no {made}"
        count = sum(reasons.values())
        return f"none of {count:,} runs in {self._data_dir} may leave: {kept_back_in_words(reasons)} There is no {made}"

    def statement(self) -> dict[str, Any]:
        """Under what something was made: profile, rules, and counts of what was taken out, left out and kept back."""
        known = [privacy for _, privacy in sorted(self._studies.items()) if privacy]
        said = privacy_statement(known[0] if known else Privacy(Profile.FULL))
        if len(known) > 1:
            said["study"] = None
        return {
            **said,
            "profile": self.profile.value,
            "redactions": dict(sorted(self._redactions.items())),
            "left_out": self._left_out,
            "kept_back": self.kept_back,
        }

    def _privacy(self, study_id: Any) -> Privacy | None:
        name = "" if study_id is None else str(study_id)
        if name not in self._studies:
            self._studies[name] = self._read(name) if name else None
        return self._studies[name]

    def _read(self, name: str) -> Privacy | None:
        try:
            study = open_study(self._data_dir, name)
            return Privacy(self.profile, study.pseudonyms, rules_of(study, self._names))
        except (StorageError, OSError) as trouble:
            self._troubles[name] = str(trouble)
            return None


def open_way_out(
    data_dir: str | Path,
    profile: str = Profile.FULL,
    *,
    study: str | None = None,
    roster: str | Path | None = None,
    with_marked: bool = False,
) -> WayOut:
    """The way out of a store under a profile, with the names of a `roster` beside those of each study's own.

    Runs that are marked stay, unless `with_marked`, which is for runs that were named by their ids.

    Raises `UnknownOption` for another profile; what `open_study` raises where `study` is named and cannot be opened;
    and `StudyError` for a roster under `full`, which reads no text.
    """
    if profile not in list(Profile):
        known = [one.value for one in Profile]
        raise UnknownOption(
            f"no profile is called {profile!r:.40}.{suggest(profile, known)} There are: {listed(known)}"
        )
    if roster is not None and profile == Profile.FULL:
        raise StudyError("a roster is for texts that are looked at: --profile pseudonymous or public would work")
    if study is not None and profile != Profile.FULL:
        open_study(data_dir, study)
    path = None if roster is None else str(Path(roster).absolute())
    return WayOut(data_dir, Profile(profile), path, with_marked=with_marked)


def rules_of(study: Study, names: Roster | None = None) -> Any:
    """The text rules of a study: those that come along, its roster and another one, its model where it has one."""
    rosters: Iterable[Roster | None] = (names, read_roster(study.roster_path) if study.roster_path else None)
    more: list[Any] = [roster for roster in rosters if roster]
    if study.spacy_model:
        from exporters.privacy.recogniser import NameRecogniser

        more.append(NameRecogniser(study.spacy_model))
    return usual_rules(more=more)


def kept_back_in_words(reasons: Mapping[str, int]) -> str:
    """Why runs did not leave, in a sentence.

    >>> kept_back_in_words({"withdrawn": 2, "no_study": 1})
    '2 with consent withdrawn, 1 of no study.'
    """
    return ", ".join(f"{count:,} {_REASONS.get(name, name)}" for name, count in reasons.items()) + "."


_REASONS = {
    "without_consent": "without consent",
    "withdrawn": "with consent withdrawn",
    "undecided": "of a study whose key or list cannot be read",
    "no_study": "of no study",
    f"{MARKED}{RunMark.TEST}": "marked as test",
    f"{MARKED}{RunMark.EXCLUDE}": "marked as excluded",
}
