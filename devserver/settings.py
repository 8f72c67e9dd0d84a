"""What can be set from outside, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from devserver.backends.http import CONNECT_SECONDS, READ_SECONDS
from devserver.backends.servers import PROVIDERS, Provider, read_providers, server_url
from devserver.errors import SettingsError
from devserver.requests import LONGEST_PROMPT
from otel_tracking.environment import RecordingSettings, read_recording
from otel_tracking.errors import RecordingError

CONFIGS = "DEVSERVER_CONFIGS"
OLLAMA_HOST = "OLLAMA_HOST"
COMFYUI_URL = "COMFYUI_URL"
WIKIPEDIA_URL = "WIKIPEDIA_URL"
PROVIDERS_FILE = "DEVSERVER_PROVIDERS"
READ_TIMEOUT = "DEVSERVER_READ_TIMEOUT"
CONNECT_TIMEOUT = "DEVSERVER_CONNECT_TIMEOUT"
LONGEST_PROMPT_VARIABLE = "DEVSERVER_LONGEST_PROMPT"
MEDIA_CHECK_MODEL = "DEVSERVER_MEDIA_CHECK_MODEL"
JAEGER_URL = "DEVSERVER_JAEGER_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(RecordingSettings):
    """What is set of a recording, and: which model servers there are, where people look at traces.

    `configs_dir` has configurations of one's own (`.toml`, `.json`), beside those that come along.

    `keys` are those of `providers`, by the environment variable they came from; they are never shown. A server may be
    silent for `read_timeout` seconds before it is given up, and take `connect_timeout` to pick up. `media_check_model`
    is a model on the Ollama server that looks at finished pictures; None where nobody does. A prompt may have
    `longest_prompt` characters. People look at traces at `jaeger_url`.
    """

    configs_dir: Path | None = None
    # An address may hold a password (`http://me:pass@host`), so none is shown.
    ollama_url: str | None = field(default=None, repr=False)
    comfyui_url: str | None = field(default=None, repr=False)
    wikipedia_url: str | None = field(default=None, repr=False)
    providers: tuple[Provider, ...] = field(default=PROVIDERS, repr=False)
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    read_timeout: float = READ_SECONDS
    connect_timeout: float = CONNECT_SECONDS
    media_check_model: str | None = None
    longest_prompt: int = LONGEST_PROMPT
    jaeger_url: str = "http://localhost:16686"

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] = os.environ,
        *,
        data_dir: str | Path | None = None,
        journal: str | Path | bool | None = None,
        formats: tuple[str, ...] | None = None,
    ) -> Self:
        """What was handed in; else what the environment says; else the defaults.

        >>> Settings.from_environment(environment={"DEVSERVER_DATA_DIR": "records"}).data_dir
        PosixPath('records')
        """
        try:
            recording = read_recording(environment, data_dir=data_dir, journal=journal, formats=formats)
        except RecordingError as trouble:
            raise SettingsError(str(trouble)) from trouble
        return cls(
            configs_dir=_read_configs_dir(environment.get(CONFIGS, "")),
            longest_prompt=_read_length(environment),
            **recording,
            **_read_servers(environment),
            **_read_viewer(environment),
        )


def _read_viewer(environment: Mapping[str, str]) -> dict[str, Any]:
    """Where people look at traces."""
    url = environment.get(JAEGER_URL, "").strip().rstrip("/")
    return {"jaeger_url": url} if url else {}


def _read_servers(environment: Mapping[str, str]) -> dict[str, Any]:
    """Addresses, providers, keys and timeouts, of which none has to be there."""
    file = environment.get(PROVIDERS_FILE, "")
    known = read_providers(Path(file).expanduser()) if file else PROVIDERS
    providers = tuple(_with_address(provider, environment) for provider in known)
    keys = {provider.key_variable: environment.get(provider.key_variable, "").strip() for provider in providers}
    return {
        "ollama_url": _read_url(environment, OLLAMA_HOST, 11434),
        "media_check_model": environment.get(MEDIA_CHECK_MODEL, "").strip() or None,
        "comfyui_url": _read_url(environment, COMFYUI_URL, 8188),
        "wikipedia_url": _read_url(environment, WIKIPEDIA_URL, 443),
        "providers": providers,
        "keys": {variable: key for variable, key in keys.items() if key},
        "read_timeout": _read_seconds(environment, READ_TIMEOUT, READ_SECONDS),
        "connect_timeout": _read_seconds(environment, CONNECT_TIMEOUT, CONNECT_SECONDS),
    }


def _with_address(provider: Provider, environment: Mapping[str, str]) -> Provider:
    """The provider where `OPENAI_BASE_URL`, and so on, says it is."""
    variable = f"{provider.name.upper()}_BASE_URL"
    given = environment.get(variable, "").strip()
    return replace(provider, base_url=server_url(given, 443, variable)) if given else provider


def _read_url(environment: Mapping[str, str], variable: str, port: int) -> str | None:
    given = environment.get(variable, "").strip()
    return server_url(given, port, variable) if given else None


def _read_seconds(environment: Mapping[str, str], variable: str, usual: float) -> float:
    text = environment.get(variable, "").strip()
    try:
        seconds = float(text) if text else usual
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SettingsError(f"{variable} is {text!r}; a number of seconds above 0 is expected, such as {usual:g}")
    return seconds


def _read_configs_dir(value: str) -> Path | None:
    if not value.strip():
        return None
    path = Path(value.strip()).expanduser().absolute()
    if not path.is_dir():
        raise SettingsError(f"{CONFIGS} is {value!r}; a directory with .toml or .json files is expected")
    return path


def _read_length(environment: Mapping[str, str]) -> int:
    text = environment.get(LONGEST_PROMPT_VARIABLE, "").strip()
    if text and not (text.isdecimal() and int(text[:12]) > 0 and len(text) <= 9):
        raise SettingsError(
            f"{LONGEST_PROMPT_VARIABLE} is {text!r:.40}; a number of characters is expected, such as {LONGEST_PROMPT}"
        )
    return int(text) if text else LONGEST_PROMPT
