"""The items of a run as columns, in the order they were numbered, and as objects where somebody wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter, lt
from typing import Any

from collectors.building.rows import ROW, Row
from otel_tracking.columns import ITEM_COLUMNS, items_of
from otel_tracking.frame import ITEM_FIELDS
from otel_tracking.record import ExecutionItem, Media, timestamp_of
from otel_tracking.taxonomy import ItemType, MediaType, read_item_type, read_media_type

Columns = Mapping[str, Sequence[Any]]

_NUMBER, _TIME, _LOSSY = map(ROW.index, ("sequence_number", "timestamp_ns", "lossy"))
_KNOWN = frozenset(ITEM_FIELDS) | {"timestamp"}
_ITEM_TYPES: Mapping[Any, ItemType] = {str(member): member for member in ItemType}
_MEDIA_TYPES: Mapping[Any, MediaType] = {str(member): member for member in MediaType}
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "audio/wav": ".wav", "audio/mpeg": ".mp3", "video/mp4": ".mp4"}


class ItemsSoFar:
    """The items in the order they were numbered; what has been made is kept."""

    def __init__(self) -> None:
        self.lossy = 0
        self.columns: Columns = dict.fromkeys(ITEM_COLUMNS, ())
        self._files = MediaFiles("")
        self._rows: list[Row] = []
        self._built: list[ExecutionItem] = []

    def take(self, new: list[Row], execution_id: str) -> Columns:
        """The columns of all items with those of `new`, media in the folder of that execution."""
        new = _in_order(new)
        is_late = bool(new and self._rows) and _order_of(new[0]) <= _order_of(self._rows[-1])
        if self._rows and (is_late or execution_id != self._files.execution_id):
            new = _in_order([*self._rows, *new])
            self._rows, self._built, self.lossy = [], [], 0
        if not self._rows:
            self._files = MediaFiles(execution_id)
        if new:
            added = columns_of_rows(new, self._files)
            before = self.columns if self._rows else dict.fromkeys(ITEM_COLUMNS, ())
            self.columns = {name: (*before[name], *added[name]) if self._rows else added[name] for name in ITEM_COLUMNS}
            self._rows += new
            self.lossy += sum(map(itemgetter(_LOSSY), new))
        return self.columns

    def built(self) -> tuple[ExecutionItem, ...]:
        """The items as objects."""
        self._built.extend(items_of(self.columns, len(self._built)))
        return tuple(self._built)


def _in_order(rows: list[Row]) -> list[Row]:
    """Rows by number and time: what two threads or two journals brought twice is there once, as it came last."""
    ordered = sorted(rows, key=itemgetter(_NUMBER))
    numbers = list(map(itemgetter(_NUMBER), ordered))
    if all(map(lt, numbers, islice(numbers, 1, None))):
        return ordered
    # Sorted, not in a dict: who chooses the numbers could choose them so that all have one hash.
    ordered.sort(key=_order_of)
    return [list(same)[-1] for _, same in groupby(ordered, key=_order_of)]


def _order_of(row: Row) -> tuple[int, int]:
    # To the microsecond, as a record has it: what was read back from one is no other item.
    return row[_NUMBER], row[_TIME] // 1000


def columns_of_rows(rows: list[Row], files: MediaFiles) -> Columns:
    """The columns of some rows in order, the names of whose media `files` gives."""
    columns: dict[str, Sequence[Any]] = dict(zip(ROW, zip(*rows, strict=True), strict=True))
    columns["timestamp"] = tuple(map(timestamp_of, columns["timestamp_ns"]))
    if columns["media"].count(None) < len(rows):
        columns["media"] = tuple(map(_media_of, columns["media"]))
        columns["file_path"] = tuple(files.paths(columns))
    columns["item_type"] = _members(columns["item_type"], _ITEM_TYPES, read_item_type)
    columns["media_type"] = _members(columns["media_type"], _MEDIA_TYPES, read_media_type)
    if any(columns["whole"]):  # a later version's
        columns["metadata"] = tuple(map(_with_unknown, columns["metadata"], columns["whole"]))
    return columns


def _members(values: Sequence[Any], known: Mapping[Any, Any], read: Callable[[Any], Any]) -> Sequence[Any]:
    """The values as members of our enumeration; what is none is read one by one."""
    members = tuple(map(known.get, values))
    return members if all(members) else tuple(map(read, values))


def _media_of(described: Any) -> Media | None:
    return Media(*map(described.get, ("sha256", "bytes", "type"))) if isinstance(described, dict) else None


def _with_unknown(metadata: Any, whole: Mapping[str, Any] | None) -> Any:
    unknown = {name: whole[name] for name in whole if name not in _KNOWN} if whole else None
    return {**metadata, "unknown_fields": unknown} if unknown else metadata


class MediaFiles:
    """Names the file of each media item; equal bytes within one execution share a file, none is shared beyond."""

    def __init__(self, execution_id: str) -> None:
        self.execution_id = execution_id
        self._paths: dict[str, str] = {}

    def paths(self, columns: Columns) -> Iterator[str | None]:
        """Where the media of items lie below the data; what an item says of that stays."""
        names = ("file_path", "media", "sequence_number", "item_type")
        for path, media, number, item_type in zip(*map(columns.__getitem__, names), strict=True):
            is_known = path is not None or media is None or media.sha256 is None
            yield path if is_known else self._path(f"{number:03d}_{item_type}", media)

    def _path(self, name: str, media: Media) -> str:
        name = f"{name}{_SUFFIXES.get(media.type or '', '.bin')}".replace("/", "_")
        return self._paths.setdefault(media.sha256 or "", f"media/{self.execution_id}/{name}")
