"""Where model servers are, who runs them, and in which part of the world: addresses, and a small table of providers."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from devserver.errors import SettingsError, suggestion

LOCAL = {"provider_region": "local", "dsgvo_compliant": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who answers at an address that speaks OpenAI's protocol.

    `key_variable` names the environment variable that holds the key: the key itself is in no file of ours. `seed_name`
    is what a chat request calls the seed; empty where there is none, as `image_seed_name` is for pictures.
    `dsgvo_compliant` says whether prompts of children may go there under the GDPR; who adds a provider decides it.
    """

    name: str
    base_url: str
    key_variable: str = ""
    region: str = "unknown"
    dsgvo_compliant: bool = False
    seed_name: str = "seed"
    image_seed_name: str = ""

    @property
    def title(self) -> str:
        """Its name for people."""
        return _TITLES.get(self.name, self.name)

    @property
    def about(self) -> dict[str, Any]:
        """What a record says of it."""
        return {"provider_region": self.region, "dsgvo_compliant": self.dsgvo_compliant}


PROVIDERS = (
    Provider(
        name="openrouter", base_url="https://openrouter.ai/api/v1", key_variable="OPENROUTER_API_KEY", region="us"
    ),
    Provider(name="openai", base_url="https://api.openai.com/v1", key_variable="OPENAI_API_KEY", region="us"),
    Provider(
        name="mistral",
        base_url="https://api.mistral.ai/v1",
        key_variable="MISTRAL_API_KEY",
        region="eu",
        dsgvo_compliant=True,
        seed_name="random_seed",
    ),
)
"""The providers that are known without a word; a file of your own adds others, or changes these."""

_TITLES = {"openrouter": "OpenRouter", "openai": "OpenAI", "mistral": "Mistral"}


def about_address(url: str) -> dict[str, Any]:
    """What can be said of a server of one's own by its address: on this machine, or nobody knows.

    >>> about_address("http://127.0.0.1:11434")
    {'provider_region': 'local', 'dsgvo_compliant': True}
    """
    host = urlsplit(url).hostname or ""
    return dict(LOCAL) if _is_local(host) else {"provider_region": "unknown", "dsgvo_compliant": None}


def server_url(text: str, port: int, name: str) -> str:
    """The address of a server as people write it: `localhost`, `:11434`, `0.0.0.0`, `http://gpu:8188/`.

    What a server listens on everywhere (`0.0.0.0`) is reached on this machine.

    >>> server_url("0.0.0.0", 11434, "OLLAMA_HOST")
    'http://127.0.0.1:11434'
    """
    if "://" not in text:
        host, colon, given_port = text.rstrip("/").rpartition(":")
        if not given_port.isdigit() or not colon:
            host, given_port = text.rstrip("/"), str(port)
        text = f"http://{host or '127.0.0.1'}:{given_port}"
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise SettingsError(f"{name} is no address of a server; http://127.0.0.1:{port} would be one")
    return text.replace("://0.0.0.0", "://127.0.0.1", 1).replace("://[::]", "://[::1]", 1).rstrip("/")


def read_providers(path: Path, known: tuple[Provider, ...] = PROVIDERS) -> tuple[Provider, ...]:
    """`known`, and those of a TOML file: a table for each, `[providers.NAME]`, with what is to be said or changed."""
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("providers", {})
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path}: cannot be read as providers ({error}); a TOML file is expected") from error
    providers = {provider.name: provider for provider in known}
    for name, table in tables.items():
        providers[name] = _read_provider(name, table, providers.get(name), path)
    return tuple(providers.values())


def _read_provider(name: str, table: Mapping[str, Any], known: Provider | None, path: Path) -> Provider:
    kinds = {field.name: bool if field.name == "dsgvo_compliant" else str for field in fields(Provider)}
    for key, value in table.items():
        if key not in kinds or key == "name":
            raise SettingsError(f"{path}: there is no key providers.{name}.{key}; {suggestion(key, kinds)}")
        if not isinstance(value, kinds[key]):
            raise SettingsError(f"{path}: providers.{name}.{key} is no {kinds[key].__name__}")
    given = {key: getattr(known, key) for key in kinds} if known else {}
    given |= {"name": name, **table}
    if "base_url" not in given:
        raise SettingsError(f"{path}: providers.{name}.base_url is missing; https://…/v1 is expected")
    return Provider(**given)


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
