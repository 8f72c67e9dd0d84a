"""What secrets look like, whatever they are called: rules of a list that others keep, and some of our own.

`rules.json` is made from gitleaks' list (MIT; `tools/take_secret_rules.py`). Ours are wider where a text is
more likely than program code, and name what that list does not know.
"""

from __future__ import annotations

import functools
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

OUR_VERSION = "1"
"""Version of the names and shapes that are ours; another one where what is removed changes."""


class Shape(NamedTuple):
    """A kind of secret: its expression (what is in `keep` stays), the literals one of which is in each, and a test."""

    pattern: re.Pattern[str]
    markers: tuple[str, ...]
    is_one: Callable[[str], bool] | None = None


def _ours(expression: str, *markers: str, is_one: Callable[[str], bool] | None = None) -> Shape:
    return Shape(re.compile(expression), markers, is_one)


def _is_basic(text: str) -> bool:
    """Whether `Basic …` holds a name and a password in base64, and is not the beginning of a sentence."""
    credentials = text.split()[-1]
    try:
        return ":" in b64decode(credentials + "=" * (-len(credentials) % 4), validate=True).decode("latin-1")
    except ValueError:
        return False


# A word in prose ("bearer of news", "sk-like") is no secret: one has a digit in it or is long.
_TOKEN = r"(?:(?=[\w.~+/=-]*\d)[\w.~+/=-]{8,}|[\w.~+/=-]{24,})"
_PEM_END = r"(?:(?!-----END)[\s\S]){0,20000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_PEM_CUT_OFF = r"(?:[A-Za-z0-9+/=:,-]|\\n|\\r|\s)*"

_OURS = (
    _ours(rf"(?i)(?P<keep>\bbearer\s+){_TOKEN}", "earer", "EARER"),
    _ours(r"(?i)(?P<keep>\bbasic\s+)[A-Za-z0-9+/]{6,}={0,2}", "asic ", is_one=_is_basic),
    _ours(rf"(?<![A-Za-z0-9])sk-{_TOKEN}", "sk-"),
    _ours(r"\bsk_[0-9a-f]{32,}", "sk_"),
    _ours(r"\bhf_[A-Za-z0-9]{14,}", "hf_"),
    _ours(r"\bgh[opsur]_[\w-]{14,}", "gho_", "ghp_", "ghs_", "ghu_", "ghr_"),
    _ours(r"\bgithub_pat_[\w-]{14,}", "github_pat_"),
    _ours(r"\bxox[abeprs][-.][\w-]{14,}", "xox"),
    _ours(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}", "AKIA", "ASIA"),
    _ours(r"\bAIza[\w-]{14,}", "AIza"),
    _ours(r"\beyJ[\w-]{8,}\.[\w-]*\.[\w-]+(?:\.[\w-]+){0,2}", "eyJ"),
    _ours(rf"-----BEGIN [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----(?:{_PEM_END}|{_PEM_CUT_OFF})", "-----BEGIN"),
    _ours(r"\bsess-[A-Za-z0-9]{20,}", "sess-"),
    _ours(r"\bgsk_[A-Za-z0-9]{20,}", "gsk_"),
    _ours(r"\bxai-[A-Za-z0-9]{20,}", "xai-"),
    _ours(r"\br8_[A-Za-z0-9]{20,}", "r8_"),
    _ours(r"\bglpat-[\w-]{20,}(?:\.[\w-]+)*", "glpat-"),
    _ours(r"\bnpm_[A-Za-z0-9]{30,}", "npm_"),
    _ours(r"\bya29\.[\w-]{20,}", "ya29."),
    _ours(r"\bGOCSPX-[\w-]{20,}", "GOCSPX-"),
    _ours(r"(?<![\w/])1//0[\w-]{30,}", "1//0"),
    _ours(r"\b\d{7,12}:AA[\w-]{30,}", ":AA"),
    _ours(r"(?P<keep>\bapi\.telegram\.org/(?:file/)?bot)\d+:[\w-]{20,}", ":AA"),
    _ours(r"(?i)(?P<keep>\bdiscord(?:app)?\.com/api/(?:v\d+/)?webhooks/)\d+/[\w-]{20,}", "hook"),
    _ours(r"(?i)(?P<keep>\.webhook\.office\.com/webhookb2/)[^\s\"'<>]{20,}", "hook"),
    _ours(r"(?P<keep>\bhooks\.slack\.com/(?:services|workflows|triggers)/)[\w/+-]{20,}", "hook"),
    _ours(r"(?P<keep>\bhooks\.zapier\.com/hooks/catch/)[\w/]{8,}", "hook"),
    _ours(r"\bSG\.[\w-]{16,}\.[\w-]{16,}", "SG."),
    _ours(r"\bdckr_(?:pat|oat)_[\w-]{20,}", "dckr_"),
    _ours(r"\bkey-[0-9a-f]{32}\b", "key-"),
    _ours(r"\bsb[pv]_[a-f0-9]{32,}", "sbp_"),
    _ours(r"\bsb_secret_[\w-]{20,}", "ecret"),
    _ours(r"\bsecret_[A-Za-z0-9]{40,}", "ecret"),
    _ours(r"\bvercel_blob_rw_\w{20,}", "vercel_"),
    _ours(r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,}", "dp."),
    _ours(r"\bfm2_[\w+/=]{40,}", "fm2_"),
    _ours(r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}", "lin_"),
    _ours(r"\bntn_[A-Za-z0-9]{40,}", "ntn_"),
    _ours(r"\bhv[sb]\.[\w-]{24,}", "hvs.", "hvb."),
    _ours(r"\bpypi-[\w-]{40,}", "pypi-"),
    _ours(r"\bwhsec_[\w+/=]{24,}", "whsec_"),
    _ours(r"\bATATT3[\w=-]{40,}", "ATATT3"),
)
SHORTEST = 8
"""Characters of the shortest text that is looked at."""

USERINFO = re.compile(r"(?<=://)[^/\s?#\"'<>]*@")
QUERY = re.compile(r"(?P<keep>[?&;](?P<name>[^=&#\s\"'<>?;]{1,100})=)[^&#\s\"'<>]+")


@functools.cache
def _list_of_others() -> tuple[str, tuple[Shape, ...]]:
    taken = json.loads(Path(__file__).with_name("rules.json").read_text("utf-8"))
    # A token is removed to its end, also where one of that kind became longer since the rule was written.
    shapes = [Shape(re.compile(f"(?:{rule['pattern']})[\\w-]*"), tuple(rule["markers"])) for rule in taken["rules"]]
    return f"{taken['source']} {taken['version']}", tuple(shapes)


def known_shapes() -> tuple[Shape, ...]:
    """All kinds that are known; ours, which are wider, come first."""
    return (*_OURS, *_list_of_others()[1])


def version_of_rules() -> str:
    """Which rules these are, for the record: `gitleaks v8.30.1, otel-tracking 1`."""
    return f"{_list_of_others()[0]}, otel-tracking {OUR_VERSION}"


def shapes_by_marker(shapes: Iterable[Shape]) -> dict[str, list[Shape]]:
    """The kinds to look for where a literal was found."""
    found: dict[str, list[Shape]] = {}
    for shape in shapes:
        for marker in shape.markers:
            found.setdefault(marker, []).append(shape)
    return found
