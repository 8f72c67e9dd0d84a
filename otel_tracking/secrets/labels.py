"""Secrets that a text itself names: `password=…`, `"api_key": "…"`, `X-Api-Key: …`, `login me password …`.

A text may be what a child wrote. So a value goes only where something says that it is one: the sign `=` without a
space, quotes around name and value, or a look that no word has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from otel_tracking.secrets.names import Names

_ASSIGNED = re.compile(r"(?P<keep>(?<![\w.-])(?P<name>[\w.-]{1,60})=)(?P<value>\"[^\"]*\"?|'[^']*'?|[^\s&;,\"'<>]+)")
_QUOTED = re.compile(
    r"(?P<keep>\\{0,3}(?P<quote>[\"'])(?P<name>[\w.-]{1,60})\\{0,3}(?P=quote)\s*(?::|=>|,)\s*b?)"
    r"(?P<value>\\{0,3}\"(?:[^\"\\]|\\[^\"])*(?:\\*\")?|\\{0,3}'(?:[^'\\]|\\[^'])*(?:\\*')?)"
)
_UNQUOTED = re.compile(r"(?P<keep>[\"'](?P<name>[\w.-]{1,60})[\"']\s*:\s*)(?P<value>[^\s,}\]\"'\[{]+)")
_HEADER = re.compile(r"(?P<keep>(?<![\w.-])(?P<name>[\w.-]{1,60})\s?:[ \t]+)(?P<value>[^\s\"']+)")
_COOKIES = re.compile(r"(?i)(?P<keep>(?<![\w.-])(?P<name>(?:set-)?cookie)\s?:\s*)(?P<value>[\w.$-]+=[^\r\n\"'\[]+)")
_CREDENTIALS = re.compile(
    r"(?i)(?P<keep>(?<![\w.-])(?P<name>(?:proxy-)?authorization)\s?:\s*(?:[\w-]+\s+)?)(?P<value>[\w.~+/=:-]{6,})"
)
_NETRC = re.compile(r"(?P<keep>\blogin\s+\S{1,200}\s+(?P<name>password)\s+)(?P<value>\S+)")
_OPTION = re.compile(r"(?P<keep>(?<!\S)--?(?P<name>[\w-]{1,60})\s+)(?P<value>[^\s-]\S*)")

_WEAK = frozenset({"token", "secret", "auth", "bearer", "jwt", "cookie", "cookies", "credential", "credentials"})
"""Names that are words of everyday, too."""


class Labelled(NamedTuple):
    """A value in a text and the name that the text gives it; `keep` stands before it and stays."""

    keep: str
    name: str
    value: str


def without_labelled(text: str, names: Names, replace: Callable[[Labelled], str], *, broken: bool) -> str:
    """`text` with what `replace` gives for each secret that it names; `broken` text may be JSON that cannot be read."""
    for pattern, is_one in _forms(broken):
        text = "".join(_exchanged(text, pattern, is_one, names, replace))
    return text


def _exchanged(
    text: str,
    pattern: re.Pattern[str],
    is_one: Callable[[str, str], bool],
    names: Names,
    replace: Callable[[Labelled], str],
) -> Iterator[str]:
    """The parts of a text, some of them exchanged. What follows a harmless name may be a name itself."""
    done = look_from = 0
    while found := pattern.search(text, look_from):
        name, value = found["name"], found["value"]
        plain = value.strip("\\\"'")
        is_secret = plain != "" and not plain.startswith("[removed:") and names.is_secret(name)
        if is_secret and is_one(name, value):
            yield text[done : found.start()]
            yield replace(Labelled(found["keep"], name, value))
            done = look_from = found.end()
        else:
            look_from = found.end("keep")
    yield text[done:]


def _forms(broken: bool) -> Iterator[tuple[re.Pattern[str], Callable[[str, str], bool]]]:
    yield _QUOTED, _always
    if broken:
        yield _UNQUOTED, _always
    yield _ASSIGNED, _always if broken else _is_no_word
    yield _COOKIES, _always
    yield _CREDENTIALS, _is_credible
    yield _HEADER, _is_credible
    yield _NETRC, _always
    yield _OPTION, _is_credible


def _always(name: str, value: str) -> bool:
    return True


def _is_no_word(name: str, value: str) -> bool:
    """Whether `value` is a secret by its name, which for an everyday name needs the look of one as well."""
    return name.lower() not in _WEAK or _is_credible(name, value)


def _is_credible(name: str, value: str) -> bool:
    """Whether `value` looks like nothing that people write in a sentence."""
    plain = value.strip("\"'.,;:!?()")
    has_digit = any(map(str.isdigit, plain))
    return (len(plain) >= 6 and has_digit and not plain.isdigit()) or (len(plain) >= 20 and not plain.isalpha())
