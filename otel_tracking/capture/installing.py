"""Record what leaves the process inside of runs, whichever client sends it: one line, and another to undo it.

    from otel_tracking import capture
    capture.install()

Nobody's client is replaced: methods of the clients' classes are wrapped, those of packages that are imported later when
they are. Outside of a run's `with` block a wrapped method asks one question and goes on.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from wrapt import register_post_import_hook

from otel_tracking.capture.current import current_call
from otel_tracking.capture.own_call import OwnCall
from otel_tracking.capture.passing import is_recorded
from otel_tracking.capture.settings import DEFAULT_CAPTURE, CaptureSettings
from otel_tracking.scopes import CallingScope
from otel_tracking.surroundings import blocks, surrounding

Wrap = Callable[[Any], Any]
"""Makes, of a method, the one that is put in its place."""


class Client(NamedTuple):
    """A row of the table: a package, the module whose import it is, and where its methods are wrapped.

    `records` and `leaves_out` say what is recorded of it, for people.
    """

    name: str
    module: str
    home: str
    records: str
    leaves_out: str = ""


CLIENTS = (
    Client("httpx", "httpx", "httpx_client", "every request of its own transports, sync and async"),
    Client("httpx2", "httpx2", "httpx_client", "the same: openai and anthropic use it"),
    Client("requests", "requests.adapters", "requests_client", "sessions and bare calls"),
    Client("urllib3", "urllib3.connectionpool", "urllib3_client", "every request of a pool: boto3 uses it"),
    Client("urllib", "urllib.request", "urllib_client", "`urlopen` and openers"),
    Client(
        "aiohttp", "aiohttp.client", "aiohttp_client", "every session, also one for each request; sockets' messages"
    ),
    Client("websockets", "websockets.asyncio.client", "websockets_client", "messages of asyncio's connections"),
    Client("websockets (sync)", "websockets.sync.client", "websockets_client", "messages of sync connections"),
    Client("geventhttpclient", "geventhttpclient.client", "gevent_client", "every request: tritonclient uses it"),
    Client("threads", "threading", "thread_client", "threads begun in a call work for it"),
    Client("executors", "concurrent.futures.thread", "thread_client", "what is handed to one works for the call"),
    Client("asyncio.to_thread", "asyncio", "thread_client", "the same"),
    Client(
        "everything else",
        "socket",
        "socket_client",
        "that a connection was opened by a client that is not recorded",
        "what went over it; connections that were open before; clients that are no Python, such as gRPC's",
    ),
)
"""What `install` records, row by row. Whoever stands on one of these is recorded by it: openai, anthropic, ollama,
litellm, boto3, tritonclient."""


class _State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_on = False
        self.capture = DEFAULT_CAPTURE
        self.wrapped: dict[tuple[int, str], tuple[Any, str, Any, Any]] = {}
        self.hooked: set[str] = set()


_state = _State()


def install(capture: CaptureSettings | None = None) -> None:
    """From now on, record what clients send and are told in the `with` block of a backend call, on that call; in that
    of a run, a stage or a hop without one, on a call that is opened for the request.

    Calling it again changes the settings alone. Never raises because of a client that is not as it was expected: that
    one is not recorded, and a call during which it is used says so where it can.
    """
    with _state.lock:
        _state.capture = capture or DEFAULT_CAPTURE
        _state.is_on = blocks.are_current = True
        for client in CLIENTS:
            if client.module in _state.hooked:
                _wrap_again(client)
            else:
                _state.hooked.add(client.module)
                register_post_import_hook(functools.partial(_imported, client), client.module)


def uninstall() -> None:
    """Undo `install`. A method that somebody else has wrapped since then stays as it is, and only passes on."""
    with _state.lock:
        _state.is_on = blocks.are_current = False
        for owner, name, original, wrapper in _state.wrapped.values():
            if vars(owner).get(name) is not wrapper:
                continue
            if original is None:  # it was that of a class above
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        _state.wrapped.clear()


def is_installed() -> bool:
    """Whether clients are recorded by themselves."""
    return _state.is_on


def settings() -> CaptureSettings:
    """What was said to `install`."""
    return _state.capture


def calling() -> Any:
    """The call that what leaves now is to be recorded on, or one of its own where a run is under way and no call is.

    None where neither is, or it is recorded already.
    """
    if not _state.is_on:
        return None
    try:
        return None if is_recorded() else _call_here()
    except Exception:  # whatever is the matter, the request leaves
        return None


def _call_here() -> Any:
    call = current_call()
    if call is not None:
        return None if call.ended else call
    scope = surrounding(CallingScope)
    return None if scope is None or scope.ended else OwnCall(scope)


def wrap(owner: Any, name: str, make: Wrap) -> None:
    """Put another method in the place of one, once; how to undo that is kept."""
    key = (id(owner), name)
    if key in _state.wrapped:
        return
    original = vars(owner).get(name)
    wrapper = functools.wraps(getattr(owner, name))(make(getattr(owner, name)))
    setattr(owner, name, wrapper)
    _state.wrapped[key] = (owner, name, original, wrapper)


def _imported(client: Client, module: Any) -> None:
    if _state.is_on:
        _wrap_client(client, module)


def _wrap_again(client: Client) -> None:
    if (module := sys.modules.get(client.module)) is not None:
        _wrap_client(client, module)


def _wrap_client(client: Client, module: Any) -> None:
    # A package of a version that nobody has seen yet: without its recording, but as it is.
    with contextlib.suppress(Exception):
        home = importlib.import_module(f"otel_tracking.capture.clients.{client.home}")
        home.wrap_all(module)
