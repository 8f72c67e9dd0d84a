"""The `ExecutionTracker` of earlier servers: one object per run, the same calls, recorded as a trace.

It is made at the start of a request, handed down the pipeline, and told at the end. What the calls say is kept; what
they only claim is corrected (`corrections.py`), and where the pipeline was follows from them (`journey.py`).
"""

from __future__ import annotations

from typing import Any

from otel_tracking.migration import corrections
from otel_tracking.migration.lifecycle import Lifecycle, guarded
from otel_tracking.taxonomy import ItemType


class ExecutionTracker(Lifecycle):
    """One run of an earlier server's pipeline.

    >>> tracker = ExecutionTracker("dada", "eco", "kids")
    >>> tracker.log_pipeline_start(input_text="Eine Blume", metadata={})
    >>> tracker.set_stage(1)
    >>> tracker.log_user_input_text("Eine Blume")
    >>> tracker.finalize()
    >>> [str(item.item_type) for item in tracker.items]
    ['pipeline_start', 'user_input_text', 'pipeline_complete']
    """

    @guarded
    def log_user_input_text(self, text: str) -> None:
        """Log what the person typed; in which language is not known here."""
        self._input = None
        self._log(ItemType.USER_INPUT_TEXT, 1, content=text, metadata={"char_count": len(text)})

    @guarded
    def log_user_input_image(self, file_path: str, metadata: dict[str, Any] | None = None) -> None:
        """Log an image that the person brought."""
        self._log_media(ItemType.USER_INPUT_IMAGE, 1, None, file_path, metadata)

    @guarded
    def log_translation_result(
        self,
        translated_text: str,
        from_lang: str | None = None,
        to_lang: str | None = None,
        model_used: str | None = None,
        execution_time: float | None = None,
        backend_used: str | None = None,
        *,
        backend_type: str | None = None,
    ) -> None:
        """Log the translated input; the constants that routes pass for languages and time are no measurement."""
        metadata, seconds = corrections.measured_translation(from_lang, to_lang, execution_time)
        self._log(
            ItemType.TRANSLATION_RESULT,
            1,
            content=translated_text,
            model_used=corrections.known_model(model_used),
            backend_used=_either(backend_used, backend_type),
            execution_time=seconds,
            metadata=metadata,
        )

    @guarded
    def log_stage1_safety_check(
        self,
        safe: bool,
        method: str,
        execution_time: float | None = None,
        found_terms: list[str] | None = None,
        model_used: str | None = None,
    ) -> None:
        """Log the verdict on the input."""
        self._log(
            ItemType.STAGE1_SAFETY_CHECK,
            1,
            model_used=corrections.known_model(model_used),
            execution_time=execution_time,
            metadata={"safe": safe, "method": method, "found_terms": found_terms or []},
        )

    @guarded
    def log_stage1_blocked(
        self,
        blocked_reason: str,
        blocked_codes: list[str],
        model_used: str | None = None,
        error_message: str | None = None,
    ) -> None:
        """Log that the input was blocked: the run's outcome, not an error."""
        self._log(
            ItemType.STAGE1_BLOCKED,
            1,
            content=error_message,
            model_used=corrections.known_model(model_used),
            metadata={"blocked_reason": blocked_reason, "blocked_codes": blocked_codes},
        )

    @guarded
    def log_interception_iteration(
        self,
        iteration_num: int,
        result_text: str,
        from_lang: str | None = None,
        to_lang: str | None = None,
        model_used: str | None = None,
        config_used: str | None = None,
    ) -> None:
        """Log what a hop made. Which text it was given is not known here: the languages are labels, not a chain."""
        number = self.current_stage_iteration if iteration_num is None else iteration_num
        self._write(
            self._journey.hop(number),
            ItemType.INTERCEPTION_ITERATION,
            content=result_text,
            model_used=corrections.known_model(model_used),
            config_used=config_used,
            metadata=corrections.measured_hop(number, from_lang, to_lang),
        )
        self._journey.note(ItemType.INTERCEPTION_ITERATION)

    @guarded
    def log_interception_final(
        self,
        final_text: str,
        total_iterations: int,
        config_used: str | None = None,
        model_used: str | None = None,
        backend_used: str | None = None,
        execution_time: float | None = None,
        *,
        backend_type: str | None = None,
    ) -> None:
        """Log the text that interception ended with."""
        self._log(
            ItemType.INTERCEPTION_FINAL,
            2,
            content=final_text,
            config_used=config_used,
            model_used=corrections.known_model(model_used),
            backend_used=_either(backend_used, backend_type),
            execution_time=execution_time,
            metadata={"total_iterations": total_iterations},
        )

    @guarded
    def log_stage3_safety_check(
        self,
        loop_iteration: int,
        safe: bool,
        method: str,
        config_used: str | None = None,
        model_used: str | None = None,
        backend_used: str | None = None,
        execution_time: float | None = None,
        *,
        backend_type: str | None = None,
    ) -> None:
        """Log the verdict before an output."""
        self._log(
            ItemType.STAGE3_SAFETY_CHECK,
            3,
            loop_iteration,
            config_used=config_used,
            model_used=corrections.known_model(model_used),
            backend_used=_either(backend_used, backend_type),
            execution_time=execution_time,
            metadata={"safe": safe, "method": method, "safety_level": self.safety_level},
        )

    @guarded
    def log_stage3_blocked(self, loop_iteration: int, config_used: str, abort_reason: str) -> None:
        """Log that an output was blocked before it was made."""
        metadata = {"safety_level": self.safety_level}
        self._log(
            ItemType.STAGE3_BLOCKED, 3, loop_iteration, content=abort_reason, config_used=config_used, metadata=metadata
        )

    @guarded
    def log_output_image(
        self,
        loop_iteration: int,
        config_used: str | None = None,
        file_path: str | None = None,
        model_used: str | None = None,
        backend_used: str | None = None,
        metadata: dict[str, Any] | None = None,
        execution_time: float | None = None,
        *,
        backend_type: str | None = None,
    ) -> None:
        """Log an output. Routes log every medium as an image: what it is, its metadata, bytes or file name say."""
        backend = _either(backend_used, backend_type)
        self._log_output(
            ItemType.OUTPUT_IMAGE, loop_iteration, config_used, file_path, model_used, backend, metadata, execution_time
        )

    @guarded
    def log_output_audio(
        self,
        loop_iteration: int,
        config_used: str | None = None,
        file_path: str | None = None,
        model_used: str | None = None,
        backend_used: str | None = None,
        metadata: dict[str, Any] | None = None,
        execution_time: float | None = None,
        *,
        backend_type: str | None = None,
    ) -> None:
        """Log a sound."""
        backend = _either(backend_used, backend_type)
        self._log_output(
            ItemType.OUTPUT_AUDIO, loop_iteration, config_used, file_path, model_used, backend, metadata, execution_time
        )

    @guarded
    def log_output_music(
        self,
        loop_iteration: int,
        config_used: str | None = None,
        file_path: str | None = None,
        model_used: str | None = None,
        backend_used: str | None = None,
        metadata: dict[str, Any] | None = None,
        execution_time: float | None = None,
        *,
        backend_type: str | None = None,
    ) -> None:
        """Log a piece of music."""
        backend = _either(backend_used, backend_type)
        self._log_output(
            ItemType.OUTPUT_MUSIC, loop_iteration, config_used, file_path, model_used, backend, metadata, execution_time
        )

    def _log_output(
        self,
        item_type: ItemType,
        loop_iteration: Any,
        config_used: Any,
        file_path: Any,
        model_used: Any,
        backend_used: Any,
        metadata: Any,
        execution_time: Any,
    ) -> None:
        self._log_media(
            item_type,
            4,
            loop_iteration,
            file_path,
            metadata,
            config_used=config_used,
            model_used=corrections.known_model(model_used, metadata),
            backend_used=backend_used,
            execution_time=execution_time,
        )


def _either(backend_used: Any, backend_type: Any) -> Any:
    """The backend, by whichever of its two names it came."""
    return backend_type if backend_used is None else backend_used
