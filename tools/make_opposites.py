#!/usr/bin/env python3
"""Write the list of English opposites from WordNet's files (Debian's package wordnet-base).

    python tools/make_opposites.py [/usr/share/wordnet] > devserver/backends/embedded/opposites/wordnet_en.txt

Kept are opposites of single words in a sense that WordNet's own count of texts has met (the commonest such sense of
each word), where the opposite is a word of its own and not "non-" something.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

PARTS = {"adj": ("3", "5"), "adv": ("4",), "noun": ("1",), "verb": ("2",)}
ANTONYM = "!"
PLAIN = re.compile(r"[a-z]{2,}")
LATEST_SENSE = 4
# Not for a page that children read.
LEFT_OUT = {
    *("retarded", "precocious", "sadistic", "masochistic", "sexual", "asexual", "sexy", "unsexy", "seductive"),
    *("unseductive", "potent", "impotent", "christian", "unchristian", "topless", "topped", "consummated"),
    *("unconsummated", "anglophilia", "anglophobia", "drunkenness"),
}
HEADER = """# English words, their part of speech and their opposite. Made by tools/make_opposites.py from WordNet 3.0.
#
# WordNet 3.0 Copyright 2006 by Princeton University.  All rights reserved.
#
# Permission to use, copy, modify and distribute this software and database and its documentation for any purpose and
# without fee or royalty is hereby granted, provided that you agree to comply with the following copyright notice and
# statements, including the disclaimer, and that the same appear on ALL copies of the software, database and
# documentation, including modifications that you make for internal use or for distribution.
#
# THIS SOFTWARE AND DATABASE IS PROVIDED "AS IS" AND PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR WARRANTIES,
# EXPRESS OR IMPLIED.  BY WAY OF EXAMPLE, BUT NOT LIMITATION, PRINCETON UNIVERSITY MAKES NO REPRESENTATIONS OR
# WARRANTIES OF MERCHANTABILITY OR FITNESS FOR ANY PARTICULAR PURPOSE OR THAT THE USE OF THE LICENSED SOFTWARE, DATABASE
# OR DOCUMENTATION WILL NOT INFRINGE ANY THIRD PARTY PATENTS, COPYRIGHTS, TRADEMARKS OR OTHER RIGHTS.
#
# The name of Princeton University or Princeton may not be used in advertising or publicity pertaining to distribution
# of the software and/or database.  Title to copyright in this software, database and any associated documentation shall
# at all times remain with Princeton University and LICENSEE agrees to preserve same."""


def main(folder: Path) -> None:
    """Print the list."""
    counts = read_counts(folder)
    best: dict[str, tuple[int, str, str]] = {}
    for part in PARTS:
        for word, sense, opposite in antonyms(folder, part):
            met = max(counts.get((word, code, sense), 0) for code in PARTS[part])
            if met and (met, part, opposite) > best.get(word, (0, "", "")) and is_kept(word, sense, opposite):
                best[word] = (met, part, opposite)
    print(HEADER)
    for word, (_, part, opposite) in sorted(best.items()):
        print(word, part, opposite)


def is_kept(word: str, sense: int, opposite: str) -> bool:
    """Whether both are plain words, and the sense one of the first."""
    if not (PLAIN.fullmatch(word) and PLAIN.fullmatch(opposite)) or {word, opposite} & LEFT_OUT:
        return False
    return sense <= LATEST_SENSE and not opposite.startswith("non") and not word.startswith("non")


def read_counts(folder: Path) -> dict[tuple[str, str, int], int]:
    """How often each sense was met, by word, code of the part of speech and number of the sense."""
    counts = {}
    for line in (folder / "cntlist.rev").read_text("ascii").splitlines():
        key, sense, count = line.split()
        word, _, rest = key.partition("%")
        counts[word, rest.split(":")[0], int(sense)] = int(count)
    return counts


def antonyms(folder: Path, part: str) -> Iterator[tuple[str, int, str]]:
    """Word, number of the sense and opposite, for every antonym of a part of speech."""
    synsets = dict(read_synset(line) for line in lines(folder / f"data.{part}"))
    for line in lines(folder / f"index.{part}"):
        fields = line.split()
        for sense, place in enumerate(fields[-int(fields[2]) :], start=1):
            words, pointers = synsets[place]
            for kind, target, _, both in pointers:
                source, goal = int(both[:2], 16), int(both[2:], 16)
                if kind == ANTONYM and words[source - 1] == fields[0]:
                    yield fields[0], sense, synsets[target][0][goal - 1]


def read_synset(line: str) -> tuple[str, tuple[list[str], list[list[str]]]]:
    """The place of a set of words, and its words and pointers."""
    fields = line.split(" | ")[0].split()
    many = int(fields[3], 16)
    words = [re.sub(r"\(.*", "", word).lower() for word in fields[4 : 4 + 2 * many : 2]]
    start = 5 + 2 * many
    pointers = [fields[start + 4 * n : start + 4 * n + 4] for n in range(int(fields[start - 1]))]
    return fields[0], (words, pointers)


def lines(path: Path) -> Iterator[str]:
    """The lines of a file without its licence."""
    return (line for line in path.read_text("ascii").splitlines() if not line.startswith(" "))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/wordnet"))
