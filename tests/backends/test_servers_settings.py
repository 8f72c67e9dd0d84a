"""Which servers there are is set in the environment; what is missing is said in a sentence that helps."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
from backend_stage import image_config, run, text_config
from hypothesis import given
from hypothesis import strategies as st

from devserver.backends.errors import InvalidParameter
from devserver.backends.http import encode_json
from devserver.backends.ollama import Ollama
from devserver.backends.openai_compatible import OpenAICompatible
from devserver.backends.servers import PROVIDERS, Provider, about_address, read_providers, server_url
from devserver.configs.schema import read_pipeline
from devserver.errors import SettingsError
from devserver.pipeline import Pipeline, Request
from devserver.remote_engines import remote_engines
from devserver.settings import Settings
from devserver.testing import ScriptedMaker
from devserver.wiring import open_engines
from otel_tracking import ExecutionTracker


def settings_from(**environment):
    return Settings.from_environment(environment=environment)


def test_no_server_is_asked_for_unless_it_is_set():
    """An empty environment wires nothing, and says of each name how to get it."""
    engines = remote_engines(settings_from())
    assert engines.makers == {}
    assert engines.missing == {
        "ollama": "set OLLAMA_HOST to its address",
        "ollama_generate": "set OLLAMA_HOST to its address",
        "comfyui": "set COMFYUI_URL to its address",
        "wikipedia": "set WIKIPEDIA_URL to its address",
        **{
            f"{name}{suffix}": f"put its key into the environment variable {name.upper()}_API_KEY"
            for name in ("openrouter", "openai", "mistral")
            for suffix in ("", "_images")
        },
    }


def test_what_is_set_is_wired_under_the_names_that_configurations_use():
    """Addresses and keys are enough; the rest is still named as missing."""
    engines = remote_engines(
        settings_from(OLLAMA_HOST="gpu.school.example", COMFYUI_URL="http://gpu:8188", OPENAI_API_KEY="sk-x")
    )
    assert set(engines.makers) == {"ollama", "ollama_generate", "comfyui", "openai", "openai_images"}
    assert set(engines.missing) == {"wikipedia", "openrouter", "openrouter_images", "mistral", "mistral_images"}
    assert isinstance(engines.makers["ollama"], Ollama)
    assert isinstance(engines.makers["openai"], OpenAICompatible)


def test_a_configuration_that_wants_a_server_that_is_not_set_up_is_told_how():
    """The name is right, only the address is missing: nobody has to guess."""
    with open_engines(settings_from()) as engines:
        pipeline = Pipeline(ExecutionTracker(), engines, find_config=lambda name: image_config("comfyui"))
        result = pipeline.run(Request(prompt="A flower"))
    assert result.error == (
        "output one wants engine 'comfyui', which is not set up here: set COMFYUI_URL to its address"
    )


def test_a_name_that_nobody_has_is_answered_with_those_that_there_are():
    """A misspelt engine, in stage 2."""
    result, _ = run(text_config("olama"), {"ollama": ScriptedMaker()})
    assert (
        result.error
        == "Interception failed: Backend error: stage 2 wants engine 'olama'; closest is ollama; known are ollama"
    )


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("localhost", "http://localhost:11434"),
        ("127.0.0.1:11500", "http://127.0.0.1:11500"),
        (":11500", "http://127.0.0.1:11500"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("http://0.0.0.0:8188/", "http://127.0.0.1:8188"),
        ("https://gpu.school.example/ollama/", "https://gpu.school.example/ollama"),
        ("http://me:pass@gpu:1", "http://me:pass@gpu:1"),
        ("[::1]:11434", "http://[::1]:11434"),
        ("http://[::]:11434", "http://[::1]:11434"),
    ],
)
def test_an_address_is_understood_as_ollama_understands_it(text, url):
    """With or without scheme and port; "everywhere" is reached here."""
    assert server_url(text, 11434, "OLLAMA_HOST") == url


@pytest.mark.parametrize("text", ["ftp://host", "http://", "http://host:99999", "http://host:0"])
def test_what_is_no_address_is_refused_without_repeating_it(text):
    """It may hold a password."""
    with pytest.raises(SettingsError) as caught:
        server_url(text, 11434, "OLLAMA_HOST")
    assert str(caught.value) == "OLLAMA_HOST is no address of a server; http://127.0.0.1:11434 would be one"


@pytest.mark.parametrize(
    ("url", "region", "compliant"),
    [
        ("http://127.0.0.1:11434", "local", True),
        ("http://[::1]:1", "local", True),
        ("http://localhost:1", "local", True),
        ("http://gpu.school.example", "unknown", None),
        ("http://10.0.0.7:11434", "unknown", None),
    ],
)
def test_only_this_machine_is_local_without_a_word(url, region, compliant):
    """Whose machine another address is, nobody can tell from the address."""
    assert about_address(url) == {"provider_region": region, "dsgvo_compliant": compliant}


def test_providers_are_added_and_changed_in_a_file(tmp_path):
    """A server of one's own without a key, and a known one at another address."""
    file = tmp_path / "providers.toml"
    file.write_text(
        '[providers.school]\nbase_url = "http://gpu:8000/v1"\nregion = "eu"\ndsgvo_compliant = true\n'
        '[providers.openai]\nregion = "eu"\n',
        encoding="utf-8",
    )
    settings = settings_from(DEVSERVER_PROVIDERS=str(file), OPENROUTER_BASE_URL="http://localhost:9/v1")
    providers = {provider.name: provider for provider in settings.providers}

    assert providers["school"] == Provider(
        name="school", base_url="http://gpu:8000/v1", region="eu", dsgvo_compliant=True
    )
    assert (providers["openai"].region, providers["openai"].key_variable) == ("eu", "OPENAI_API_KEY")
    assert providers["openrouter"].base_url == "http://localhost:9/v1"
    assert "school" in remote_engines(settings).makers


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('[providers.a]\nregoin = "eu"', r"no key providers\.a\.regoin; closest is region"),
        ('[providers.a]\nregion = "eu"', r"providers\.a\.base_url is missing"),
        ('[providers.a]\nbase_url = "x"\ndsgvo_compliant = "yes"', r"dsgvo_compliant is no bool"),
        ("[providers", "cannot be read as providers"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(content, complaint, tmp_path):
    """File, key, and what would have worked."""
    file = tmp_path / "providers.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=complaint):
        read_providers(file)


@pytest.mark.parametrize("text", ["soon", "0", "-1", "inf", "nan"])
def test_a_timeout_is_a_number_of_seconds(text):
    """Anything else is refused with an example."""
    with pytest.raises(SettingsError, match="a number of seconds above 0 is expected, such as 300"):
        settings_from(DEVSERVER_READ_TIMEOUT=text)
    assert settings_from(DEVSERVER_READ_TIMEOUT="12.5", DEVSERVER_CONNECT_TIMEOUT="1").read_timeout == 12.5


def test_keys_are_in_no_file_and_in_no_text_of_the_settings():
    """They come from the environment, and `repr` does not show them, nor addresses that may hold a password."""
    settings = settings_from(OPENAI_API_KEY=" sk-verysecret \n", OLLAMA_HOST="http://me:geheim@gpu:1")
    assert settings.keys == {"OPENAI_API_KEY": "sk-verysecret"}
    assert "sk-verysecret" not in repr(settings)
    assert "geheim" not in repr(settings)
    assert all(provider.key_variable for provider in PROVIDERS)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_value_can_be_sent(value):
    """Half a surrogate pair too: what is read from the bytes is what was to be sent."""
    import json

    assert json.loads(encode_json(value)) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object()])
def test_what_is_no_json_is_refused(value):
    """No server would understand NaN."""
    with pytest.raises(InvalidParameter, match="cannot be written as JSON"):
        encode_json({"temperature": value})


PAGE = (Path(__file__).parents[2] / "docs" / "backends.md").read_text("utf-8")


@pytest.mark.parametrize("block", re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
def test_what_the_documentation_writes_in_toml_is_understood(block, tmp_path):
    """Each block is a part of a configuration, or a file of providers."""
    if "[providers." in block:
        (tmp_path / "providers.toml").write_text(block, encoding="utf-8")
        assert read_providers(tmp_path / "providers.toml") != PROVIDERS
    else:
        config = read_pipeline({"name": "shown", **tomllib.loads(block)}, "page")
        assert [config.interception.engine, *(output.engine for output in config.outputs)] in (
            ["ollama"],
            [None, "comfyui"],
        )


def test_every_variable_is_documented():
    """What can be set in the environment stands on the page, and so does every provider that is known."""
    from devserver import settings

    variables = {settings.OLLAMA_HOST, settings.COMFYUI_URL, settings.WIKIPEDIA_URL, settings.PROVIDERS_FILE}
    variables |= {settings.READ_TIMEOUT, settings.CONNECT_TIMEOUT, *(provider.key_variable for provider in PROVIDERS)}
    assert {variable for variable in variables if f"`{variable}`" not in PAGE} == set()
    for provider in PROVIDERS:
        compliant = str(provider.dsgvo_compliant).lower()
        assert f"| `{provider.name}` | {provider.region} | {compliant} |" in PAGE


def test_no_http_client_is_imported_before_a_server_is_set_up():
    """The command line stays quick where nobody uses a model server."""
    import subprocess

    code = (
        "import sys\nfrom devserver.settings import Settings\nfrom devserver.wiring import open_engines\n"
        "with open_engines(Settings.from_environment(environment={})): print('httpx' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "False\n"
