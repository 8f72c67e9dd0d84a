"""Which parts of what is recorded are secrets, and what stands in the record instead.

    Authorization: Bearer 0123…      →  [removed: authorization]
    https://me:pass@host/?key=abc    →  https://[removed: userinfo]@host/?key=[removed: key]
    {"inputs": {"api_key": "abc"}}   →  {"inputs": {"api_key": "[removed: api_key]"}}

A removed value leaves its name and its place (`redacted`), never itself. This happens before anything is frozen.
"""

from __future__ import annotations

import contextlib
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote_plus

from otel_tracking.secrets.labels import Labelled, without_labelled
from otel_tracking.secrets.rules import DEFAULT_POLICY, RedactionPolicy, rules_of
from otel_tracking.secrets.shapes import QUERY, SHORTEST, USERINFO, Shape
from otel_tracking.secrets.unread import Suspicion

__all__ = ["DEFAULT_POLICY", "Redaction", "RedactionPolicy", "marker", "redact_text"]


def marker(name: str) -> str:
    """What stands where a secret was."""
    return f"[removed: {name}]"


def redact_text(text: str) -> str:
    """`text` (a URL, an error's message) without what the default policy takes for a secret.

    >>> redact_text("401 for url 'https://me:pw@api.example/v1?api_key=abc'")
    "401 for url 'https://[removed: userinfo]@api.example/v1?api_key=[removed: api_key]'"
    """
    return Redaction(DEFAULT_POLICY).text(text)


Path = tuple[Any, Any] | None
"""Where a value stands: its key and the path of what it is in; made into text only where something is removed."""


class Redaction:
    """Removes secrets from the parts of one exchange and remembers where (`removed`); in memory also what, so that an
    answer that repeats a secret does not bring it into the record. `secrets` are those known so far, to be added to.
    """

    def __init__(self, policy: RedactionPolicy = DEFAULT_POLICY, secrets: set[str] | None = None) -> None:
        self._rules = rules_of(policy)
        self.removed: list[str] = []
        self._secrets = set() if secrets is None else secrets

    def beside(self, secrets: set[str] | None = None) -> Redaction:
        """One for another part of the same exchange: it knows the same secrets, unless it is told which it knows."""
        other = object.__new__(Redaction)
        other._rules, other.removed = self._rules, []
        other._secrets = self._secrets if secrets is None else secrets
        return other

    def on_trial(self) -> Redaction:
        """One that finds the same, and of which nobody else hears what."""
        return self.beside(set(self._secrets))

    def headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Headers by lower-case name; what came several times is a list."""
        kept: dict[str, Any] = {}
        plain, secrets = self._rules.plain, self._secrets
        is_secret, also = self._rules.names.is_secret, bool(self._rules.also)
        for name, value in headers:
            name = name.lower()
            is_worth_a_look = len(value) >= SHORTEST and (secrets or value not in plain)
            if is_worth_a_look or is_secret(name) or (also and self.is_named_secret(name, value)):
                value = self.named(name, value, (name, ("headers", None)))
            if name in kept:
                before = kept[name]
                kept[name] = [*before, value] if isinstance(before, list) else [before, value]
            else:
                kept[name] = value
        return kept

    def named(self, name: str, value: str, path: Path) -> str:
        """The text `value` of something called `name`, or its marker."""
        if value and self.is_named_secret(name, value):
            return self.remove(name, value, path)
        return self.text(value, path)

    def text(self, text: str, path: Path = None, *, labelled: bool = False) -> str:
        """`text` without secret parts of URLs, and without what looks like a secret or is named as one.

        `labelled` text may hold `"password": 4711` or `token=x`, as JSON that cannot be read and forms do.
        """
        if not labelled and not self.is_suspicious(text):
            return text
        found = self._rules.search.found_in(text)
        for shape in self._rules.shapes_for(found):
            text = self._without_shape(shape, text, path)
        if "@" in text:
            text = USERINFO.sub(lambda found: self._replace(found, "userinfo", path) + "@", text)
        if "=" in text:
            text = QUERY.sub(lambda found: self._parameter(found, path), text)
        if labelled or self._rules.may_name_secret(found):
            text = without_labelled(text, self._rules.names, lambda found: self._label(found, path), broken=labelled)
        return self._without_repeated(text, path)

    def is_suspicious(self, text: str) -> bool:
        """Whether it is worth looking closer at `text`."""
        return not self._rules.is_plain(text) or any(secret in text for secret in tuple(self._secrets))

    def suspicion(self, raw: bytes) -> Suspicion:
        """How likely it is that `clean` finds something in the value of a JSON text, which is searched unread."""
        rules = self._rules
        return Suspicion.UNCLEAR if rules.looks_at_everything else rules.unread.suspicion(raw, tuple(self._secrets))

    def _without_shape(self, shape: Shape, text: str, path: Path) -> str:
        def replace(found: re.Match[str]) -> str:
            is_one = shape.is_one is None or shape.is_one(found[0])
            return self._replace(found, "secret", path) if is_one else found[0]

        return shape.pattern.sub(replace, text)

    def _without_repeated(self, text: str, path: Path) -> str:
        # The longest first: one may be a part of another.
        for secret in sorted(self._secrets, key=len, reverse=True):
            if secret in text:
                text = text.replace(secret, self._note("repeated secret", path))
        return text

    def clean(self, value: Any, path: Path = None, replace_long: Callable[[str], Any] | None = None) -> Any:
        """A JSON value without secrets. Its dicts and lists are changed in place: hand over nobody else's.

        Strings of 1,024 characters or more are offered to `replace_long`, which may give something else for them.
        """
        rules, secrets = self._rules, self._secrets
        known_names = rules.names.harmless if not rules.also else set()
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
                self.clean_names(container, where)
            for key, entry in container.items() if type(container) is dict else enumerate(container):
                kind = type(entry)
                if kind is str:
                    if (size := len(entry)) >= SHORTEST and (size >= 1024 or look_at_all or self.is_suspicious(entry)):
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

    def clean_names(self, container: dict[Any, Any], where: Path) -> None:
        """Remove from a dict what its names give away, and what is odd about the names themselves."""
        if _kind_of(container) in self._rules.node_classes:
            self._clear_inputs(container, where)
        for key, value in tuple(container.items()):
            if type(key) is not str:
                continue
            if self._is_secret_entry(key, value, container):
                container[key] = self.remove(key, value, (key, where))
            elif len(key) >= SHORTEST and self.is_suspicious(key):
                container[self.text(key, where)] = container.pop(key)
            elif not self._rules.names.is_secret(key):
                self._rules.names.note_harmless(key)

    def _is_secret_entry(self, name: str, value: Any, container: dict[Any, Any]) -> bool:
        is_empty = type(value) in (str, bytes, list, tuple, dict, set, frozenset) and not value
        if value is None or value is True or value is False or is_empty or _is_link(value):
            return False
        # OpenAI's logprobs: {"token": "Hello", "logprob": -0.1}
        return self.is_named_secret(name, value) and not (name == "token" and "logprob" in container)

    def is_named_secret(self, name: str, value: Any) -> bool:
        """Whether something called `name` is a secret."""
        rules = self._rules
        return rules.names.is_secret(name) or (bool(rules.also) and any(ask(name, value) for ask in rules.also))

    def is_header(self, name: str) -> bool:
        """Whether `name`, the first of two texts, is that of a header or key whose value is a secret."""
        return self._rules.names.is_header(name)

    def _clear_inputs(self, node: dict[Any, Any], path: Path) -> None:
        for part in ("inputs", "widgets_values"):
            inputs = node.get(part)
            if type(inputs) is not dict and type(inputs) is not list:
                continue
            for key, value in list(inputs.items() if type(inputs) is dict else enumerate(inputs)):
                if type(value) is str:
                    inputs[key] = self.remove(f"{part}.{key}", value, (key, (part, path)))

    def remove(self, name: str, value: Any, path: Path) -> str:
        """The marker of a secret, which is remembered."""
        if type(value) is str and _MARKED.fullmatch(value):
            return value
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
        return keep + self.remove(name, found[0][len(keep) :].removesuffix("@"), path)

    def _parameter(self, found: re.Match[str], path: Path) -> str:
        name = unquote_plus(found["name"])
        if not self._rules.names.is_secret_in_url(name) or found[0].endswith("=[removed:"):
            return found[0]
        value = found[0][len(found["keep"]) :]
        return found["keep"] + self.remove(name, [value, unquote_plus(value)], (name, ("query", path)))

    def _label(self, found: Labelled, path: Path) -> str:
        inner = found.value.strip("\\\"'")
        before, _, after = found.value.partition(inner)
        return found.keep + before + self.remove(found.name, inner, path) + after


_MARKED = re.compile(r"\[removed: [^\]]*\]")


def _is_link(value: Any) -> bool:
    """Whether a graph says that an input comes from another node: `["115:110", 0]`."""
    if type(value) is not list or len(value) != 2:
        return False
    node_id, output = value
    return type(node_id) is str and len(node_id) <= 24 and type(output) is int and 0 <= output < 100


def _kind_of(node: dict[Any, Any]) -> str | None:
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
        elif type(part) in (list, tuple):
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
