"""Say whose a run is: the study where nobody names one, and pseudonyms in the place of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from otel_tracking.errors import Troubles

if TYPE_CHECKING:
    from otel_tracking.pseudonyms import Pseudonyms

TROUBLE = "pseudonym"
"""How the trouble of an id that was left out is counted."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a tracker knows of whose its runs are. Without `pseudonyms`, ids are recorded as they are given.

    A person who can be given no pseudonym is left out and counted as trouble: nobody is recorded under their own name.
    So is everybody in a run that says another study than `study_id`: this key is not that study's.
    """

    troubles: Troubles
    pseudonyms: Pseudonyms | None = None
    study_id: str | None = None

    def of(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a run that begins, as they are recorded.

        >>> from otel_tracking.pseudonyms import Pseudonyms
        >>> Attribution(Troubles(), Pseudonyms(bytes(32)), "garden").of({"user_id": "anna", "study_id": None})
        {'user_id': 'user-qjv7ple6qmtyf2txohgsbfmteq', 'study_id': 'garden'}
        """
        known = dict(fields)
        if known.get("study_id") is None and self.study_id is not None:
            known["study_id"] = self.study_id
        return known if self.pseudonyms is None else self.without_names(known)

    def without_names(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields with pseudonyms; those of the same names at the top of their `metadata` too."""
        known = dict(fields)
        if self.pseudonyms is None:
            return known
        pseudonyms = self.pseudonyms if self._is_ours(known.get("study_id")) else None
        self._replace(known, pseudonyms)
        if isinstance(known.get("metadata"), dict):
            known["metadata"] = self._metadata(known["metadata"], pseudonyms)
        return known

    def _metadata(self, metadata: dict[Any, Any], pseudonyms: Pseudonyms | None) -> dict[Any, Any] | None:
        try:
            known = dict(metadata)  # somebody else's kind of dict may refuse
        except Exception as trouble:
            self.troubles.report(TROUBLE, trouble)
            return None
        self._replace(known, pseudonyms)
        return known

    def _is_ours(self, study_id: Any) -> bool:
        is_said = study_id is not None and self.study_id is not None
        # Any value may come here, also one that cannot be compared.
        return not is_said or (type(study_id) is str and study_id == self.study_id)

    def _replace(self, fields: dict[Any, Any], pseudonyms: Pseudonyms | None) -> None:
        from otel_tracking.pseudonyms import KINDS  # who has none never waits for what they are made with

        for name in KINDS.keys() & fields.keys():
            try:
                if fields[name] is not None and pseudonyms is None:
                    raise ValueError("a run of another study has another key")
                fields[name] = pseudonyms.of(name, fields[name]) if pseudonyms else None
            except Exception as trouble:
                fields[name] = None
                self.troubles.report(TROUBLE, trouble)
