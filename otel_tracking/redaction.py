"""Which parts of a request or answer are secrets, and what stands in the record instead.

    Authorization: Bearer 0123…      →  [removed: authorization]
    https://me:pass@host/?key=abc    →  https://[removed: userinfo]@host/?key=[removed: key]
    {"inputs": {"api_key": "abc"}}   →  {"inputs": {"api_key": "[removed: api_key]"}}

A removed value leaves its name and its place (`redacted`), never itself. This happens before anything is frozen.
"""

from __future__ import annotations

import contextlib
import functools
import re
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from otel_tracking.secret_shapes import LABELLED, QUERY, SHORTEST, USERINFO, Rules, may_hold_secret


@dataclass(frozen=True)
class RedactionPolicy:
    """What is taken for a secret. The defaults always hold; what is given here comes on top of them.

    `names` are names of headers, query parameters, form fields and JSON keys; `query_names` count in URLs alone;
    `node_classes` are classes of ComfyUI nodes whose inputs are secrets. `patterns` find secrets in any text.
    `also(name, value)` is asked about every named value, and says True of a secret. `allowed` names are kept.

    >>> policy = RedactionPolicy(names=frozenset({"classroom_pin"}))
    >>> Redaction(policy).clean({"classroom_pin": "4711", "seed": 7})
    {'classroom_pin': '[removed: classroom_pin]', 'seed': 7}
    """

    names: frozenset[str] = frozenset()
    query_names: frozenset[str] = frozenset()
    node_classes: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    patterns: tuple[re.Pattern[str], ...] = ()
    also: tuple[Callable[[str, Any], bool], ...] = ()


DEFAULT_POLICY = RedactionPolicy()


def marker(name: str) -> str:
    """What stands where a secret was."""
    return f"[removed: {name}]"


def redact_text(text: str) -> str:
    """`text` (a URL, an error's message) without what the default policy takes for a secret.

    >>> redact_text("401 for url 'https://me:pw@api.example/v1?api_key=abc'")
    "401 for url 'https://[removed: userinfo]@api.example/v1?api_key=[removed: api_key]'"
    """
    return Redaction(DEFAULT_POLICY).text(text)


_rules_of = functools.lru_cache(32)(Rules)

LONGEST_KIND = 200
"""Characters of the longest name of a node's class."""

Path = tuple[Any, Any] | None
"""Where a value stands: its key and the path of what it is in; made into text only where something is removed."""


class Redaction:
    """Removes secrets from the parts of one exchange and remembers where (`removed`); in memory also what, so that an
    answer that repeats a secret does not bring it into the record. `secrets` are those known so far, to be added to.
    """

    def __init__(self, policy: RedactionPolicy = DEFAULT_POLICY, secrets: set[str] | None = None) -> None:
        self._rules = _rules_of(policy)
        self.removed: list[str] = []
        self._secrets = set() if secrets is None else secrets

    def headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Headers by lower-case name; what came several times is a list."""
        kept: dict[str, Any] = {}
        for name, value in headers:
            name = name.lower()
            if self._is_named_secret(name, value) or (len(value) >= SHORTEST and self.is_suspicious(value)):
                value = self.named(name, value, (name, ("headers", None)))
            if name in kept:
                before = kept[name]
                kept[name] = [*before, value] if isinstance(before, list) else [before, value]
            else:
                kept[name] = value
        return kept

    def named(self, name: str, value: str, path: Path) -> str:
        """The text `value` of something called `name`, or its marker."""
        if value and self._is_named_secret(name, value):
            return self._remove(name, value, path)
        return self.text(value, path)

    def text(self, text: str, path: Path = None, *, labelled: bool = False) -> str:
        """`text` without userinfo and secret parameters of URLs, and without what looks like a secret.

        `labelled` text may hold `"password": "…"` or `password=…`, as JSON that cannot be read and forms do.
        """
        if not labelled and not self.is_suspicious(text):
            return text
        for pattern in self._rules.patterns:
            text = pattern.sub(lambda found: self._replace(found, "secret", path), text)
        if "@" in text:
            text = USERINFO.sub(lambda found: self._replace(found, "userinfo", path) + "@", text)
        if "=" in text:
            text = QUERY.sub(lambda found: self._parameter(found, path), text)
        if labelled:
            text = LABELLED.sub(lambda found: self._label(found, path), text)
        return self._without_repeated(text, path)

    def _without_repeated(self, text: str, path: Path) -> str:
        # The longest first: one may be a part of another.
        for secret in sorted(self._secrets, key=len, reverse=True):
            if secret in text:
                text = text.replace(secret, self._note("repeated secret", path))
        return text

    def is_suspicious(self, text: str) -> bool:
        """Whether it is worth looking closer at `text`."""
        return (
            may_hold_secret(text)
            or self._rules.has_own_patterns
            or any(secret in text for secret in tuple(self._secrets))
        )

    @property
    def known_names(self) -> set[str] | frozenset[str]:
        """Names that were met and are harmless, whatever they name; none where a policy asks about each value."""
        return self._rules.harmless_names if not self._rules.also else frozenset()

    @property
    def looks_at_names(self) -> bool:
        """Whether a harmless name may still hold a secret: one that is known by its text."""
        return bool(self._secrets)

    def is_harmless(self, texts: Collection[str]) -> bool:
        """Whether `clean` would find nothing in a value with known names and these texts of `SHORTEST` and more."""
        kinds = self._rules.node_classes
        if any(len(kind) < SHORTEST for kind in kinds):
            return False
        # Short ones together, long ones one by one: what is worth a look in one would be looked for in all of them.
        short = [text for text in texts if len(text) <= LONGEST_KIND]
        long = [text for text in texts if len(text) > LONGEST_KIND]
        return kinds.isdisjoint(short) and not any(map(self.is_suspicious, ["\n".join(short), *long]))

    def clean(self, value: Any, path: Path = None, replace_long: Callable[[str], Any] | None = None) -> Any:
        """A JSON value without secrets. Its dicts and lists are changed in place: hand over nobody else's.

        Strings of 1,024 characters or more are offered to `replace_long`, which may give something else for them.
        """
        rules, secrets = self._rules, self._secrets
        known_names = rules.harmless_names if not rules.also else set()
        look_at_all = rules.has_own_patterns or bool(secrets)
        holder = [value]
        # Not recursive: a body may be nested deeper than the caller's stack has room.
        waiting: list[tuple[Any, Path]] = [(holder, path)]
        while waiting:
            container, where = waiting.pop()
            # Most objects have names that were seen before: one step in C, and 0.2 instead of 3 µs.
            if type(container) is dict and (
                not known_names.issuperset(container) or look_at_all or _kind_of(container) in rules.node_classes
            ):
                self._clean_names(container, where)
            for key, entry in container.items() if type(container) is dict else enumerate(container):
                kind = type(entry)
                if kind is str:
                    if (size := len(entry)) >= SHORTEST and (size >= 1024 or look_at_all or may_hold_secret(entry)):
                        here = where if container is holder else (key, where)
                        container[key] = self._clean_text(entry, here, replace_long)
                elif (kind is dict or kind is list) and entry:
                    waiting.append((entry, where if container is holder else (key, where)))
        return holder[0]

    def _clean_text(self, text: str, path: Path, replace_long: Callable[[str], Any] | None) -> Any:
        if len(text) >= 1024 and replace_long is not None:
            other = replace_long(text)
            if other is not text:
                return other
        return self.text(text, path)

    def _clean_names(self, container: dict[str, Any], where: Path) -> None:
        """Remove what its name gives away, and what is odd about the names themselves."""
        if _kind_of(container) in self._rules.node_classes:
            self._clear_inputs(container, where)
        for key, value in tuple(container.items()):
            if self._is_secret_entry(key, value, container):
                container[key] = self._remove(key, value, (key, where))
            elif len(key) >= SHORTEST and self.is_suspicious(key):
                container[self.text(key, where)] = container.pop(key)
            elif not self._rules.is_secret(key):
                self._rules.note_harmless(key)

    def _is_secret_entry(self, name: str, value: Any, container: dict[str, Any]) -> bool:
        if value is None or value is True or value is False or value == "" or _is_link(value):
            return False
        # OpenAI's logprobs: {"token": "Hello", "logprob": -0.1}
        return self._is_named_secret(name, value) and not (name == "token" and "logprob" in container)

    def _is_named_secret(self, name: str, value: Any) -> bool:
        rules = self._rules
        return rules.is_secret(name) or (bool(rules.also) and any(ask(name, value) for ask in rules.also))

    def _clear_inputs(self, node: dict[str, Any], path: Path) -> None:
        for part in ("inputs", "widgets_values"):
            inputs = node.get(part)
            if type(inputs) is not dict and type(inputs) is not list:
                continue
            for key, value in list(inputs.items() if type(inputs) is dict else enumerate(inputs)):
                if type(value) is str:
                    inputs[key] = self._remove(f"{part}.{key}", value, (key, (part, path)))

    def _remove(self, name: str, value: Any, path: Path) -> str:
        self._secrets.update(secret for secret in _texts_of(value) if len(secret) >= 8)
        return self._note(name.lower(), path)

    def _note(self, name: str, path: Path) -> str:
        if path is not None:
            where = ".".join(_steps(path))
            self.removed.append(self.text(where) if self.is_suspicious(where) else where)
        return marker(name)

    def _replace(self, found: re.Match[str], name: str, path: Path) -> str:
        keep = found.groupdict().get("keep") or ""
        if "[removed: " in found[0]:
            return found[0].removesuffix("@") if name == "userinfo" else found[0]
        return keep + self._remove(name, found[0][len(keep) :].removesuffix("@"), path)

    def _parameter(self, found: re.Match[str], path: Path) -> str:
        name = unquote_plus(found["name"])
        if not self._rules.is_secret_in_url(name) or found[0].endswith("=[removed:"):
            return found[0]
        value = found[0][len(found["keep"]) :]
        return found["keep"] + self._remove(name, [value, unquote_plus(value)], (name, ("query", path)))

    def _label(self, found: re.Match[str], path: Path) -> str:
        name, keep = found["name"] or found["name_"], found["keep"] or found["keep_"]
        value = found[0][len(keep) :]
        if not self._rules.is_secret(name) or "[removed:" in value or value.strip("\"'") == "":
            return found[0]
        return (
            keep
            + '"' * value.startswith('"')
            + self._remove(name, value.strip("\"'"), path)
            + '"' * value.endswith('"')
        )


def _is_link(value: Any) -> bool:
    """Whether a graph says that an input comes from another node: `["115:110", 0]`."""
    if type(value) is not list or len(value) != 2:
        return False
    node_id, output = value
    return type(node_id) is str and len(node_id) <= 24 and type(output) is int and 0 <= output < 100


def _kind_of(node: dict[str, Any]) -> str | None:
    """The class of a ComfyUI node: in a graph for the API, or in one that the editor saved."""
    kind = node.get("class_type") or node.get("type")
    return kind if type(kind) is str else None


def _steps(path: Path) -> list[str]:
    steps = []
    while path is not None:
        key, path = path
        steps.append(str(key)[:100])
    return steps[::-1]


def _texts_of(value: Any) -> Iterator[str]:
    """The texts in a removed value, and the parts of each by which an answer may repeat it."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if type(part) is str:
            yield part
            yield from _parts_of(part)
        elif type(part) is dict:
            waiting.extend(part.values())
        elif type(part) is list:
            waiting.extend(part)


def _parts_of(secret: str) -> Iterator[str]:
    """`abc` of `Bearer abc`, `name=abc; …` and `user:abc`, also where that stands as base64."""
    scheme, space, credentials = secret.partition(" ")
    if space and " " not in credentials:
        yield credentials
        if scheme.lower() == "basic":
            with contextlib.suppress(ValueError):
                yield b64decode(credentials).decode().partition(":")[2]
    for pair in secret.split(";"):
        yield from (pair.partition(mark)[2].strip() for mark in "=:")
