"""Find the graph that a configuration names: one that comes with the server, one in a file, or one written out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from devserver.backends.comfyui.graph import Graph, check_graph
from devserver.backends.errors import InvalidParameter
from devserver.errors import suggestion


def load_graph(source: Any) -> Graph:
    """The graph that `source` stands for: a name (`sd35_large`), a path to a `.json` file, or the graph itself.

    Raises `InvalidParameter`. The graph may be shared: change a copy.

    >>> load_graph("sd35_large")["6"]["class_type"]
    'KSampler'
    """
    if isinstance(source, Mapping):
        return check_graph(dict(source), "the graph of the configuration")
    if not isinstance(source, str) or not source:
        raise InvalidParameter(
            f"graph is {source!r:.60}; a name, a path to a .json file or the graph itself is expected"
        )
    return _read(Path(source)) if source.endswith(".json") else _load_shipped(source)


def shipped_graphs() -> tuple[str, ...]:
    """The names of the graphs that come with the server."""
    names = [entry.name for entry in files(__package__).joinpath("graphs").iterdir()]
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


@lru_cache(64)
def _load_shipped(name: str) -> Graph:
    if name not in shipped_graphs():
        raise InvalidParameter(
            f"no graph {name!r} comes with the server; {suggestion(name, shipped_graphs())}; "
            "a path to a .json file does too"
        )
    return check_graph(json.loads(files(__package__).joinpath("graphs", f"{name}.json").read_bytes()), name)


def _read(path: Path) -> Graph:
    try:
        return check_graph(json.loads(path.expanduser().read_bytes()), str(path))
    except OSError as error:
        raise InvalidParameter(f"the graph {path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InvalidParameter(f"the graph {path} is not JSON in UTF-8: {error}") from error
