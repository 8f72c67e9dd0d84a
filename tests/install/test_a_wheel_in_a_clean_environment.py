"""A wheel with one extra, in an environment with nothing else: what it promises works, the rest says why not."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from clean_environment import install, pip, run, uv
from test_architecture import PACKAGES, ROOT

from otel_tracking.extras import EXTRAS

CHECKS = Path(__file__).parent / "checks"
AHEAD = 2


def build(source):
    """A wheel in `source`/dist; pip builds it where uv cannot."""
    try:
        uv("build", "--wheel", "--out-dir", source / "dist", source)
    except AssertionError:
        pip("wheel", "--no-deps", "--wheel-dir", source / "dist", source)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The project as a wheel, built of a copy: what earlier builds left in the tree is not in it."""
    source = tmp_path_factory.mktemp("source")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build(source)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment_with(request, wheel, tmp_path_factory):
    """A function: the environment with an extra. The next two are made meanwhile: most of it is waiting for files.

    One after another they are moved to the same place: what Python keeps of a module there is good for the next.
    """
    place, made = tmp_path_factory.mktemp("environments"), {}
    wanted = [item.callspec.params["extra"] for item in request.session.items if item.path == request.path]

    def make(extra):
        environment = place / (extra or "nothing")
        install(environment, f"otel-tracking[{extra}] @ {wheel.as_uri()}" if extra else wheel)
        return environment

    def made_with(extra):
        start = wanted.index(extra)
        for one in wanted[start : start + 1 + AHEAD]:
            made[one] = made.get(one) or threads.submit(make, one)
        return made[extra].result().rename(place / "here")

    with ThreadPoolExecutor(AHEAD) as threads:
        yield made_with


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_what_an_extra_promises_works_where_nothing_else_is_installed(extra, environment_with, tmp_path):
    environment = environment_with(extra)
    check = CHECKS / f"with_{extra or 'nothing_more'}.py"
    run(environment / "bin" / "python", check, tmp_path, PYTHONPYCACHEPREFIX=environment.with_name("bytecode"))
    shutil.rmtree(environment)
