"""Under which licence others may use a dataset: what a researcher chose, and never what somebody supposed."""

from __future__ import annotations

from dataclasses import dataclass

from exporters.errors import UnknownOption
from exporters.story.readable import visible_line

NONE_YET = "No licence has been chosen yet: nobody may use this dataset until its authors choose one."
"""What describes a dataset without one: some formats want a sentence, and silence is no permission either."""

_CC = "https://creativecommons.org"
_KNOWN: dict[str, tuple[str, str]] = {
    "CC0-1.0": ("Creative Commons Zero 1.0 Universal", f"{_CC}/publicdomain/zero/1.0/"),
    "CC-BY-4.0": ("Creative Commons Attribution 4.0 International", f"{_CC}/licenses/by/4.0/"),
    "CC-BY-SA-4.0": ("Creative Commons Attribution Share Alike 4.0 International", f"{_CC}/licenses/by-sa/4.0/"),
    "CC-BY-NC-4.0": ("Creative Commons Attribution Non Commercial 4.0 International", f"{_CC}/licenses/by-nc/4.0/"),
    "CC-BY-ND-4.0": ("Creative Commons Attribution No Derivatives 4.0 International", f"{_CC}/licenses/by-nd/4.0/"),
    "CC-BY-NC-SA-4.0": (
        "Creative Commons Attribution Non Commercial Share Alike 4.0 International",
        f"{_CC}/licenses/by-nc-sa/4.0/",
    ),
    "CC-BY-NC-ND-4.0": (
        "Creative Commons Attribution Non Commercial No Derivatives 4.0 International",
        f"{_CC}/licenses/by-nc-nd/4.0/",
    ),
    "ODC-By-1.0": (
        "Open Data Commons Attribution License v1.0",
        "https://opendatacommons.org/licenses/by/1-0/",
    ),
    "ODbL-1.0": ("Open Data Commons Open Database License v1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
    "PDDL-1.0": (
        "Open Data Commons Public Domain Dedication and License 1.0",
        "https://opendatacommons.org/licenses/pddl/1-0/",
    ),
    "DL-DE-BY-2.0": ("Datenlizenz Deutschland – Namensnennung – Version 2.0", "https://www.govdata.de/dl-de/by-2-0"),
    "DL-DE-ZERO-2.0": ("Datenlizenz Deutschland – Zero – Version 2.0", "https://www.govdata.de/dl-de/zero-2-0"),
}
"""Licences for data by their SPDX ids: full name, and where the legal text stands."""

KNOWN = tuple(_KNOWN)
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence: its name, where it has one its SPDX id, and where it has one the address of its text."""

    name: str
    spdx: str = ""
    url: str = ""

    @property
    def text(self) -> str:
        """What stands in the file LICENSE: which licence it is and where its text is binding; not the text itself."""
        where = f"\nThe legal text is at {self.url}\n" if self.url else ""
        spdx = f"\nSPDX-License-Identifier: {self.spdx}\n" if self.spdx else ""
        return f"This dataset may be used under:\n\n    {self.name}\n{spdx}{where}"


def licence_named(said: str) -> Licence | None:
    """The licence that somebody chose: one of `KNOWN`, capitals or not; a URL; any other name. None for nothing.

    >>> licence_named("cc-by-4.0").spdx, licence_named("https://example.org/terms").url, licence_named("ask us").name
    ('CC-BY-4.0', 'https://example.org/terms', 'ask us')
    """
    line = visible_line(said)
    if not line:
        return None
    if len(line) > _LONGEST:
        raise UnknownOption(f"a licence has up to {_LONGEST} signs: an id such as CC-BY-4.0, a URL, or a name")
    known = {spdx.casefold(): spdx for spdx in _KNOWN}.get(line.casefold())
    if known:
        name, url = _KNOWN[known]
        return Licence(name=name, spdx=known, url=url)
    is_url = line.startswith(("https://", "http://")) and " " not in line
    return Licence(name=line, url=line if is_url else "")
