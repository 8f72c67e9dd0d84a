"""The last few records that were read, as far as all of them together are not large."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from otel_tracking.record import ExecutionRecord

MOST_RECORDS = 64
MOST_CHARACTERS = 8 * 2**20


class Remembered:
    """Records by a key, read by `read` where they are not there; may be shared by threads."""

    def __init__(
        self,
        read: Callable[..., ExecutionRecord],
        most_records: int = MOST_RECORDS,
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self._read, self._most_records, self._most_characters = read, most_records, most_characters
        self._kept: OrderedDict[Hashable, tuple[ExecutionRecord, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, *key: Hashable) -> ExecutionRecord:
        """The record of a key."""
        with self._lock:
            found = self._kept.get(key)
            if found:
                self._kept.move_to_end(key)
                return found[0]
        record = self._read(*key)
        self._keep(key, record)
        return record

    def forget(self) -> None:
        """Remember nothing of what was read before."""
        with self._lock:
            self._kept.clear()

    def _keep(self, key: Hashable, record: ExecutionRecord) -> None:
        size = characters_in(record)
        with self._lock:
            if size <= self._most_characters:
                self._kept[key] = record, size
            while len(self._kept) > self._most_records or self._size() > self._most_characters:
                self._kept.popitem(last=False)

    def _size(self) -> int:
        return sum(size for _, size in self._kept.values())


def characters_in(record: ExecutionRecord) -> int:
    """About how much text a record holds: what was said, not what describes it."""
    texts = (text for item in record.items for text in (item.content, item.input_text) if text is not None)
    return sum(len(text) if isinstance(text, str) else 500 for text in texts)
