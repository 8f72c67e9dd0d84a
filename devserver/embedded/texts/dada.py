"""Make a Dada poem: cut a text up, shake the pieces in a bag, and glue them on in the order they leave it.

The recipe is Tristan Tzara's, of 1920. The seed is the shaking.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from devserver.embedded.checks import check_choice, check_number
from devserver.engines import MadeFile

VERSION = "dada 1"
CUTS = ("words", "characters", "lines")
"""What is cut out: words, what a reader sees as one character, or lines."""
_MOST_TOLD = 500

# Written without spaces: there every character is a piece, as scissors would have it.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
# What opens goes with what follows it, every other mark with what it follows. Not more than eight, and never given
# back: a text of nothing but brackets would take minutes.
_OPENS = r"[\p{Ps}¿¡]"
# A quotation mark may open in one language and close in another: it opens where no word is before it.
_OPENING = r"[\p{Ps}\p{Pi}¿¡]{0,8}+"
_WORD = rf"(?:(?!{_UNSPACED}|{_OPENS})\S)+"
_CHARACTER = rf"(?={_UNSPACED})\X(?:(?!{_OPENS})\p{{P}}\p{{M}}*)*"
_PIECE = rf"{_OPENING}(?:{_CHARACTER}|{_WORD})|(?!\s)\X"


def cut_up(
    text: str, *, seed: int, images: Sequence[bytes] = (), cut: str = "words", words_per_line: int = 0
) -> MadeFile:
    """The poem that the seed shakes out of a text: the same pieces, each once, in another order.

    `cut` is what is cut out; where a script is written without spaces (Japanese, Chinese, Thai) a "word" is one
    character. `words_per_line` (0 to 1000) begins a new line after so many pieces; 0 keeps all on one line.
    The `order` among the facts has the old places in their new order, where there are not more than 500.

    >>> cut_up("Eine Blume auf der Wiese", seed=3).content
    'Eine auf der Wiese Blume'
    """
    check_choice("cut", cut, CUTS)
    check_number("words_per_line", words_per_line, 0, 1000, whole=True)
    pieces = cut_out(text, cut)
    order = list(range(len(pieces)))
    # Not the global random state. Python would take -5 for 5; as 64 bits they differ.
    Random(seed % 2**64).shuffle(order)
    poem = _glue([pieces[place] for place in order], cut, words_per_line)
    parameters = {"seed": seed, "cut": cut, "words_per_line": words_per_line, "pieces": len(pieces)}
    told = {"order": order} if len(order) <= _MOST_TOLD else {}
    return MadeFile(poem, "text/plain", parameters | told)


def cut_out(text: str, cut: str = "words") -> list[str]:
    """The pieces of a text, marks with the word they belong to; no piece ends inside a character.

    >>> cut_out("Ein (alter) Hund!"), cut_out("猫は海。")
    (['Ein', '(alter)', 'Hund!'], ['猫', 'は', '海。'])
    """
    import regex

    if cut == "lines":
        return [line for line in text.splitlines() if line.strip()]
    pattern = r"(?!\s)\X" if cut == "characters" else _PIECE
    return list(regex.findall(pattern, text, flags=regex.VERSION1))


def _glue(pieces: list[str], cut: str, words_per_line: int) -> str:
    if cut == "lines":
        return "\n".join(pieces)
    length = words_per_line or len(pieces) or 1
    rows = [pieces[start : start + length] for start in range(0, len(pieces), length)]
    return "\n".join(_row(row, cut) for row in rows)


def _row(pieces: list[str], cut: str) -> str:
    """A line of pieces; a space stands between words, and none between characters that are written without."""
    import regex

    if cut == "characters":
        return "".join(pieces)
    spaced = " ".join(pieces)
    beside = rf"(?<={_UNSPACED}\p{{P}}{{0,8}}) (?={_OPENING}{_UNSPACED})"
    return str(regex.sub(beside, "", spaced, flags=regex.VERSION1))
