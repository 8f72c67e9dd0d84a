"""Faults of values: what a pipeline passes raises, is cyclic, is huge, changes later, or touches the run itself."""

from __future__ import annotations

import contextlib
from typing import Any

from fault_stage import IN_SCOPES, Fault, Scene, Verdict


class Raises:
    """Raises whatever is asked of it."""

    def _refuse(self, *_: Any) -> Any:
        raise ValueError("no")

    __str__ = __repr__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = __getattr__ = __reduce_ex__ = _refuse


class RaisesInRepr:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class RaisesRecursion:
    def __repr__(self) -> str:
        return repr(self)


class RaisesMemory:
    def __str__(self) -> str:
        raise MemoryError

    __repr__ = __str__


class OddKey:
    """A key that cannot be compared."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise ValueError("not comparable")


class Value(Fault):
    """An odd value is logged in every way there is, beside things that are not odd."""

    moments = (*IN_SCOPES, "after the run")

    def make(self, scene: Scene, scope: Any) -> Any:
        raise NotImplementedError

    def strike(self, scene: Scene, scope: Any) -> None:
        value = self.make(scene, scope)
        scene.item(scope, "user_input_text", f"{self.name}, in metadata", metadata={"value": value, "beside": 1})
        scene.item(scope, "user_input_text", f"{self.name}, as metadata", metadata=value)
        scene.item(scope, "user_input_text", f"{self.name}, elsewhere", model_used=value, config_used=value)
        scope.item("user_input_text", content=value, input_text=value)
        scope.item(value, content=value, media_type=value, attempt=value)
        scope.fact("configured", {"value": value})
        with contextlib.suppress(Exception):
            scene.item(scope, "user_input_text", f"{self.name}, a key", metadata={value: 1})
        self.change(value)

    def change(self, value: Any) -> None:
        """What the pipeline does with its value afterwards."""


class RefusesEverything(Value):
    name = "a value that refuses everything"

    def make(self, scene: Scene, scope: Any) -> Any:
        return Raises()


class RefusesToBeShown(Value):
    name = "a value whose repr raises"

    def make(self, scene: Scene, scope: Any) -> Any:
        return RaisesInRepr()


class NeverEndsItsRepr(Value):
    name = "a value whose repr calls itself"

    def make(self, scene: Scene, scope: Any) -> Any:
        return RaisesRecursion()


class HasNoMemory(Value):
    name = "a value whose text runs out of memory"

    def make(self, scene: Scene, scope: Any) -> Any:
        return RaisesMemory()


class CannotBeCompared(Value):
    name = "a dict whose keys cannot be compared"

    def make(self, scene: Scene, scope: Any) -> Any:
        return {OddKey(): 1}


class IsCyclic(Value):
    name = "a cyclic value"

    def make(self, scene: Scene, scope: Any) -> Any:
        value: dict[str, Any] = {"list": []}
        value["list"].append(value)
        return value


class IsLarge(Value):
    name = "nine megabytes"
    moments = ("in a stage", "in an item")

    def make(self, scene: Scene, scope: Any) -> Any:
        return "x" * 9_000_000


class IsLargeMedia(Value):
    name = "nine megabytes of media"

    def make(self, scene: Scene, scope: Any) -> Any:
        return b"x" * 9_000_000

    def strike(self, scene: Scene, scope: Any) -> None:
        scene.item(scope, "output_image", "large media", media=self.make(scene, scope))

    def play(self, scene: Scene) -> Verdict:
        verdict = super().play(scene)
        assert 9_000_000 in {len(media) for media in verdict.record.attachments.values()}
        return verdict


class IsChangedLater(Value):
    name = "a value that is changed afterwards"

    def make(self, scene: Scene, scope: Any) -> Any:
        return {"text": "as it was", "list": [1, 2, 3]}

    def change(self, value: Any) -> None:
        value["text"] = "changed"
        value["list"].clear()

    def play(self, scene: Scene) -> Verdict:
        verdict = super().play(scene)
        kept = [item.metadata for item in verdict.record.items if str(item.content).endswith("as metadata")]
        assert kept == [{"text": "as it was", "list": [1, 2, 3]}]
        return verdict


class Acts:
    """Does something to the run in its own repr, once."""

    def __init__(self, act: Any) -> None:
        self._act = act

    def __repr__(self) -> str:
        act, self._act = self._act, lambda: None
        act()
        return "a value that acts"


class LogsInItsRepr(Value):
    name = "a value that logs an item in its own repr"

    def make(self, scene: Scene, scope: Any) -> Any:
        return Acts(lambda: scene.item(scope, "user_input_text", "logged in a repr"))


class OpensInItsRepr(Value):
    name = "a value that opens a scope in its own repr"

    def make(self, scene: Scene, scope: Any) -> Any:
        def act() -> None:
            with scope.backend_call("ollama", model="m") as call:
                scene.item(call, "user_input_text", "logged in a scope in a repr")

        return Acts(act)


class EndsInItsRepr(Value):
    name = "a value that ends the scope in its own repr"

    def make(self, scene: Scene, scope: Any) -> Any:
        return Acts(scope.end)


class ReadsInItsRepr(Value):
    name = "a value that reads the recording in its own repr"

    def make(self, scene: Scene, scope: Any) -> Any:
        return Acts(lambda: (scene.recording.health(), scene.recording.flush(0), scope.span.attributes))


FAULTS = (
    *(RefusesEverything, RefusesToBeShown, NeverEndsItsRepr, HasNoMemory, CannotBeCompared, IsCyclic, IsLarge),
    *(IsLargeMedia, IsChangedLater, LogsInItsRepr, OpensInItsRepr, EndsInItsRepr, ReadsInItsRepr),
)
