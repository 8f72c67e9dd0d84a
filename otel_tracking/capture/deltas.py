"""Put a value together from the pieces that a stream gives of it: texts are joined, lists grow, objects are filled.

Nothing that came is overwritten by what comes later, but for what can only have one value: numbers, and labels such as
`role`. Growing costs what the new piece costs; texts are joined once, at the end (`whole`).
"""

from __future__ import annotations

from typing import Any

TEXTS = frozenset(
    {
        *("content", "text", "thinking", "reasoning", "reasoning_content", "refusal", "summary"),
        *("arguments", "input", "partial_json", "transcript", "data", "response"),
    }
)
"""Names of texts that come piece by piece, also where two pieces are equal."""

_LABELS = frozenset({"type", "id", "role", "object", "model", "status", "format", "finish_reason", "stop_reason"})
"""Names of texts that come whole, each time anew; the last one counts."""

_PROSE = frozenset({"text", "thinking", "reasoning", "summary", "content"})


class Pieces(list[str]):
    """A text under way."""


class Entries:
    """A list under way. An entry that says its `index` goes on where that index was last."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._by_index: dict[int, dict[str, Any]] = {}

    def extend(self, given: list[Any]) -> Entries:
        """More of the list."""
        for entry in given:
            before = self._of_same_index(entry)
            if before is not None:
                grown(before, entry)
            elif not self._goes_on(entry):
                self._append(entry)
        return self

    def add_text(self, text: str) -> None:
        """A text where a list was under way: it follows the entries."""
        if self.entries and isinstance(self.entries[-1], Pieces):
            self.entries[-1].append(text)
        elif text:
            self.entries.append(Pieces([text]))

    def _append(self, entry: Any) -> None:
        # A text inside a list is whole: the tokens of `logprobs` are not to be joined.
        begun: Any = entry if isinstance(entry, str) else _begun(entry)
        self.entries.append(begun)
        index = _index_of(entry)
        if index is not None:
            self._by_index[index] = begun  # an entry with an index is an object

    def _of_same_index(self, entry: Any) -> dict[str, Any] | None:
        index = _index_of(entry)
        before = None if index is None else self._by_index.get(index)
        # Some servers give every call the index 0, and an id of its own.
        return before if before is not None and _may_be_same(before, entry, "id", "type") else None

    def _goes_on(self, entry: Any) -> bool:
        """Whether `entry` only had the next words of the last one: `{"type": "text", "text": " Blume"}`."""
        last = self.entries[-1] if self.entries else None
        if not isinstance(last, dict) or not isinstance(entry, dict) or last.keys() != entry.keys():
            return False
        words = {name: entry[name] for name in _PROSE & entry.keys()}
        labels = entry.keys() - words
        if not words or not all(whole(last[name], name) == entry[name] for name in labels):
            return False
        grown(last, words)
        return True


def grown(kept: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """`kept`, an object under way, with what `given` adds to it; null adds nothing."""
    for key, value in given.items():
        kept[key] = _grown(kept.get(key), value, key)
    return kept


def whole(part: Any, key: str = "") -> Any:
    """The value that something under way came to so far, in containers of its own."""
    if isinstance(part, Pieces):
        # A name that nobody knows may be that of a label: what is the same each time is one.
        is_label = key in _LABELS or (key not in TEXTS and all(piece == part[0] for piece in part))
        return part[-1] if is_label else "".join(part)
    if isinstance(part, Entries):
        return [whole(entry, key) for entry in part.entries]
    if type(part) is dict:
        return {name: whole(entry, name) for name, entry in part.items()}
    return part


def _grown(kept: Any, given: Any, key: str) -> Any:
    if given is None:
        return kept
    if kept is None:
        return _begun(given)
    if isinstance(kept, dict) and isinstance(given, dict):
        return grown(kept, given)
    if isinstance(kept, Pieces) and isinstance(given, str):
        if key in _LABELS:
            kept.clear()
        kept.append(given)
        return kept
    if isinstance(given, list):
        return _as_entries(kept).extend(given)
    if isinstance(given, str | dict):
        entries = _as_entries(kept)
        if isinstance(given, str):
            entries.add_text(given)
            return entries
        return entries.extend([given])
    # Numbers, true and false have one value at a time.
    return given if not isinstance(kept, dict | Pieces | Entries) else _as_entries(kept).extend([given])


def _as_entries(kept: Any) -> Entries:
    """What was under way as a list: what came first stays first. An empty text was only the beginning of nothing."""
    if isinstance(kept, Entries):
        return kept
    entries = Entries()
    if not (isinstance(kept, Pieces) and not any(kept)):
        entries.entries.append(kept)
    return entries


def _begun(given: Any) -> Any:
    if isinstance(given, str):
        return Pieces([given])
    if isinstance(given, dict):
        return {key: _begun(value) for key, value in given.items()}
    return Entries().extend(given) if isinstance(given, list) else given


def _index_of(entry: Any) -> int | None:
    index = entry.get("index") if isinstance(entry, dict) else None
    return index if type(index) is int else None


def _may_be_same(before: dict[str, Any], entry: dict[str, Any], *names: str) -> bool:
    """Whether none of these names says that they are two."""
    return all(
        before.get(name) is None or entry.get(name) is None or whole(before[name], name) == entry[name]
        for name in names
    )
