"""HTTP clients as people use them, who know nothing of capture: each fetches an answer, whole or piece by piece."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import httpx2
import requests
import urllib3

Fetch = Callable[[str, Any, bool], bytes]

JSON = {"content-type": "application/json"}


def with_bare_requests(url: str, body: Any, stream: bool) -> bytes:
    """`requests.post`, as the server calls its backends."""
    answer = requests.post(url, json=body, stream=stream, timeout=60)
    return b"".join(answer.iter_content(16)) if stream else answer.content


def with_a_session(url: str, body: Any, stream: bool) -> bytes:
    """A session of requests."""
    with requests.Session() as session, session.post(url, json=body, stream=stream, timeout=60) as answer:
        return b"".join(line + b"\n" for line in answer.iter_lines()) if stream else answer.content


def with_plain_httpx(library: Any) -> Fetch:
    """A client of httpx or httpx2."""

    def fetch(url: str, body: Any, stream: bool) -> bytes:
        with library.Client(timeout=60) as client:
            if not stream:
                return bytes(client.post(url, json=body).content)
            with client.stream("POST", url, json=body) as answer:
                return b"".join(answer.iter_bytes(16))

    return fetch


def with_plain_async_httpx(library: Any) -> Fetch:
    """An async one."""

    async def work(url: str, body: Any, stream: bool) -> bytes:
        async with library.AsyncClient(timeout=60) as client:
            if not stream:
                return bytes((await client.post(url, json=body)).content)
            async with client.stream("POST", url, json=body) as answer:
                return b"".join([chunk async for chunk in answer.aiter_bytes(16)])

    return lambda url, body, stream: asyncio.run(work(url, body, stream))


def with_aiohttp(url: str, body: Any, stream: bool) -> bytes:
    """A session for each call, as the server has it."""

    async def work() -> bytes:
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
            if not stream:
                return await answer.read()
            return b"".join([chunk async for chunk in answer.content.iter_any()])

    return asyncio.run(work())


def with_aiohttp_by_lines(url: str, body: Any, stream: bool) -> bytes:
    """The same, read line by line, or as JSON."""

    async def work() -> bytes:
        async with aiohttp.ClientSession() as session:
            answer = await session.post(url, data=json.dumps(body).encode(), headers=JSON)
            if not stream:
                return (await answer.text()).encode()
            return b"".join([line async for line in answer.content])

    return asyncio.run(work())


def with_urllib3(url: str, body: Any, stream: bool) -> bytes:
    """A pool manager of urllib3."""
    with urllib3.PoolManager() as pool:
        answer = pool.request("POST", url, json=body, preload_content=not stream, timeout=60)
        return b"".join(answer.stream(16)) if stream else answer.data


def with_urllib(url: str, body: Any, stream: bool) -> bytes:
    """`urlopen` of the standard library."""
    request = urllib.request.Request(url, json.dumps(body).encode(), JSON)
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return b"".join(answer) if stream else answer.read()


PLAIN_CLIENTS: dict[str, Fetch] = {
    "requests, bare": with_bare_requests,
    "requests, a session": with_a_session,
    "httpx": with_plain_httpx(httpx),
    "httpx, async": with_plain_async_httpx(httpx),
    "httpx2": with_plain_httpx(httpx2),
    "httpx2, async": with_plain_async_httpx(httpx2),
    "aiohttp": with_aiohttp,
    "aiohttp, by lines": with_aiohttp_by_lines,
    "urllib3": with_urllib3,
    "urllib": with_urllib,
}
