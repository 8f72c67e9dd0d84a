"""Which parts of a request or answer are secrets, and what stands in the record instead.

    Authorization: Bearer 0123…      →  [removed: authorization]
    https://me:pass@host/?key=abc    →  https://[removed: userinfo]@host/?key=[removed: key]
    {"inputs": {"api_key": "abc"}}   →  {"inputs": {"api_key": "[removed: api_key]"}}

A removed value leaves its name and its place (`redacted`), never itself. This happens before anything is frozen.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from otel_tracking.secret_shapes import LABELLED, QUERY, USERINFO, Rules


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

Path = tuple[Any, Any] | None
"""Where a value stands: its key and the path of what it is in; made into text only where something is removed."""


class Redaction:
    """Removes secrets from the parts of one exchange and remembers where (`removed`); in memory also what, so that an
    answer that repeats a secret of its request does not bring it into the record.
    """

    def __init__(self, policy: RedactionPolicy = DEFAULT_POLICY) -> None:
        self._rules = _rules_of(policy)
        self.removed: list[str] = []
        self._secrets: set[str] = set()

    def following(self) -> Redaction:
        """A redaction for the answer: it knows the request's secrets, and lists its own places."""
        other = Redaction.__new__(Redaction)
        other._rules, other.removed, other._secrets = self._rules, [], self._secrets
        return other

    def headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Headers by lower-case name; what came several times is a list."""
        kept: dict[str, Any] = {}
        for name, value in headers:
            name = name.lower()
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
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, self._note("repeated secret", path))
        for pattern in self._rules.patterns:
            text = pattern.sub(lambda found: self._replace(found, "secret", path), text)
        if "@" in text:
            text = USERINFO.sub(lambda found: self._replace(found, "userinfo", path) + "@", text)
        if "=" in text:
            text = QUERY.sub(lambda found: self._parameter(found, path), text)
        return LABELLED.sub(lambda found: self._label(found, path), text) if labelled else text

    def is_suspicious(self, text: str) -> bool:
        """Whether it is worth looking closer at `text`."""
        return (
            any(hint in text for hint in self._rules.hints)
            or ("=" in text and "?" in text)
            or any(secret in text for secret in self._secrets)
        )

    def clean(self, value: Any, path: Path = None, replace_long: Callable[[str], Any] | None = None) -> Any:
        """A JSON value without secrets. Its dicts and lists are changed in place: hand over nobody else's.

        Strings of 1,024 characters or more are offered to `replace_long`, which may give something else for them.
        """
        holder = [value]
        # Not recursive: a body may be nested deeper than the caller's stack has room.
        waiting: list[tuple[Any, Path]] = [(holder, None)]
        while waiting:
            container, where = waiting.pop()
            entries = container.items() if type(container) is dict else enumerate(container)
            odd_keys = []
            inputs_are_secret = type(container) is dict and self._is_secret_node(container)
            for key, entry in entries:
                here = path if container is holder else (key, where or path)
                kind = type(entry)
                if type(key) is str:
                    if self._is_secret_entry(key, entry, container):
                        container[key] = self._remove(key, entry, here)
                        continue
                    if len(key) > 10 and self.is_suspicious(key):
                        odd_keys.append(key)
                if kind is str:
                    container[key] = self._clean_text(entry, here, replace_long)
                elif kind is dict or kind is list:
                    waiting.append((entry, here))
            if inputs_are_secret:
                self._clear_inputs(container, where or path)
            for key in odd_keys:
                container[self.text(key, where or path)] = container.pop(key)
        return holder[0]

    def _clean_text(self, text: str, path: Path, replace_long: Callable[[str], Any] | None) -> Any:
        if len(text) >= 1024 and replace_long is not None:
            other = replace_long(text)
            if other is not text:
                return other
        return self.text(text, path) if self.is_suspicious(text) else text

    def _is_secret_entry(self, name: str, value: Any, container: dict[str, Any]) -> bool:
        if value is None or value is True or value is False or value == "":
            return False
        # OpenAI's logprobs: {"token": "Hello", "logprob": -0.1}
        return self._is_named_secret(name, value) and not (name == "token" and "logprob" in container)

    def _is_named_secret(self, name: str, value: Any) -> bool:
        return self._rules.is_secret(name) or any(ask(name, value) for ask in self._rules.also)

    def _is_secret_node(self, node: dict[str, Any]) -> bool:
        kind = node.get("class_type", node.get("type"))
        return type(kind) is str and kind in self._rules.node_classes

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


def _steps(path: Path) -> list[str]:
    steps = []
    while path is not None:
        key, path = path
        steps.append(str(key)[:100])
    return steps[::-1]


def _texts_of(value: Any) -> Iterator[str]:
    """The texts in a removed value, and the last word of each: an answer may repeat `abc` of `Bearer abc`."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if type(part) is str:
            yield from (part, part.rsplit(None, 1)[-1] if part.strip() else part)
        elif type(part) is dict:
            waiting.extend(part.values())
        elif type(part) is list:
            waiting.extend(part)
