"""Commit executions together with how far a stream was read, and notice what others have committed.

Each commit has a name of its own and says of which partitions it is. A handle that is brought up to date has nothing
against commits that it has seen, so that whoever brings it up to date has to look at them here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from exporters.delta.tables import DeltaStore, first_sentence
from exporters.errors import WriteFailed

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

WRITE, PARTITIONS = "otel_tracking.write", "otel_tracking.partitions"

NOTHING_READ = -1
"""The position of a partition that nothing was read of: it is committed too, so that others notice that we have it."""

CONFLICTS = 3
"""How often a commit is tried again at once that upkeep or an erasure got in the way of."""


class Commits:
    """The commits of one topic's positions to a table, through one handle. For one thread."""

    def __init__(
        self,
        store: DeltaStore,
        executions: DeltaTable,
        topic: str,
        append: Callable[[pa.Table, CommitProperties], None],
    ) -> None:
        self._store, self._executions, self._topic, self._append = store, executions, topic, append
        self._positions: dict[int, int] = {}
        self._overtaken: set[int] = set()
        self._seen = executions.version()

    def open(self, partitions: Sequence[int]) -> Mapping[int, int | None]:
        """The committed position of each, None where there is none; from now on commits of others are noticed."""
        with self._store.said("executions"):
            self._look("")
            opened = {number: self._executions.transaction_version(self._app(number)) for number in partitions}
        self._overtaken.difference_update(partitions)
        self._positions |= {number: NOTHING_READ if at is None else at for number, at in opened.items()}
        return {number: None if at == NOTHING_READ else at for number, at in opened.items()}

    def let_go(self, partitions: Sequence[int]) -> None:
        """Commit no more for these."""
        for number in partitions:
            self._positions.pop(number, None)
            self._overtaken.discard(number)

    def commit(self, rows: pa.Table, positions: Mapping[int, int]) -> frozenset[int]:
        """Commit rows and positions; or nothing, and the partitions in which others have committed since.

        Raises `WriteFailed` where it may be tried again.
        """
        if self._overtaken:
            return frozenset(self._overtaken)
        # Of every partition that is ours, also where it stays where it is: or nobody would notice that it is not ours.
        now = {number: positions.get(number, before) for number, before in self._positions.items()}
        name = secrets.token_hex(8)
        said = self._said(name, now)
        for tries in range(CONFLICTS + 1):
            try:
                self._append(rows, said)
            except Exception as trouble:
                if not self._is_made(name, trouble, may_try=tries < CONFLICTS):
                    if self._overtaken:
                        return frozenset(self._overtaken)
                    continue
            break
        self._positions = now
        self._seen = self._executions.version()
        return frozenset()

    def _said(self, name: str, positions: Mapping[int, int]) -> CommitProperties:
        from deltalake import CommitProperties, Transaction

        apps = {self._app(number): at for number, at in positions.items()}
        return CommitProperties(
            custom_metadata={WRITE: name, PARTITIONS: " ".join(apps)},
            app_transactions=[Transaction(app, at) for app, at in apps.items()],
        )

    def _is_made(self, name: str, trouble: Exception, *, may_try: bool) -> bool:
        """Whether a commit that was not answered well was made after all. Raises where it can only be tried later."""
        from deltalake.exceptions import CommitFailedError

        with self._store.said("executions"):
            is_made = self._look(name)
        if is_made or self._overtaken or (may_try and isinstance(trouble, CommitFailedError)):
            return is_made  # else somebody has joined files, or erased rows: no matter for ours
        raise WriteFailed(f"records are not stored in {self._store.uri}: {first_sentence(trouble)}") from trouble

    def _look(self, name: str) -> bool:
        """See what was committed since; whether that name is among it. What else is of our partitions overtakes us.

        Also what we tried to commit ourselves and believed lost, and was made later: what it holds is read again.
        """
        self._executions.update_incremental()
        now = self._executions.version()
        commits = self._executions.history(now - self._seen) if now > self._seen else []
        others = {app for commit in commits if commit.get(WRITE) != name for app in _apps(commit)}
        self._overtaken |= {number for number in self._positions if self._app(number) in others}
        self._seen = now
        return bool(name) and any(commit.get(WRITE) == name for commit in commits)

    def _app(self, number: int) -> str:
        return f"otel-tracking/{self._topic}/{number}"


def _apps(commit: Mapping[str, object]) -> Sequence[str]:
    return str(commit.get(PARTITIONS, "")).split()
