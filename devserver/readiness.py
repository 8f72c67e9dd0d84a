"""Say what a configuration needs to run, and whether it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from devserver.backends.errors import EngineError
from devserver.configs import PipelineConfig
from devserver.configs.model import InterceptionConfig, OutputConfig, choices_in
from devserver.embedded import fixed_journey, package_for
from devserver.engines import Engines

TRANSLATION = "translation"
"""The name of the need for the translation engines of this machine."""

ENGLISH = "en"
PASSES_ON = "pass_on"


@dataclass(frozen=True, slots=True)
class Need:
    """One engine that a configuration names: whether it is there, and how to get it where it is not.

    `instead` is the fallback that would answer where it is not there.
    """

    name: str
    is_there: bool
    how: str = ""
    instead: str | None = None

    @property
    def is_met(self) -> bool:
        """Whether a run can do without anything more."""
        return self.is_there or self.instead is not None


def needs_of(config: PipelineConfig, engines: Engines) -> tuple[Need, ...]:
    """What a configuration needs, each once, in the order of its stages.

    Whether a model server answers is not looked at: this asks nobody anything.
    """
    needs = [*_of_interception(config, engines), *(_of_engine(output, engines) for output in config.outputs)]
    return tuple({need.name: need for need in needs}.values())


def _of_interception(config: PipelineConfig, engines: Engines) -> Iterator[Need]:
    wanted = config.interception
    if wanted.kind == PASSES_ON:
        return
    if wanted.kind == "canvas":
        for node in wanted.nodes:
            if node.engine is not None:
                yield _of_engine(InterceptionConfig(kind="engine", engine=node.engine), engines)
    elif wanted.engine is not None:
        yield _of_engine(wanted, engines)
    else:
        yield _of_translation(config, set(engines.translator.pairs()))


def _of_engine(wanted: InterceptionConfig | OutputConfig, engines: Engines) -> Need:
    first, *fallbacks = (choice.engine for choice in choices_in(wanted))
    there = [name for name in (first, *fallbacks) if name in engines.makers]
    if first in there:
        return Need(first, is_there=True)
    how = engines.missing.get(first, "nobody knows an engine of that name")
    return Need(first, is_there=False, how=how, instead=there[0] if there else None)


def _of_translation(config: PipelineConfig, pairs: set[tuple[str, str]]) -> Need:
    """Whether a journey from English can be made; from another language other pairs may be needed."""
    languages = config.interception.languages
    missing: Iterable[tuple[str, str]] = ()
    if isinstance(languages, tuple):
        # Where stage 1 does not translate nobody knows where the first hop will begin.
        journey = (ENGLISH, *languages) if config.translate_first else languages
        missing = [hop for hop in pairwise(journey) if hop not in pairs and len(set(hop)) == 2]
    else:
        try:
            fixed_journey(ENGLISH, config.interception.hops, available_pairs=pairs)
        except EngineError as trouble:
            return Need(TRANSLATION, is_there=False, how=str(trouble))
    packages = sorted({package_for(*hop) or f"an engine for {'→'.join(hop)}" for hop in missing})
    if not packages:
        return Need(TRANSLATION, is_there=True)
    return Need(TRANSLATION, is_there=False, how=f"tools/install_engines.sh, or: apt-get install {' '.join(packages)}")
