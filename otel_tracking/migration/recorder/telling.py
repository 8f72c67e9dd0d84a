"""Log what a recorder is told to save, in the scopes of its run.

A recorder is given results: a stage begins when its first result (or `set_state`) comes. Which of several outputs
something belongs to follows from the order; a text that is saved again is the same text, or what a person made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_tracking import entities
from otel_tracking.entities import Kind
from otel_tracking.migration import corrections
from otel_tracking.migration.journey import OpenScopes
from otel_tracking.migration.lifecycle import TOLD, reported_error
from otel_tracking.run import Execution
from otel_tracking.scope import Scope
from otel_tracking.taxonomy import BLOCKED_TYPES, CHECK_TYPES, OUTPUT_TYPES, ItemType
from otel_tracking.values.media_types import media_type_of

CONFIG_USED, PROMPT_IDS = "config_used", "comfyui_prompt_ids"
"""Facts of a run: the configuration that it was begun with, and the backend's names of its calls."""

_BEGIN_NO_OUTPUT = ("workflow", "workflow_archive")
"""What is kept of an output, before or after it is there."""
_WAYS_OF_TEXT = frozenset({"txt", "md", "json", "js", "html", "css", "py", "svg"})


class RunAborted(BaseException):
    """Somebody stopped a run: no `Exception`, since nothing failed."""


class Telling:
    """One run as a recorder tells of it. Nothing here may be called by two threads at once."""

    def __init__(self, run: Execution) -> None:
        self.run = run
        self._journey = OpenScopes(run)
        self._texts: dict[tuple[str, str | None], Any] = {}
        self._output, self._output_is_over = 0, False
        self._prompted: set[str] = set()
        self._written: dict[str, None] = {}
        self._prompt_id: Any = None
        self._prompt_ids: list[dict[str, Any]] = []
        self._last_ns = run._run.now()

    @property
    def is_over(self) -> bool:
        """Whether the run has ended."""
        return self._journey.is_over

    def touch(self) -> None:
        """Something was told of just now."""
        self._last_ns = self.run._run.now()

    def end_when_last_touched(self) -> None:
        """End the run as it stands, when it was last told of: the pause after that was nobody's work."""
        clock = self.run._run
        clock.offset_ns -= max(0, clock.now() - self._last_ns)
        self.end()

    def state(self, stage: Any) -> None:
        """The pipeline says where it is."""
        if stage in (1, 2):
            return self._journey.enter_stage(stage)
        if stage == 4 and self._output and not self._output_is_over:
            return self._journey.enter_stage(4)
        if stage in (3, 4):
            self._journey.leave_stage()  # which output this is for, its first entity will tell

    def entity(self, name: str, content: Any, metadata: Mapping[str, Any], models: Mapping[str, Any]) -> None:
        """Something was saved; `models` are those of the stages, by the recorder's names."""
        metadata, others = corrections.lift_media(dict(metadata))
        content, media, media_format = _content_of(content, metadata)
        kind = entities.kind_of(name, metadata, media_format)
        if name == entities.ERROR:
            return self.error(entities.with_body(metadata, content))
        if kind.item_type is ItemType.PIPELINE_START:
            return self.run.fact(CONFIG_USED, entities.with_body(metadata, content))
        if media is None and entities.is_a_persons(kind):
            return self._text(name, kind, content, metadata, models)
        number = self._output_of(name, kind, metadata) if (kind.stage or 0) >= 3 else None
        self._put(name, kind, number, content, metadata, models, media=media, media_format=media_format)
        for index, (other, its_format) in enumerate(others, start=1):
            described = {corrections.MEDIA_INDEX: index}
            self._put(name, kind, number, None, described, models, media=other, media_format=its_format)

    def edit(self, name: str, content: Any, metadata: Mapping[str, Any], models: Mapping[str, Any]) -> None:
        """A step of the prompting: the first of its name is what it was given or made, later ones are edits."""
        kind = entities.kind_of(name, metadata, None)
        if entities.is_a_persons(kind) and not isinstance(content, bytes | bytearray | memoryview):
            return self._text(name, kind, content, metadata, models)
        if name not in self._prompted:
            self._prompted.add(name)
            return self.entity(name, content, metadata, models)
        self._edited(name, kind, content, metadata)

    def error(self, said: Mapping[str, Any]) -> None:
        """An error: a check that said no is an outcome, one of an output ends that output, any other ends the run."""
        stage = entities.stage_of_error(said)
        if entities.is_block(said):
            return self._block(said, stage)
        error = reported_error(said.get("error_type") or "PipelineError", said.get("message"))
        self.run.fact(TOLD, dict(said))
        if (stage or 4) >= 3 and self._output and not self._output_is_over:
            self._output_is_over = True
            return self._journey.fail_output(error)
        self._journey.fail(error, stage)

    def prompt_id(self, prompt_id: Any, media_type: Any) -> None:
        """A backend has been given work, and this is its name for it."""
        self._prompt_ids.append({"prompt_id": prompt_id, "media_type": media_type})
        self.run.fact(PROMPT_IDS, list(self._prompt_ids))

    def abort(self, reason: str) -> None:
        """End the run because somebody stopped it: what was not done is cancelled, and none of it a failure."""
        self._journey.stop(RunAborted(reason))
        self.run.cancel(reason)
        self.end()

    def end(self) -> None:
        """End the run as it stands."""
        if not self.is_over:
            self._journey.end()

    def _text(
        self, name: str, kind: Kind, content: Any, metadata: Mapping[str, Any], models: Mapping[str, Any]
    ) -> None:
        """A text that a person may change: logged once, and whenever it comes back as another."""
        key = (str(kind.item_type or entities.plain_name(name)), entities.language_of(name))
        if key in self._texts:
            if self._texts[key] != content:
                self._texts[key] = content
                self._edited(name, kind, content, metadata)
            return
        self._texts[key] = content
        self._put(name, kind, None, content, metadata, models)
        if kind.item_type is ItemType.INTERCEPTION_FINAL or name == "optimized_prompt":
            self._journey.leave_stage()  # until its person goes on, which may be in an hour

    def _edited(self, name: str, kind: Kind, content: Any, metadata: Mapping[str, Any]) -> None:
        stage = kind.stage if kind.stage in (1, 2, 3, 4) else 2
        language = entities.language_of(name)
        said = {"field": name, **({"language": language} if language else {}), **metadata}
        content, media, media_format = _content_of(content, metadata)
        self._keep(stage, content)
        # On the run itself: a person's turn lies between the stages.
        self.run.at(stage).item(
            ItemType.USER_EDIT, content=content, media=media, media_format=media_format, metadata=said
        )

    def _put(
        self,
        name: str,
        kind: Kind,
        number: int | None,
        content: Any,
        metadata: Mapping[str, Any],
        models: Mapping[str, Any],
        **media: Any,
    ) -> None:
        item_type = kind.item_type or entities.plain_name(name)
        details: dict[str, Any] = entities.said_by(metadata, models.get(kind.model or ""))
        said = {**_language(name, item_type), **metadata}
        if item_type in CHECK_TYPES:
            said, content = entities.with_verdict(entities.with_body(said, content)), None
            if kind.stage == 3 and said.get("safe") is False:
                # No recorder says which text was looked at, and students must not be shown it: any since stage 2.
                media["input_text"] = list(self._written)
        elif item_type not in OUTPUT_TYPES:
            self._keep(kind.stage, content)
        medium = None if kind.item_type else kind.media_type
        scope = self._scope(kind.stage, number)
        scope.item(item_type, content=content, metadata=said, media_type=medium, **details, **media)
        if kind.stage is not None:
            self._journey.note(item_type)

    def _keep(self, stage: int | None, content: Any) -> None:
        if isinstance(content, str) and (stage or 0) > 1:
            self._written[content] = None

    def _scope(self, stage: int | None, number: int | None) -> Scope:
        return self._journey.here if stage is None else self._journey.scope(stage, number)

    def _block(self, said: Mapping[str, Any], stage: int | None) -> None:
        stage = stage or (4 if self._output_is_over else 3 if self._output else 1)
        item_type = entities.BLOCKED_AT.get(stage, ItemType.STAGE3_BLOCKED)
        where = 3 if item_type is ItemType.STAGE3_BLOCKED else stage
        if where >= 3 and not (self._output and (where == 4 or not self._output_is_over)):
            self._begin_output()
        scope = self._journey.scope(where, self._output if where >= 3 else None)
        scope.item(item_type, content=said.get("message"), metadata={"safe": False, **said})
        self._journey.note(item_type)
        self._output_is_over = where >= 3
        if where == 1:
            self.end()  # nothing comes of what was refused at the door

    def _output_of(self, name: str, kind: Kind, metadata: Mapping[str, Any]) -> int:
        """The number of the output that something of stage 3 or 4 belongs to."""
        if kind.item_type in OUTPUT_TYPES or kind.item_type in BLOCKED_TYPES:
            is_part = self._output and entities.is_part_of_output(name, metadata, self._prompt_id)
            if not self._output or (self._output_is_over and not is_part):
                self._begin_output()
            self._output_is_over, self._prompt_id = True, metadata.get("prompt_id")
        elif not self._output or (self._output_is_over and name not in _BEGIN_NO_OUTPUT):
            self._begin_output()
        return self._output

    def _begin_output(self) -> None:
        self._output, self._output_is_over, self._prompt_id = self._output + 1, False, None


def _language(name: str, item_type: str) -> dict[str, str]:
    language = entities.language_of(name)
    said = "to_lang" if item_type == ItemType.TRANSLATION_RESULT else "language"
    return {said: language} if language else {}


def _content_of(content: Any, metadata: Mapping[str, Any]) -> tuple[Any, bytes | None, str | None]:
    """The content of an item, or its medium and the type of that; code comes as bytes and is text, media as base64."""
    if isinstance(content, str) and (medium := corrections.as_medium(content)):
        return None, *medium
    if not isinstance(content, bytes | bytearray | memoryview):
        return content, None, "text/plain" if isinstance(content, str) else None
    data = bytes(content)
    said = str(metadata.get("format", "")).lower().removeprefix(".")
    found = media_type_of(data)
    if found is None and said in _WAYS_OF_TEXT:
        return data.decode("utf-8", "surrogateescape"), None, "text/plain"
    return None, data, found or _TYPES.get(said, "application/octet-stream")


_TYPES = {
    **{"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "mp3": "audio/mpeg", "wav": "audio/wav"},
    **{"ogg": "audio/ogg", "flac": "audio/flac", "mid": "audio/midi", "mp4": "video/mp4", "webm": "video/webm"},
    **{"glb": "model/gltf-binary", "stl": "model/stl"},
}
"""By a recorder's name of a format, for media that do not begin with their type."""
