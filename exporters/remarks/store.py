"""Keep remarks in one file of a data directory, which is whole at any moment: the last change, or the one before it.

    DATA/remarks/remarks.jsonl     how many lines there are and their SHA-256; variables; a line for each run

Every change writes the file anew, under a lock: several processes may say something at once. What is not whole is not
read at all: a run that is marked must not leave because its line is gone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from exporters.errors import BrokenFile
from exporters.remarks.book import RemarkBook
from exporters.remarks.lines import book_of, lines_of
from exporters.storage.files import locked, remove, replacing
from exporters.storage.reading.damage import Damage, OnDamage
from exporters.storage.tables.parquet_file import Step, no_step
from exporters.storage.writing.tombstones import Tombstones

FOLDER = "remarks"
FILE = "remarks.jsonl"
_LOCK = ".remarks.lock"

ChangeBook = Callable[[RemarkBook], RemarkBook]


class RemarkStore:
    """The remarks of one data directory. Several processes may read and change them.

    >>> RemarkStore("/nowhere").read()
    RemarkBook(variables=(), runs={})
    """

    def __init__(self, data_dir: str | Path) -> None:
        self._data_dir = Path(data_dir)
        self._folder = self._data_dir / FOLDER
        self.path = self._folder / FILE
        self._known: tuple[tuple[int, ...] | None, RemarkBook] = (None, RemarkBook())

    def read(self) -> RemarkBook:
        """What is known now. Raises `BrokenFile` for a file that is not whole."""
        signature = self._signature()
        known_as, known = self._known
        if signature != known_as:
            known = RemarkBook() if signature is None else self._read()
            self._known = (signature, known)
        return known

    def change(self, change: ChangeBook) -> RemarkBook:
        """Have the book be what `change` makes of it, durably; what that is. Whatever it raises, nothing was changed.

        A run that was erased meanwhile is not in it.
        """
        tombstones = Tombstones(self._data_dir)
        # No erasure begins meanwhile: what is written here, the next one finds.
        with tombstones.writing():
            return self.rewrite(lambda book: _without_erased(change(book), book, tombstones))

    def rewrite(self, change: ChangeBook, step: Step = no_step) -> RemarkBook:
        """The same for whoever erases; `step` is told what is about to be done."""
        with locked(self._folder / _LOCK):
            before = self.read()
            after = change(before)
            if after != before:
                self._write(after, step)
        return after

    def _write(self, book: RemarkBook, step: Step) -> None:
        step("rewrite remarks")
        if not book:
            remove([self.path])
            return
        with replacing(self.path) as file:
            file.writelines(lines_of(book))
            step("rename remarks")

    def _read(self) -> RemarkBook:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                return book_of(file.read())
        except FileNotFoundError:
            return RemarkBook()
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as trouble:
            why = trouble.strerror if isinstance(trouble, OSError) else "it is not as it was written"
            raise BrokenFile(
                f"{self.path} cannot be read ({why}), and nobody knows which runs are marked; put back a copy of it",
                self.path,
            ) from trouble

    def _signature(self) -> tuple[int, ...] | None:
        """What changes with every change; None where there is no file."""
        try:
            found = self.path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as trouble:
            raise BrokenFile(f"{self.path} cannot be looked at: {trouble.strerror}", self.path) from trouble
        return (found.st_ino, found.st_size, found.st_mtime_ns)


def _without_erased(book: RemarkBook, before: RemarkBook, tombstones: Tombstones) -> RemarkBook:
    fresh = book.runs.keys() - before.runs.keys()
    return book.without({run for run in fresh if tombstones.holds(run.execution_id, run.trace_id)})


def readable_remarks(store: RemarkStore, on_damage: OnDamage) -> RemarkBook:
    """What is known, for whoever only looks: nothing, and a damage, where it cannot be read."""
    try:
        return store.read()
    except BrokenFile as trouble:
        on_damage(Damage(store.path, str(trouble)))
        return RemarkBook()
