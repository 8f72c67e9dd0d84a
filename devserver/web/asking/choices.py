"""What can be chosen on the start page: each configuration with what it makes and whether it can run here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from devserver.configs import PipelineConfig
from devserver.readiness import needs_of
from devserver.web.words import TITLED, title_of, words_of
from devserver.wiring import Devserver
from exporters.story.readable import visible_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A configuration as the start page offers it. `why_not` says what it would need."""

    name: str
    title: str
    about: str
    makes: str
    icon: str
    images_at_least: int
    images_at_most: int
    can_run: bool
    why_not: str


def choices_of(devserver: Devserver, language: str) -> list[Choice]:
    """All configurations: those that can run first, the best known of them at the top."""
    choices = [_choice(config, devserver, language) for config in devserver.configs.all()]
    return sorted(choices, key=lambda one: (not one.can_run, TITLED.index(one.name) if one.name in TITLED else 99))


def _choice(config: PipelineConfig, devserver: Devserver, language: str) -> Choice:
    needs = needs_of(config, devserver.engines)
    missing = [need for need in needs if not need.is_met]
    return Choice(
        name=config.name,
        title=title_of(config.name, language),
        about=words_of(language).get(f"about {config.name}", visible_line(config.description)),
        makes=_makes(config, language),
        icon=_icon(config),
        images_at_least=config.images_at_least,
        images_at_most=config.images_at_most,
        can_run=not missing,
        why_not="; ".join(visible_line(f"{need.name}: {need.how}") for need in missing),
    )


def _makes(config: PipelineConfig, language: str) -> str:
    words = words_of(language)
    counts = Counter(output.medium for output in config.outputs)
    if not counts:
        return words["makes text"]
    parts = [
        words[f"makes {medium}"] if number == 1 else f"{number} {words[f'makes {medium} many']}"
        for medium, number in counts.items()
    ]
    return f" {words['and']} ".join(parts)


def _icon(config: PipelineConfig) -> str:
    """The name of the drawing that stands for it."""
    if config.outputs:
        return "both" if len({output.medium for output in config.outputs}) > 1 else config.outputs[0].medium
    return "chain" if config.interception.kind == "translation_chain" else "text"
