"""Erase runs from what was made of many: it is made anew of the others, as it left; or it goes, where that cannot be.

Nobody can tell from a dataset or a project alone how it was made: the ledger of exports says it.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exporters.collections import CollectionOptions
from exporters.collections.making import make_collection
from exporters.dataset import make_dataset
from exporters.dataset.about import Description
from exporters.erasure.places.documents import remove_folder
from exporters.erasure.places.known_elsewhere import remove_file
from exporters.errors import NothingSelected, StorageError
from exporters.measures.meaning import is_usable
from exporters.privacy.exports_ledger import Export, ExportKind
from exporters.privacy.way_out import open_way_out
from exporters.storage.files import remove, sync_directory
from exporters.storage.tables.parquet_file import Step
from otel_tracking.erasure import Beyond, Removed, RunId

PLACE = "exports"
_OLD = ".tmp.old"

_MOVED = "remove it wherever it was moved or copied to"
_GONE = "it could not be made anew without the run, so all of it was removed"
_DESCRIPTION = ("title", "authors", "licence")


def erase_from_many(data_dir: Path, export: Export, runs: frozenset[RunId], step: Step) -> Iterator[Removed | Beyond]:
    """Have a dataset or a collection be what it would be without the runs."""
    out = Path(export.path or "")
    swept = list(sweep(out, step))
    yield from swept
    # One that a death left half replaced is made anew as well.
    if not _is_there(export, out) and not any(f"{_OLD}/" in one.path for one in swept):
        yield Beyond(PLACE, str(out), f"no {export.kind} is there any more; {_MOVED}")
        return
    files = out.iterdir() if out.is_dir() else [out]
    size, kept = sum(path.lstat().st_size for path in files if path.exists()), frozenset(export.runs) - runs
    step(f"make {export.kind} anew")
    try:
        is_remade = bool(kept) and _make_again(data_dir, out, export, kept)
    except (StorageError, OSError) as trouble:
        is_remade = False
        yield Beyond(PLACE, f"the other runs of {out}", f"{_GONE} ({trouble}); make it once more")
    if not is_remade:
        _remove(out)
    yield Removed(PLACE, str(out), size)


def _is_there(export: Export, out: Path) -> bool:
    if export.kind is ExportKind.COLLECTION:
        return out.is_file() and not out.is_symlink()
    return out.is_dir() and (out / "SHA256SUMS").is_file() and (out / "executions.parquet").is_file()


def _remove(out: Path) -> None:
    if out.is_dir():
        # By the name of what is swept, so that half a removal is found again.
        old = out.with_name(f".{out.name[:100]}.{secrets.token_hex(4)}{_OLD}")
        out.replace(old)
        shutil.rmtree(old)
        sync_directory(out.parent)
    else:
        remove([out])


def _make_again(data_dir: Path, out: Path, export: Export, kept: frozenset[RunId]) -> bool:
    """Make it of the runs that are kept; False where none of them may leave any more.

    Where meanings cannot be measured any more they are left out: nobody's data stays for want of a library.
    """
    said = dict(export.options)
    # Marked since or not: the ledger names the runs that left.
    way_out = open_way_out(data_dir, export.profile, roster=said.pop("roster", None), with_marked=True)
    shared: dict[str, Any] = {"way_out": way_out, "executions": kept, "on_damage": lambda damage: None}
    try:
        if export.kind is ExportKind.COLLECTION:
            make_collection(data_dir, out, export.format or "", options=CollectionOptions(**said), **shared)
        else:
            told = {name: said[name] for name in _DESCRIPTION if name in said}
            description = Description(**{**told, "authors": tuple(told.get("authors", ()))})
            # Those that were made before there was a choice had neither.
            how = {"with_media": said.get("with_media", False), "crate": said.get("crate", "process")}
            how["semantics"] = bool(said.get("semantics")) and is_usable()
            make_dataset(data_dir, out, description=description, replace=True, **how, **shared)
    except NothingSelected:
        return False
    return True


def sweep(out: Path, step: Step) -> Iterator[Removed]:
    """What whoever made it left when they died: one that lives has its directory locked."""
    ours = re.compile(rf"\.{re.escape(out.name[:100])}\.[0-9a-f]{{8}}\.tmp(\.old)?")
    for path in sorted(out.parent.iterdir()) if out.parent.is_dir() else ():
        if not ours.fullmatch(path.name) or path.is_symlink():
            continue
        if path.is_dir() and _is_free(path):
            yield from remove_folder(PLACE, path, step)
        elif path.is_file():
            yield remove_file(PLACE, path, step, "remove what a death left")


def _is_free(directory: Path) -> bool:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that was forked meanwhile has it open, too
        os.close(descriptor)
    return True
