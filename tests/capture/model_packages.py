"""The packages that pipelines ask models with, each with a client whose requests a call records."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import anthropic
import httpx
import httpx2
import ollama
import openai

from otel_tracking.capture import CapturingTransport
from otel_tracking.scopes import BackendCall
from tests.model_servers import AnthropicServer, OllamaServer, OpenAIServer

KEY = "sk-test-0123456789abcdef"
ANTHROPIC_KEY = "sk-ant-test-0123456789"
ASKED = [{"role": "user", "content": "Eine blaue Blume <auf> der Wiese, 花"}]
ANSWER = f"{ASKED[0]['content']}!"

Ask = Callable[[BackendCall, str, bool], str]


class Package(NamedTuple):
    """A package with one of its clients: its server, how it asks, and where the text of its answer is in the record."""

    server: Callable[[], Any]
    ask: Ask
    text_of: Callable[[Any], str]


def a_key() -> Any:
    return OpenAIServer(key=KEY)


def _text_of_chat(body: Any) -> str:
    return str(body["choices"][0]["message"]["content"])


def with_openai(make_client: Callable[[BackendCall], Any]) -> Ask:
    """The openai package, with a client made for the call."""

    def ask(call: BackendCall, url: str, stream: bool) -> str:
        with make_client(call) as http_client:
            client = openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, http_client=http_client, max_retries=0)
            answer: Any = client.chat.completions.create(model="gpt-7", messages=ASKED, seed=7, stream=stream)
            if not stream:
                return str(answer.choices[0].message.content)
            return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)

    return ask


def with_async_openai(make_client: Callable[[BackendCall], Any]) -> Ask:
    """The same, async."""

    async def work(call: BackendCall, url: str, stream: bool) -> str:
        async with make_client(call) as http_client:
            client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, http_client=http_client, max_retries=0)
            answer: Any = await client.chat.completions.create(model="gpt-7", messages=ASKED, seed=7, stream=stream)
            if not stream:
                return str(answer.choices[0].message.content)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices])

    return lambda call, url, stream: asyncio.run(work(call, url, stream))


def with_ollama(call: BackendCall, url: str, stream: bool) -> str:
    """The ollama package."""
    client = ollama.Client(host=url, transport=call.transport(), headers={"authorization": f"Bearer {KEY}"})
    answer: Any = client.chat("mistral-nemo:latest", messages=ASKED, options={"seed": 7}, stream=stream)
    return "".join(part.message.content for part in answer) if stream else str(answer.message.content)


def with_async_ollama(call: BackendCall, url: str, stream: bool) -> str:
    """The same, async."""

    async def work() -> str:
        client = ollama.AsyncClient(host=url, transport=call.transport(), headers={"authorization": f"Bearer {KEY}"})
        answer: Any = await client.chat("mistral-nemo:latest", messages=ASKED, stream=stream)
        return "".join([part.message.content async for part in answer]) if stream else str(answer.message.content)

    return asyncio.run(work())


def with_anthropic(call: BackendCall, url: str, stream: bool) -> str:
    """The anthropic package."""
    http_client = httpx2.Client(transport=call.transport())
    client = anthropic.Anthropic(base_url=url, api_key=ANTHROPIC_KEY, http_client=http_client, max_retries=0)
    asked: Any = {"model": "claude-7", "max_tokens": 64, "messages": ASKED}
    if not stream:
        return str(client.messages.create(**asked).content[0].text)
    with client.messages.stream(**asked) as answer:
        return "".join(answer.text_stream)


def with_async_anthropic(call: BackendCall, url: str, stream: bool) -> str:
    """The same, async."""

    async def work() -> str:
        http_client = httpx2.AsyncClient(transport=call.transport())
        client = anthropic.AsyncAnthropic(base_url=url, api_key=ANTHROPIC_KEY, http_client=http_client, max_retries=0)
        asked: Any = {"model": "claude-7", "max_tokens": 64, "messages": ASKED}
        if not stream:
            return str((await client.messages.create(**asked)).content[0].text)
        async with client.messages.stream(**asked) as answer:
            return "".join([text async for text in answer.text_stream])

    return asyncio.run(work())


def with_litellm(model: str, path: str) -> Ask:
    """The litellm package, which keeps one client for all its calls."""

    def ask(call: BackendCall, url: str, stream: bool) -> str:
        # Without this it asks the network for a list of prices when it is imported.
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm
        from litellm.llms.custom_httpx.http_handler import HTTPHandler

        with httpx.Client(transport=CapturingTransport(), timeout=60) as session, call.current():
            litellm.client_session, before = session, litellm.client_session
            asked: Any = {"client": HTTPHandler(client=session)} if path == "" else {}
            try:
                answer: Any = litellm.completion(
                    model=model, messages=ASKED, api_base=url + path, api_key=KEY, stream=stream, **asked
                )
                if not stream:
                    return str(answer.choices[0].message.content)
                return "".join(chunk.choices[0].delta.content or "" for chunk in answer)
            finally:
                litellm.client_session = before

    return ask


PACKAGES = {
    "openai": Package(
        a_key, with_openai(lambda call: openai.DefaultHttpxClient(transport=call.transport())), _text_of_chat
    ),
    "openai with httpx2's transport": Package(
        a_key, with_openai(lambda call: httpx2.Client(transport=call.transport(httpx2.HTTPTransport()))), _text_of_chat
    ),
    "openai with httpx": Package(
        a_key, with_openai(lambda call: httpx.Client(transport=call.transport())), _text_of_chat
    ),
    "async openai": Package(
        a_key, with_async_openai(lambda call: httpx2.AsyncClient(transport=call.transport())), _text_of_chat
    ),
    "async openai with httpx2's transport": Package(
        a_key,
        with_async_openai(lambda call: httpx2.AsyncClient(transport=call.transport(httpx2.AsyncHTTPTransport()))),
        _text_of_chat,
    ),
    "async openai with httpx": Package(
        a_key,
        with_async_openai(lambda call: httpx.AsyncClient(transport=call.transport(httpx.AsyncHTTPTransport()))),
        _text_of_chat,
    ),
    "ollama": Package(OllamaServer, with_ollama, lambda body: str(body["message"]["content"])),
    "async ollama": Package(OllamaServer, with_async_ollama, lambda body: str(body["message"]["content"])),
    "anthropic": Package(AnthropicServer, with_anthropic, lambda body: str(body["content"][0]["text"])),
    "async anthropic": Package(AnthropicServer, with_async_anthropic, lambda body: str(body["content"][0]["text"])),
    "litellm to openai": Package(a_key, with_litellm("openai/gpt-7", "/v1"), _text_of_chat),
    "litellm to ollama": Package(
        OllamaServer, with_litellm("ollama_chat/mistral-nemo:latest", ""), lambda body: str(body["message"]["content"])
    ),
}
"""By a name for each."""
