"""Plan a replay: what would be sent again for each recorded attempt, or why it cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from devserver.engines import InputImage
from devserver.replay.bodies import make_body
from devserver.replay.calls import answered_body, is_http, recorded_calls, said_of
from devserver.replay.engines import EmbeddedEngines
from devserver.replay.follow import old_name_in, texts_in
from devserver.replay.model import CannotRepeat, EngineCall, HttpRequest, Step, Wishes
from devserver.replay.secrets import Secrets, host_of
from devserver.replay.seeds import with_seed
from otel_tracking import ExecutionRecord, ItemType, SpanRecord
from otel_tracking.capture.propagation import is_loopback

NEW_EACH_TIME = frozenset({*("host", "content-length", "transfer-encoding"), *("traceparent", "tracestate", "baggage")})
"""Headers of the connection and the trace, not of the request."""

NO_SEED = "there is no seed in it"


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans replays with the secrets and the engines of this machine."""

    wishes: Wishes
    secrets: Secrets
    engines: EmbeddedEngines

    def plan(self, record: ExecutionRecord) -> tuple[Step, ...]:
        """A step for each attempt that is wished, in the recorded order. `record` has its media as attachments."""
        only = self.wishes.only
        steps = self._steps(record)
        return tuple(step for step in steps if not only or {step.label, step.label.partition("/")[0]} & set(only))

    def _steps(self, record: ExecutionRecord) -> Iterator[Step]:
        numbers: Counter[int] = Counter()
        for call, attempts in recorded_calls(record):
            given_out: set[str] = set()
            for span in attempts:
                stage = call.stage or 0
                numbers[stage] += 1
                step = Step(label=f"{stage}/{numbers[stage]}", span=span, call=call)
                yield self._prepared(step, record, given_out)
                given_out |= texts_in(answered_body(span))

    def _prepared(self, step: Step, record: ExecutionRecord, given_out: set[str]) -> Step:
        """The step with what is to be done, or with the obstacle."""
        try:
            if not is_http(step.span):
                return self._with_engine_call(step, record)
            return self._with_request(step, record.attachments, _old_name(step.span, given_out))
        except CannotRepeat as obstacle:
            return replace(step, obstacle=str(obstacle))
        except RecursionError:
            return replace(step, obstacle="what was passed is nested too deeply")

    def _with_engine_call(self, step: Step, record: ExecutionRecord) -> Step:
        passed = step.span.passed
        if passed == {}:
            return step
        if not isinstance(passed, dict):
            raise CannotRepeat("nothing was recorded as passed" if passed is None else "what was passed has no names")
        if self.wishes.seed is not None:
            passed, replaced = with_seed(passed, self.wishes.seed)
            step = step if replaced else _noted(step, NO_SEED)
        images = _images(passed.get("images", ()), record)
        todo = EngineCall(backend=str(step.call.backend_used), passed=passed, images=images)
        self.engines.require(todo)
        return replace(step, todo=todo)

    def _with_request(self, step: Step, media: Mapping[str, bytes], old: str | None) -> Step:
        passed, seed = step.span.passed, self.wishes.seed
        if old is not None and not self.wishes.follow:
            raise CannotRepeat(f"it asks for an old result ({old:.40}); --follow would ask for the new one")
        recorded_url = str(passed["url"])
        url = redirected(recorded_url, self.wishes.base_urls)
        _require_allowed(url, self.wishes.allowed_hosts)
        body = make_body(
            passed,
            media,
            seed=seed,
            seed_places=_seed_places(step.call) if step.span is step.call else (),
            put_secrets_back=lambda text: self.secrets.in_text(text, url),
        )
        request = HttpRequest(
            method=str(passed["method"]),
            url=self.secrets.in_url(url),
            shown_url=url,
            headers=tuple(self._headers(passed["headers"], url)),
            body=body.raw,
            is_exact=body.is_exact,
            asks_for=old,
        )
        moved = (f"it goes to {url} instead of {recorded_url}",) if url != recorded_url else ()
        seedless = (NO_SEED,) if seed is not None and body.is_exact and body.raw else ()
        return replace(_noted(step, *moved, *seedless, *body.notes), todo=request)

    def _headers(self, headers: Mapping[str, Any], url: str) -> Iterator[tuple[str, str]]:
        for name, value in headers.items():
            if name not in NEW_EACH_TIME:
                for each in value if isinstance(value, list) else [value]:
                    yield name, self.secrets.in_header(name, str(each), url)


def redirected(url: str, base_urls: Sequence[tuple[str, str]]) -> str:
    """A URL with its beginning replaced, where one of the pairs has it.

    >>> redirected("http://gpu:11434/api/chat", [("http://gpu:11434", "http://127.0.0.1:1234")])
    'http://127.0.0.1:1234/api/chat'
    """
    for old, new in base_urls:
        old = old.rstrip("/")
        rest = url.removeprefix(old)
        # http://gpu:1 is not the beginning of http://gpu:11434.
        if rest != url and rest[:1] in ("", "/", "?"):
            return new.rstrip("/") + rest
    return url


def _require_allowed(url: str, allowed: frozenset[str]) -> None:
    host = host_of(url)
    if not host or not url.lower().startswith(("http://", "https://")):
        raise CannotRepeat(f"{url!r:.100} is no address of a web server")
    if not is_loopback(host) and host not in allowed:
        raise CannotRepeat(f"{host} is not this machine; --allow-host {host} would send it")


def _old_name(span: SpanRecord, given_out: set[str]) -> str | None:
    """What a question names that an earlier answer gave out: it would be answered with the old result."""
    is_question = span.passed["method"] in ("GET", "HEAD")
    return old_name_in(str(span.passed["url"]), given_out) if is_question else None


def _seed_places(call: SpanRecord) -> list[str]:
    """Where in a body the run put its seed, as far as it says so: JSON pointers."""
    injected = call.facts.get("injected") if isinstance(call.facts, dict) else None
    places = injected.get("seed") if isinstance(injected, dict) else None
    return [str(place).removeprefix("/body") for place in places or () if str(place).startswith("/body/")]


def _images(names: Any, record: ExecutionRecord) -> tuple[InputImage, ...]:
    """The pictures of these names that a person handed in; raises where one is not in the data directory."""
    given = [item for item in record.items if item.item_type == ItemType.USER_INPUT_IMAGE]
    images = []
    for name in names:
        item = next((item for item in given if said_of(item, "filename") == name), None)
        content = record.attachments.get(str(item.media.sha256)) if item and item.media else None
        if item is None or item.media is None or content is None:
            raise CannotRepeat("a picture that it was handed is not in the data directory")
        given.remove(item)
        images.append(InputImage(str(name), content, str(item.media.type)))
    return tuple(images)


def _noted(step: Step, *notes: str) -> Step:
    return replace(step, notes=(*step.notes, *notes))
