"""Say which runs are meant where somebody erases at one run: it alone, its person's, or those of who withdraws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from devserver.erasing import reason_of, whose
from devserver.errors import RequestError
from exporters.erasure import Reason
from exporters.errors import StorageError
from exporters.privacy.consent import Consents
from exporters.privacy.consent_lists import checked_consent
from exporters.privacy.studies import Study, open_study, study_names
from exporters.storage.reading.execution_index import ExecutionRow
from otel_tracking.erasure import IsMeant, RunId
from otel_tracking.pseudonyms import KINDS

BY = "teacher"
"""Who is noted as the one that said of somebody that they withdraw."""


class ErasureScope(StrEnum):
    """Of what everything goes."""

    RUN = "run"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class ErasureWish:
    """What somebody wants erased, and whether the person's consent is withdrawn with it."""

    scope: ErasureScope = ErasureScope.RUN
    withdraw: bool = False


def wish_of_body(source: Mapping[str, Any]) -> ErasureWish:
    """The wish in a JSON object. Raises `RequestError`.

    >>> wish_of_body({"scope": "person", "withdraw": True})
    ErasureWish(scope=<ErasureScope.PERSON: 'person'>, withdraw=True)
    """
    scope, withdraw = source.get("scope"), source.get("withdraw", False)
    if scope not in list(ErasureScope):
        raise RequestError(f"scope is {scope!r:.40}; run or person would work")
    if not isinstance(withdraw, bool):
        raise RequestError(f"withdraw is {withdraw!r:.40}; true or false would work")
    return ErasureWish(ErasureScope(scope), withdraw)


def wish_of_form(choice: str) -> ErasureWish:
    """The wish that was chosen on the page. Raises `RequestError`."""
    return ErasureWish(ErasureScope.PERSON, withdraw=True) if choice == "withdraw" else wish_of_body({"scope": choice})


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The run at which an erasure begins: who it is of, and its study where the data directory knows that.

    `why_no_key` says why the study cannot be opened. Without its key, nobody is known by another name, and nobody's
    consent can be noted.
    """

    run: RunId
    field: str = ""
    person: Any = None
    study_name: str = ""
    study: Study | None = None
    why_no_key: str = ""

    def meant(self, wish: ErasureWish) -> IsMeant:
        """Whether a run is to go. Raises `RequestError` for what cannot be wished here."""
        self._check(wish)
        if wish.scope is ErasureScope.RUN:
            return lambda record: RunId(record.execution_id, record.trace_id) == self.run
        return whose({self.field: self.person}, self.study.pseudonyms if self.study else None)

    def reason(self, wish: ErasureWish) -> Reason:
        """The word for why."""
        if wish.withdraw:
            return Reason.CONSENT
        return Reason.EXECUTION if wish.scope is ErasureScope.RUN else reason_of(self.field)

    def withdraw(self, data_dir: Path) -> None:
        """Note that the person's consent is withdrawn from now on. `OSError` where that cannot be kept."""
        if self.study is None:
            raise RequestError("the run is of no study that can be opened; withdraw false would work")
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        # A name that is no text is found by its pseudonym alone.
        name = self.person if isinstance(self.person, str) else self.study.pseudonyms.of(self.field, self.person)
        Consents(data_dir, self.study).note([(str(name), checked_consent("withdrawn", BY, now))])

    def _check(self, wish: ErasureWish) -> None:
        if wish.scope is ErasureScope.PERSON and not self.field:
            raise RequestError("the run names no person; scope run would work")
        if wish.withdraw and wish.scope is not ErasureScope.PERSON:
            raise RequestError("who withdraws has all of their runs erased; scope person would work")
        if wish.withdraw and self.study is None:
            why = self.why_no_key or "the run is of no study"
            raise RequestError(f"{why}; withdraw false would work")


def origin_of(row: ExecutionRow, data_dir: Path) -> Origin:
    """What is known of a run before it is erased."""
    field = next((name for name in KINDS if getattr(row, name) is not None), "")
    known = {"run": RunId(row.execution_id, row.trace_id), "field": field}
    name = str(row.study_id) if row.study_id is not None else ""
    study, why = (None, "") if name not in study_names(data_dir) else _opened(data_dir, name)
    return Origin(
        **known,  # type: ignore[arg-type]
        person=getattr(row, field) if field else None,
        study_name=name if study or why else "",
        study=study,
        why_no_key=why,
    )


def _opened(data_dir: Path, name: str) -> tuple[Study | None, str]:
    try:
        return open_study(data_dir, name), ""
    except (StorageError, OSError) as trouble:
        return None, str(trouble)
