"""A real Ollama, built from source, with a model of one layer: the tests for any Ollama hold for it too."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from real_servers import ROOT, answers, built, free_port
from tiny_model import write_tiny_model

MODEL = "tiny"


@contextmanager
def a_real_ollama(binary, directory: Path):
    """The address of a server that keeps everything in `directory`, with the one model."""
    host = f"127.0.0.1:{free_port()}"
    environment = os.environ | {
        "OLLAMA_HOST": host,
        "OLLAMA_MODELS": str(directory / "models"),
        "HOME": str(directory),
        "OLLAMA_NO_CLOUD": "1",
    }
    write_tiny_model(directory / "tiny.gguf")
    (directory / "Modelfile").write_text("FROM ./tiny.gguf\nTEMPLATE {{ .Prompt }}\n")
    with (directory / "ollama.log").open("wb") as log:
        server = subprocess.Popen([binary, "serve"], env=environment, stdout=log, stderr=log)
        try:
            answers(f"http://{host}/api/version")
            create = [binary, "create", MODEL, "-f", directory / "Modelfile"]
            subprocess.run(create, env=environment, check=True, cwd=directory, capture_output=True)
            yield host
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="module")
def ollama(tmp_path_factory):
    with a_real_ollama(built("build_ollama.sh"), tmp_path_factory.mktemp("ollama")) as host:
        yield host


def test_what_holds_for_any_ollama_holds_for_a_real_one(ollama):
    """The tests that OLLAMA_HOST switches on, all of them, none skipped."""
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-k",
        "OLLAMA_HOST",
        "tests/backends/test_ollama_any_server.py",
        "-rs",
    ]
    environment = os.environ | {"OLLAMA_HOST": ollama, "OLLAMA_TEST_MODEL": MODEL}
    done = subprocess.run(tests, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "SKIPPED" not in done.stdout
