"""What can be set from outside, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from devserver.backends.http import CONNECT_SECONDS, READ_SECONDS
from devserver.backends.servers import PROVIDERS, Provider, read_providers, server_url
from devserver.errors import SettingsError
from devserver.requests import LONGEST_PROMPT

DATA_DIR = "DEVSERVER_DATA_DIR"
JOURNAL = "DEVSERVER_JOURNAL"
FORMATS = "DEVSERVER_FORMATS"
CONFIGS = "DEVSERVER_CONFIGS"
OLLAMA_HOST = "OLLAMA_HOST"
COMFYUI_URL = "COMFYUI_URL"
WIKIPEDIA_URL = "WIKIPEDIA_URL"
PROVIDERS_FILE = "DEVSERVER_PROVIDERS"
READ_TIMEOUT = "DEVSERVER_READ_TIMEOUT"
CONNECT_TIMEOUT = "DEVSERVER_CONNECT_TIMEOUT"
LONGEST_PROMPT_VARIABLE = "DEVSERVER_LONGEST_PROMPT"
MEDIA_CHECK_MODEL = "DEVSERVER_MEDIA_CHECK_MODEL"
OTLP_ENDPOINT = "DEVSERVER_OTLP_ENDPOINT"
OTLP_CONTENT = "DEVSERVER_OTLP_CONTENT"
JAEGER_URL = "DEVSERVER_JAEGER_URL"
STUDY = "DEVSERVER_STUDY"
RESEARCH_ENDPOINT = "DEVSERVER_RESEARCH_ENDPOINT"
RESEARCH_TOKEN = "DEVSERVER_RESEARCH_TOKEN"
OUTBOX_BYTES = "DEVSERVER_OUTBOX_BYTES"
OUTBOX_WHEN_FULL = "DEVSERVER_OUTBOX_WHEN_FULL"
MEDIA_STORE = "DEVSERVER_MEDIA_STORE"

WAIT, DROP_OLDEST = "wait", "drop_oldest"
"""What becomes of a record for which the outbox has no room."""
REDACTED = "redacted"
"""What `otlp_content` is for viewers whose every text is looked over first."""


def outbox_of(data_dir: Path) -> Path:
    """Where records of a data directory wait for a research programme."""
    return data_dir / "outbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where records go, and how; which model servers there are.

    `journal` is the directory of the flight recorder: None for the usual one, False for none. `formats` are the
    documents that are written beside the dataset for each run, such as `("pdf", "xml")`. `configs_dir` has
    configurations of one's own (`.toml`, `.json`), beside those that come along.

    `keys` are those of `providers`, by the environment variable they came from; they are never shown. A server may be
    silent for `read_timeout` seconds before it is given up, and take `connect_timeout` to pick up. `media_check_model`
    is a model on the Ollama server that looks at finished pictures; None where nobody does. A prompt may have
    `longest_prompt` characters.

    Traces go to `otlp_endpoint`, where None leaves it to OpenTelemetry's own variables and False sends none; as
    `otlp_content`: for a `viewer`, the same with its texts `redacted`, or in `full`. People look at them at
    `jaeger_url`.

    Runs that say no study are of `study`, one of the data directory; None where there is none.

    Whole records go to `research_endpoint` as well, with `research_token`; None for nowhere. Of each process at most
    `outbox_bytes` wait for it, None for the usual 4 GiB; then records `wait` in their journals, or it is `drop_oldest`.
    Media are brought to `media_store`, `s3://bucket/prefix` or a folder; None for nowhere.
    """

    data_dir: Path = Path("data")
    journal: Path | bool | None = None
    formats: tuple[str, ...] = ()
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
    otlp_endpoint: str | bool | None = field(default=None, repr=False)
    otlp_content: str | None = None
    jaeger_url: str = "http://localhost:16686"
    study: str | None = None
    research_endpoint: str | None = field(default=None, repr=False)
    research_token: str | None = field(default=None, repr=False)
    outbox_bytes: int | None = None
    outbox_when_full: str = WAIT
    media_store: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(
        cls,
        *,
        data_dir: str | Path | None = None,
        journal: str | Path | bool | None = None,
        formats: tuple[str, ...] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Settings:
        """What was handed in; else what the environment says; else the defaults.

        >>> Settings.from_environment(environment={"DEVSERVER_DATA_DIR": "records"}).data_dir
        PosixPath('records')
        """
        chosen = data_dir or environment.get(DATA_DIR) or cls().data_dir
        return cls(
            data_dir=Path(chosen).expanduser(),
            journal=_read_journal(environment.get(JOURNAL) if journal is None else journal),
            formats=_read_formats(environment.get(FORMATS, "")) if formats is None else formats,
            configs_dir=_read_configs_dir(environment.get(CONFIGS, "")),
            longest_prompt=_read_length(environment),
            study=environment.get(STUDY, "").strip() or None,
            **_read_servers(environment),
            **_read_traces(environment),
            **_read_research(environment),
        )


def _read_journal(value: str | Path | bool | None) -> Path | bool | None:
    if value is None or value is True or value in ("", "on"):
        return None
    if value is False or value == "off":
        return False
    path = Path(value).expanduser()
    if not path.is_absolute():
        raise SettingsError(
            f"{JOURNAL} is {str(value)!r}; allowed are on, off or an absolute path on a RAM file system"
        )
    return path


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


def _read_traces(environment: Mapping[str, str]) -> dict[str, Any]:
    """Where traces go and are looked at."""
    endpoint: str | bool | None = environment.get(OTLP_ENDPOINT, "").strip() or None
    url = environment.get(JAEGER_URL, "").strip().rstrip("/")
    return {
        "otlp_endpoint": False if endpoint == "off" else endpoint,
        "otlp_content": environment.get(OTLP_CONTENT, "").strip() or None,
        **({"jaeger_url": url} if url else {}),
    }


def _read_research(environment: Mapping[str, str]) -> dict[str, Any]:
    """Where whole records go, and how much may wait for it."""
    given = {name: environment.get(name, "").strip() for name in (RESEARCH_ENDPOINT, RESEARCH_TOKEN)}
    when_full = environment.get(OUTBOX_WHEN_FULL, "").strip() or WAIT
    if when_full not in (WAIT, DROP_OLDEST):
        raise SettingsError(f"{OUTBOX_WHEN_FULL} is {when_full!r:.40}; {WAIT} or {DROP_OLDEST} would work")
    return {
        "research_endpoint": given[RESEARCH_ENDPOINT] or None,
        "research_token": given[RESEARCH_TOKEN] or None,
        "outbox_bytes": _read_bytes(environment.get(OUTBOX_BYTES, "").strip()),
        "outbox_when_full": when_full,
        "media_store": environment.get(MEDIA_STORE, "").strip() or None,
    }


def _read_bytes(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15 and int(text) >= 2**20):
        raise SettingsError(f"{OUTBOX_BYTES} is {text!r:.40}; a number of bytes from a MiB on, such as {4 * 2**30}")
    return int(text)


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


def _read_formats(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
