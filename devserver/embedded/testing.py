"""Small engines for tests: a FreeDict dictionary and an `apertium` program that behave like the real ones."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path

import idzip

from devserver.embedded.translation.dictd import dictd_digits

_FAKE_APERTIUM = """#!/bin/sh
# Behaves like apertium: lists modes, tells its version, translates standard input.
case "$1" in
    -l) printf '%s\\n' {modes}; exit 0 ;;
    -V) echo "Apertium 9.9.9" >&2; exit 0 ;;
    -u) mode="$2" ;;
esac
for known in {modes}; do
    if [ "$known" = "$mode" ]; then {behaviour}; exit 0; fi
done
echo "Error: Mode $mode does not exist" >&2
exit 1
"""
# Marks each text with the mode it went through, so that a test can read the way it took.
MARK_THE_MODE = 'cat; printf " (%s)" "$mode"'
HANG = "exec sleep 600"
FAIL = 'echo "Error: out of rules" >&2; exit 7'


def write_apertium(directory: Path, modes: Iterable[str], *, behaviour: str = MARK_THE_MODE) -> Path:
    """The path of a program that answers as `apertium` does, with these modes."""
    program = directory / "apertium"
    program.write_text(_FAKE_APERTIUM.format(modes=" ".join(modes), behaviour=behaviour), encoding="utf-8")
    program.chmod(0o755)
    return program


def write_dictionary(
    directory: Path, pair: str, entries: Mapping[str, str | list[str]], *, dictzip: bool = True
) -> Path:
    """The index file of a dictionary such as `deu-eng`, written with its text in dictd's formats.

    `dictzip` False writes the text as plain gzip.
    """
    text, rows = b"", []
    for headword, of_headword in entries.items():
        for entry in [of_headword] if isinstance(of_headword, str) else of_headword:
            encoded = entry.encode("utf-8") + b"\n"
            rows.append(f"{headword.lower()}\t{dictd_digits(len(text))}\t{dictd_digits(len(encoded))}\n")
            text += encoded

    index_file = directory / f"freedict-{pair}.index"
    index_file.write_text("".join(rows), encoding="utf-8")
    packed = idzip.compress(text) if dictzip else gzip.compress(text, mtime=0)
    index_file.with_suffix(".dict.dz").write_bytes(packed)
    return index_file
