"""Engines on model servers, for those servers that the settings name; and how to get the others.

Nothing is asked of a server before a run wants something of it, so that one which is switched off costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devserver.backends.servers import Provider
from devserver.engines import Maker, MediaCheck
from devserver.errors import SettingsError
from devserver.settings import COMFYUI_URL, MEDIA_CHECK_MODEL, OLLAMA_HOST, WIKIPEDIA_URL, Settings

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class RemoteEngines:
    """Makers by the name that configurations call them; `missing` says of each other name how to set it up."""

    makers: Mapping[str, Maker] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    check_media: MediaCheck | None = None


def wants_servers(settings: Settings) -> bool:
    """Whether any model server is set up."""
    return bool(settings.ollama_url or settings.comfyui_url or settings.wikipedia_url or _configured(settings))


def remote_engines(settings: Settings, client: httpx.Client | None = None) -> RemoteEngines:
    """The engines of the servers that are set up. `client` speaks to all of them; by default one that all share."""
    makers: dict[str, Maker] = {}
    missing = {name: f"set {variable} to its address" for name, variable in _ADDRESSES.items()}
    missing |= {
        name: f"put its key into the environment variable {provider.key_variable}"
        for provider in settings.providers
        for name in _names(provider)
    }
    if settings.ollama_url:
        from devserver.backends.ollama import Ollama

        makers["ollama"] = Ollama(settings.ollama_url, client=client)
        makers["ollama_generate"] = Ollama(settings.ollama_url, api="generate", client=client)
    if settings.comfyui_url:
        from devserver.backends.comfyui import ComfyUI

        makers["comfyui"] = ComfyUI(settings.comfyui_url, client=client)
    if settings.wikipedia_url:
        from devserver.backends.wikipedia import Wikipedia

        makers["wikipedia"] = Wikipedia(settings.wikipedia_url, client=client)
    for provider in _configured(settings):
        makers |= _of_provider(provider, settings.keys.get(provider.key_variable, ""), client)
    missing = {name: how for name, how in missing.items() if name not in makers}
    return RemoteEngines(makers, missing, _sight(settings, client))


_ADDRESSES = {"ollama": OLLAMA_HOST, "ollama_generate": OLLAMA_HOST, "comfyui": COMFYUI_URL, "wikipedia": WIKIPEDIA_URL}


def _configured(settings: Settings) -> list[Provider]:
    return [entry for entry in settings.providers if not entry.key_variable or entry.key_variable in settings.keys]


def _names(provider: Provider) -> tuple[str, str]:
    return provider.name, f"{provider.name}_images"


def _sight(settings: Settings, client: httpx.Client | None) -> MediaCheck | None:
    model = settings.media_check_model
    if model is None:
        return None
    if not settings.ollama_url:
        # Not in silence: whoever names a model counts on pictures being looked at.
        raise SettingsError(f"{MEDIA_CHECK_MODEL} is {model!r:.60}; {OLLAMA_HOST} must say where its server is")
    from devserver.backends.ollama_sight import OllamaSight

    return OllamaSight(settings.ollama_url, model, client=client)


def _of_provider(provider: Provider, key: str, client: httpx.Client | None) -> dict[str, Maker]:
    from devserver.backends.openai_compatible import OpenAICompatible
    from devserver.backends.openai_images import OpenAICompatibleImages

    chat, images = _names(provider)
    return {
        chat: OpenAICompatible(provider, key, client=client),
        images: OpenAICompatibleImages(provider, key, client=client),
    }
