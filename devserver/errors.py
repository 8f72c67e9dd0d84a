"""What the application says when it cannot go on.

    DevserverError
    ├── ConfigError         a pipeline configuration cannot be used
    │   ├── UnknownConfig   no configuration of that name
    │   └── InvalidConfig   its file says something that is not understood
    ├── SettingsError       an option or environment variable cannot be used
    ├── RequestError        a request cannot be run as it stands; no run was started
    └── PipelineError       a stage failed, and with it the run

Engines raise `EngineError` (`devserver/backends/errors.py`); a stage turns it into a `PipelineError` that says where.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DevserverError(Exception):
    """The parent of everything the application raises on purpose.

    `word` names the sentence by which the pages say it to people, in their language; `values` are what stands in that.
    """

    def __init__(self, sentence: str, word: str = "", **values: object) -> None:
        super().__init__(sentence)
        self.word, self.values = word, values


class ConfigError(DevserverError):
    """A pipeline configuration cannot be used."""


class UnknownConfig(ConfigError):
    """There is no configuration of that name."""


class InvalidConfig(ConfigError):
    """A configuration's file says something that is not understood."""


class SettingsError(DevserverError):
    """An option or environment variable cannot be used."""


class RequestError(DevserverError):
    """A request cannot be run as it stands; no run was started."""


class PipelineError(DevserverError):
    """A stage failed, and with it the run; `__cause__` is the engine's own error."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The known names closest to `name` and all of them, as the end of a sentence.

    >>> suggestion("stilepost", ["image_comparison", "stillepost"])
    'closest is stillepost; known are image_comparison, stillepost'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    verb = "is" if len(close) == 1 else "are"
    return (f"closest {verb} {', '.join(close)}; " if close else "") + f"known are {', '.join(names)}"
