"""A stand-in for the server of era A: its routes' calls to the execution history, in their order, with their arguments.

Two imports are changed, one in each of its two files; nothing else knows that anything is different.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask, jsonify, request

# In the real server: from execution_history import ExecutionTracker
from devserver.era_a import ExecutionTracker

# In the real server: from execution_history.storage import ...
from devserver.era_a import get_storage_stats, list_execution_records, load_execution_record  # isort: skip

MODEL = "local/mistral-nemo:latest"


@dataclass
class Backends:
    """What the models answer."""

    languages: tuple[str, ...] = ("hi", "pl", "ko", "ar", "ko", "nl", "ar", "en")
    fails_at_hop: int | None = None
    raises: str | None = None
    forbidden: str | None = None
    unsafe_outputs: tuple[int, ...] = ()
    outputs: dict[int, Any] = field(default_factory=dict)
    """What output n is: metadata, an error's text, or an exception to raise."""


@dataclass
class Config:
    """A configuration as far as the route asks it."""

    is_recursive: bool = False
    output_configs: tuple[str, ...] = ()
    is_output_config: bool = False


CONFIGS = {
    "stillepost": Config(is_recursive=True),
    "bauhaus": Config(output_configs=("sd35_large",)),
    "image_comparison": Config(output_configs=("sd35_large", "gpt5_image")),
    "sd35_large": Config(is_output_config=True),
}


@dataclass
class Result:
    """What the pipeline executor gives back."""

    success: bool
    final_output: str | None = None
    error: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    execution_time: float = 0.0595


class Executor:
    """The pipeline executor: logs hops, nothing else."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    def execute_pipeline(self, config_name: str, input_text: str, tracker: ExecutionTracker) -> Result:
        if self._backends.raises:
            raise RuntimeError(self._backends.raises)
        if CONFIGS[config_name].is_recursive:
            return self._recursive(config_name, input_text, tracker)
        return Result(True, f"{config_name}: {input_text}")

    def _recursive(self, config_name: str, text: str, tracker: ExecutionTracker) -> Result:
        if tracker:
            tracker.set_stage(2)
        languages = self._backends.languages
        for i, target in enumerate(languages):
            if self._backends.fails_at_hop == i + 1:
                return Result(False, error=f"Loop iteration {i + 1} failed: Backend error: Ollama Error: 500")
            output = f"{text} ({target} {i + 1})"
            if tracker:
                tracker.log_interception_iteration(
                    iteration_num=i + 1,
                    result_text=output,
                    from_lang=languages[i - 1] if i > 0 else "en",
                    to_lang=target,
                    model_used=MODEL,
                    config_used=config_name,
                )
        return Result(True, output, metadata={"iterations": len(languages), "language_sequence": list(languages)})

    def make(self, number: int, text: str) -> Result:
        made = self._backends.outputs.get(number, {"seed": 123456789, "model": "sd3.5_large", "media_type": "image"})
        if isinstance(made, Exception):
            raise made
        if isinstance(made, str):
            return Result(False, error=made)
        return Result(True, "workflow_prepared", metadata=made, execution_time=0.22)


def make_server(backends: Backends) -> Flask:
    """The server's application."""
    app = Flask(__name__)
    app.testing = True

    @app.post("/api/schema/pipeline/execute")
    def execute():
        return _execute(request.get_json(), backends)

    @app.get("/api/executions")
    def executions():
        found = map(load_execution_record, list_execution_records(limit=1000, offset=0))
        wanted = [record for record in found if record and record.config_name == request.args.get("config")]
        return jsonify({"executions": [_summary(record) for record in wanted], "total": len(wanted)})

    @app.get("/api/executions/<execution_id>")
    def execution(execution_id):
        record = load_execution_record(execution_id)
        return (jsonify(record.to_dict()), 200) if record else (jsonify({"error": "not found"}), 404)

    @app.get("/api/executions/stats")
    def stats():
        return jsonify(get_storage_stats())

    return app


def _summary(record):
    return {
        "execution_id": record.execution_id,
        "config_name": record.config_name,
        "timestamp": record.timestamp.isoformat(),
        "execution_mode": record.execution_mode,
        "safety_level": record.safety_level,
        "user_id": record.user_id,
        "session_id": record.session_id,
        "total_execution_time": record.total_execution_time,
        "items_count": len(record.items),
        "taxonomy_version": record.taxonomy_version,
    }


def _execute(data, backends):
    try:
        schema_name, input_text = data["schema"], data["input_text"]
        execution_mode, safety_level = data.get("execution_mode", "eco"), data.get("safety_level", "kids")
        config, executor = CONFIGS[schema_name], Executor(backends)

        tracker = ExecutionTracker(
            config_name=schema_name,
            execution_mode=execution_mode,
            safety_level=safety_level,
            user_id="anonymous",
            session_id="default",
        )
        tracker.log_pipeline_start(input_text=input_text, metadata={"request_timestamp": data.get("timestamp")})
        current_input = input_text

        if not config.is_output_config:
            tracker.set_stage(1)
            tracker.log_user_input_text(input_text)
            if backends.forbidden and backends.forbidden in input_text:
                message = "This prompt cannot be used (§86a)."
                tracker.log_stage1_blocked(
                    blocked_reason="§86a_violation", blocked_codes=["§86a"], error_message=message
                )
                tracker.finalize()
                return jsonify({"status": "error", "error": message}), 403
            current_input = f"{input_text} (in English)"
            tracker.log_translation_result(
                translated_text=current_input,
                from_lang="de",
                to_lang="en",
                model_used="gpt-oss",
                backend_used="ollama",
                execution_time=0.0,
            )

        tracker.set_stage(2)
        result = executor.execute_pipeline(schema_name, current_input, tracker)
        if not result.success:
            tracker.log_pipeline_error(error_type="PipelineExecutionError", error_message=result.error, stage=2)
            tracker.finalize()
            return jsonify({"status": "error", "error": result.error}), 500
        tracker.log_interception_final(
            final_text=result.final_output,
            total_iterations=result.metadata.get("iterations", 1),
            config_used=schema_name,
            model_used=MODEL,
            backend_used="ollama",
            execution_time=result.execution_time,
        )

        media_outputs = []
        for i, output_config in enumerate(config.output_configs):
            tracker.set_loop_iteration(i + 1)
            tracker.set_stage(3)
            if safety_level != "off":
                is_safe = i + 1 not in backends.unsafe_outputs
                tracker.log_stage3_safety_check(
                    loop_iteration=i + 1,
                    safe=is_safe,
                    method="fast_filter",
                    config_used=output_config,
                    model_used=None,
                    backend_used=None,
                    execution_time=0.0003,
                )
                if not is_safe:
                    tracker.log_stage3_blocked(
                        loop_iteration=i + 1, config_used=output_config, abort_reason="too scary for kids"
                    )
                    media_outputs.append({"config": output_config, "status": "blocked"})
                    continue
            tracker.set_stage(4)
            try:
                output = executor.make(i + 1, result.final_output)
                if output.success:
                    tracker.log_output_image(
                        loop_iteration=i + 1,
                        config_used=output_config,
                        file_path=output.final_output,
                        model_used=output.metadata.get("model_used", "unknown"),
                        backend_used=output.metadata.get("backend", "comfyui"),
                        metadata=output.metadata,
                        execution_time=output.execution_time,
                    )
                    media_outputs.append({"config": output_config, "status": "success"})
                else:
                    media_outputs.append({"config": output_config, "status": "error", "error": output.error})
            except Exception as error:
                media_outputs.append({"config": output_config, "status": "error", "error": str(error)})

        tracker.log_pipeline_complete(total_duration=result.execution_time, outputs_generated=len(media_outputs))
        tracker.finalize()
        return jsonify({"status": "success", "final_output": result.final_output, "media_outputs": media_outputs})
    except Exception as error:
        if "tracker" in locals():
            tracker.log_pipeline_error(error_type=type(error).__name__, error_message=str(error), stage=0)
            tracker.finalize()
        return jsonify({"status": "error", "error": str(error)}), 500
