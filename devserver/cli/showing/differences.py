"""Show what differs between two runs: texts word by word, values side by side, files in figures, and the times."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.console import Console
from rich.text import Text

from devserver.cli.showing.drawing import draw_heading, in_grid
from devserver.cli.showing.rows import stage_title
from devserver.cli.showing.terminal_words import ITEM_WORDS
from devserver.cli.showing.text import count, safe_line, safe_text, shorten
from devserver.diff import ADDED, CHANGED, Comparison, Difference, Times, Where
from devserver.diff.media import BYTES, PIXELS, MediaChange
from devserver.diff.model import ATTEMPT, EXECUTION
from devserver.diff.values import path_text
from exporters.story.changed_words import LEFT, SAME, TextChange
from exporters.story.readable import seconds
from otel_tracking import ExecutionItem, SpanRecord, canonical

LONGEST_VALUE = 200
LONGEST_SAME = 60
"""Characters of text that is the same on both sides before its middle is left out."""
LONGEST_NAME = 32
MOST_TIMES = 24

_SIGNS = {SAME: ("", "", ""), LEFT: ("[-", "-]", "red")}
_NEW = ("{+", "+}", "green")


def draw_differences(screen: Console, comparison: Comparison, *, everything: bool = False) -> None:
    """Each difference under the stage it belongs to; what only repeats an earlier one is counted, or shown as well."""
    shown = [difference for difference in comparison.differences if everything or not difference.again]
    for (stage, loop_iteration), group in groupby(shown, key=_stage_of):
        draw_heading(screen, "Run" if stage is None else stage_title(stage, loop_iteration))
        _draw_lines(screen, [(_label(each.where), difference_name(each), value_text(each)) for each in group])
    hidden = len(comparison.differences) - len(shown)
    if hidden:
        screen.print()
        screen.print(Text(f"{count(hidden, 'more value')} repeat these, as texts that are handed on (--all)", "dim"))


def draw_times(screen: Console, comparison: Comparison, *, everything: bool = False) -> None:
    """How long the runs and their attempts took, on the left and on the right."""
    draw_heading(screen, "Time, left and right")
    shown = comparison.times if everything else comparison.times[: MOST_TIMES + 1]
    _draw_lines(screen, list(map(_time_line, shown)))
    if len(shown) < len(comparison.times):
        screen.print(Text(f"   and {len(comparison.times) - len(shown)} more (--all)", style="dim"))


def difference_name(difference: Difference) -> str:
    """What it is that differs: `prompt`, `image`, or the path of a parameter."""
    part = difference.where.part
    if difference.path in ((), ("content",), ("media",)):
        word = "attempt" if part == ATTEMPT else ITEM_WORDS.get(part, part)
        return "text" if word == "hop" else word
    return safe_line(path_text(difference.path))


def value_text(difference: Difference) -> Text:
    """What differs, on one line where it is short."""
    if not difference.path:
        return _one_side(difference, _describe(difference.left or difference.right))
    if difference.media is not None:
        return Text(media_text(difference.media))
    if difference.kind != CHANGED:
        return _one_side(difference, _short(difference.right if difference.kind == ADDED else difference.left))
    if difference.text is not None and len(difference.text.pieces) > 1 and _is_prose(difference):
        return words_text(difference.text)
    return Text.assemble((_short(difference.left), "red"), " → ", (_short(difference.right), "green"))


def words_text(change: TextChange) -> Text:
    """The text with what left it in [-…-] and what came in {+…+}, and how much of it is the same."""
    line = Text()
    for number, (sign, piece) in enumerate(change.pieces):
        before, after, style = _SIGNS.get(sign, _NEW)
        text = safe_text(piece)
        if sign == SAME:
            text = _without_middle(text, is_first=number == 0, is_last=number == len(change.pieces) - 1)
        bare = text.rstrip()
        line.append(before + shorten(bare, 5 * LONGEST_VALUE) + after, style=style)
        line.append(text[len(bare) :])
    line.append(f"  ({share(change.similarity)} the same)", style="dim")
    return line


def media_text(change: MediaChange) -> str:
    """What is known of how two files differ."""
    facts = " and ".join(filter(None, map(_file_facts, (change.left, change.right))))
    if change.differing is None:
        return f"other bytes; {safe_line(change.reason)}{f': {facts}' if facts else ''}"
    if not change.differing:
        told = f"other bytes, but the {change.unit} are the same"
    else:
        limit = _limit(change)
        told = (
            f"{share(change.differing)} of the {change.unit} differ, "
            f"by {change.mean:.3g}{limit} on average, {change.largest:.3g} at most"
        )
    return f"{told}; {safe_line(change.reason)}: {facts}" if change.reason else told


def share(value: float) -> str:
    """A share as people read it, never rounded to nothing or to all.

    >>> share(0.413), share(0.00001), share(0.99999), share(1.0)
    ('41.3%', 'less than 0.1%', 'nearly 100%', '100%')
    """
    if 0 < value < 0.001:
        return "less than 0.1%"
    if 0.999 < value < 1:
        return "nearly 100%"
    return f"{100 * value:.3g}%"


def summary(comparison: Comparison) -> str:
    """The whole comparison in one sentence."""
    there = f"{count(comparison.items, 'item')} and {count(comparison.attempts, 'attempt')}"
    if comparison.is_same:
        return f"the same: {there}; only ids and times differ"
    texts, files, others = _counts(comparison)
    parts = [count(texts, "text")] * bool(texts) + [count(files, "file")] * bool(files)
    parts += [count(others, "other value")] * bool(others)
    return f"different: {', '.join(parts)}; {there} are on both sides"


def _counts(comparison: Comparison) -> tuple[int, int, int]:
    new = [difference for difference in comparison.differences if not difference.again]
    files = sum(difference.media is not None for difference in new)
    texts = sum(difference.text is not None and _is_prose(difference) for difference in new)
    return texts, files, len(new) - files - texts


def _draw_lines(screen: Console, lines: list[tuple[str, str, Text]]) -> None:
    """Place, name and value; in columns on a terminal, one line each elsewhere."""
    widest = max((len(name) for _, name, _ in lines), default=0)
    if not screen.is_terminal:
        for label, name, value in lines:
            screen.print(Text(f"   {label:<6} {name:<{min(widest, LONGEST_NAME)}} {safe_line(value.plain)}"))
        return
    label_column = {"width": 6, "no_wrap": True, "style": "cyan"}
    name_column = {"width": min(widest, screen.width // 3), "overflow": "fold", "style": "cyan"}
    screen.print(in_grid(lines, label_column, name_column))


def _stage_of(difference: Difference) -> tuple[int | None, int | None]:
    where = difference.where
    return (None, None) if where.part == EXECUTION else (where.stage or 0, where.loop_iteration)


def _label(where: Where) -> str:
    hop = "" if where.stage_iteration is None else f"hop {where.stage_iteration}"
    return hop or (f"no. {where.occurrence}" if where.occurrence > 1 else "")


def _time_line(times: Times) -> tuple[str, str, Text]:
    where, both = times.where, Text("   ".join(seconds(side) or "?" for side in (times.left, times.right)))
    if where.part == EXECUTION:
        return "", "the whole run", both
    output = f"out {where.loop_iteration}" if where.loop_iteration is not None else ""
    return _label(where) or output, safe_line(where.name), both


def _one_side(difference: Difference, told: str) -> Text:
    is_added = difference.kind == ADDED
    return Text(f"only {'right' if is_added else 'left'}: {told}", style="green" if is_added else "red")


def _describe(entry: ExecutionItem | SpanRecord | Any) -> str:
    if isinstance(entry, SpanRecord):
        return safe_line(f"{entry.name} {entry.backend_used or ''}")
    return _short(entry.content) if entry.content is not None else safe_line(entry.item_type)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else canonical.dumps(value)
    return shorten(safe_line(text), LONGEST_VALUE) or '""'


def _is_prose(difference: Difference) -> bool:
    return any(isinstance(side, str) and len(side.split()) > 2 for side in (difference.left, difference.right))


def _without_middle(text: str, *, is_first: bool, is_last: bool) -> str:
    if len(text) <= 2 * LONGEST_SAME:
        return text
    beginning = "" if is_first else text[:LONGEST_SAME]
    end = "" if is_last else text[-LONGEST_SAME:]
    return f"{beginning}…{end}"


def _file_facts(facts: dict[str, Any]) -> str:
    if "width" in facts:
        return f"{facts['width']}×{facts['height']}"
    if "seconds" in facts:
        return f"{seconds(facts['seconds'])} {facts['rate']:,} Hz {count(facts['channels'], 'channel')}"
    return ""


def _limit(change: MediaChange) -> str:
    if change.unit == PIXELS:
        return " of 255" if change.left.get("mode") not in ("I;16", "I", "F") else ""
    return "" if change.unit == BYTES else f" of {2 ** (change.left['bits'] - 1):,}"
