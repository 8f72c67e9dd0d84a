"""Say what went wrong in an engine, and what would have worked.

EngineError
├── EngineNotInstalled    the program or the dictionary is not on this machine
├── EngineFailed          it ran, and ended badly or did not end in time
├── UnknownLanguage       a language code that no table here lists
├── MissingLanguagePair   no installed engine translates this pair
├── JourneyImpossible     no chain of installed pairs makes this journey
└── InvalidParameter      a number or name outside of what the engine understands
"""

from __future__ import annotations


class EngineError(Exception):
    """Any trouble of an engine; catch this one to catch them all."""


class EngineNotInstalled(EngineError):
    """The program or dictionary an engine needs is not on this machine."""


class EngineFailed(EngineError):
    """The engine was started and ended badly, or did not end in time."""

    def __init__(self, message: str, *, exit_status: int | None = None, stderr: str = "") -> None:
        """`exit_status` is None when the engine had to be stopped."""
        super().__init__(message)
        self.exit_status = exit_status
        self.stderr = stderr


class UnknownLanguage(EngineError):
    """A language code that no table here lists."""


class MissingLanguagePair(EngineError):
    """No installed engine translates from the one language to the other."""

    def __init__(
        self, message: str, *, from_lang: str, to_lang: str, package: str | None, reachable: tuple[str, ...]
    ) -> None:
        """`package` is the Debian package that would help, `reachable` the targets that work now."""
        super().__init__(message)
        self.from_lang = from_lang
        self.to_lang = to_lang
        self.package = package
        self.reachable = reachable


class JourneyImpossible(EngineError):
    """No chain of the available pairs has this start, this length and this end."""


class InvalidParameter(EngineError):
    """A parameter outside of what the engine understands."""
