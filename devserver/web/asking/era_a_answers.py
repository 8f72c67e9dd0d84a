"""What `POST /api/schema/pipeline/execute` answers: the shapes that clients of era A expect, with new fields beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devserver.configs import PipelineConfig
from devserver.requests import OutputResult, Result
from devserver.web.asking.runner import Job
from devserver.web.replies import whole_text
from otel_tracking import attributes as names
from otel_tracking.audience import AIDS, Audience
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType
from otel_tracking.view import view_of

EraAAnswer = tuple[int, dict[str, Any]]
"""Status code and body."""


def answer_of(job: Job, config: PipelineConfig, record: ExecutionRecord, *, for_students: bool = False) -> EraAAnswer:
    """The answer to a job that is done. `record` says what its parts were: steps, times, parameters.

    Students get nothing that a check said no to, and no messages for developers: those may repeat it.
    """
    status, body = _whole_answer(job, config, record)
    # What is wrong with their own request is for them.
    return status, _for_students(body, record) if for_students and status != 400 else body


def _whole_answer(job: Job, config: PipelineConfig, record: ExecutionRecord) -> EraAAnswer:
    result = job.result
    if result is None:
        return 500, {**_failure(job, record), "error": f"the run could not be started: {job.error}"}
    if result.blocked is not None:
        return 403, _blocked(job, result, record)
    if result.final_text is None:
        status = 409 if result.status == "cancelled" else 400 if result.is_request_wrong else 500
        error = result.error or ("the run was broken off" if status == 409 else "the run failed")
        return status, {**_failure(job, record), "error": whole_text(error)}
    return 200, _success(job, result, config, record)


def _for_students(body: dict[str, Any], record: ExecutionRecord) -> dict[str, Any]:
    if "steps_completed" in body and "error" in body:
        return {**body, "error": "the run was broken off" if body["run_status"] == "cancelled" else "the run failed"}
    view = view_of(record, Audience.STUDENT)
    finals = record.items_of(ItemType.INTERCEPTION_FINAL)
    if "final_output" in body and not all(map(view.shows, finals)):
        body = {**body, "final_output": "", "withheld": True}
    if "media_output" in body:
        body = {**body, "media_output": _output_for_students(body["media_output"])}
    if "media_outputs" in body:
        body = {**body, "media_outputs": [_output_for_students(output) for output in body["media_outputs"]]}
    return body


def _output_for_students(output: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in output["metadata"].items() if name in (*AIDS, "model", "backend")}
    silent = {"error": "the output failed"} if "error" in output else {}
    return {**output, "metadata": said, **silent}


def accepted(job: Job, position: int) -> dict[str, Any]:
    """The answer to a client that does not wait: where its run will be."""
    return {
        "status": "accepted",
        "run_status": job.status,
        "schema": job.request.config_name,
        "config_name": job.request.config_name,
        "position": position,
        **addresses(job),
    }


def addresses(job: Job) -> dict[str, Any]:
    """How a run is found: its ids, as soon as it has any, and its addresses."""
    return {
        "execution_id": job.execution_id,
        "trace_id": job.trace_id,
        "ticket": job.ticket,
        "run_url": f"/runs/{job.name}",
        "record_url": f"/api/runs/{job.name}",
        "live_url": f"/api/runs/{job.name}/live",
    }


def _success(job: Job, result: Result, config: PipelineConfig, record: ExecutionRecord) -> dict[str, Any]:
    outputs = [_output(output, job, record) for output in result.outputs]
    made: dict[str, Any] = {"media_output": outputs[0]} if len(outputs) == 1 else {}
    if len(outputs) > 1:
        made = {"media_outputs": outputs, "media_output_count": len(outputs)}
    return {
        "status": "success",
        "schema": job.request.config_name,
        "config_name": job.request.config_name,
        "input_text": whole_text(job.request.prompt),
        "final_output": whole_text(result.final_text or ""),
        "steps_completed": _steps(record),
        "execution_time": record.total_execution_time,
        "metadata": _metadata(job, result, config, record),
        **made,
        "run_status": result.status,
        **addresses(job),
    }


def _metadata(job: Job, result: Result, config: PipelineConfig, record: ExecutionRecord) -> dict[str, Any]:
    finals = record.items_of(ItemType.INTERCEPTION_FINAL)
    said = finals[-1].metadata if finals and isinstance(finals[-1].metadata, Mapping) else {}
    is_chain = config.interception.kind == "translation_chain"
    known: dict[str, Any] = {
        "pipeline_name": "text_transformation_recursive" if is_chain else "text_transformation",
        "total_steps": _steps(record),
        "input_length": len(job.request.prompt),
        "output_length": len(result.final_text or ""),
    }
    if is_chain:
        # Era A listed the targets; where the journey began stands in the record.
        languages = said.get("language_sequence", ())
        known |= {"iterations": said.get("total_iterations"), "language_sequence": list(languages)[1:]}
    return known


def _blocked(job: Job, result: Result, record: ExecutionRecord) -> dict[str, Any]:
    at_start = record.items_of(ItemType.STAGE1_BLOCKED)
    checks = at_start or record.items_of(ItemType.STAGE3_BLOCKED)
    codes = checks[-1].metadata.get("codes") if checks and isinstance(checks[-1].metadata, Mapping) else None
    return {
        "status": "error",
        "schema": job.request.config_name,
        "config_name": job.request.config_name,
        "error": result.blocked,
        "metadata": {"stage": "pre_interception" if at_start else "pre_output", "safety_codes": list(codes or ())},
        "run_status": result.status,
        **addresses(job),
    }


def _failure(job: Job, record: ExecutionRecord) -> dict[str, Any]:
    done = _steps(record)
    return {
        "status": "error",
        "schema": job.request.config_name,
        "config_name": job.request.config_name,
        "steps_completed": done,
        "total_steps": done + 1,
        "run_status": job.status,
        **addresses(job),
    }


def _steps(record: ExecutionRecord) -> int:
    """The steps of stage 2 that were completed: hops, or the one step of a configuration without any."""
    hops = record.items_of(ItemType.INTERCEPTION_ITERATION)
    return len(hops) if hops else len(record.items_of(ItemType.INTERCEPTION_FINAL))


def _output(output: OutputResult, job: Job, record: ExecutionRecord) -> dict[str, Any]:
    common = {"config": output.config_used, "execution_time": _seconds(output.number, record)}
    nothing: dict[str, Any] = {"output": None, "media_type": None, "metadata": {}}
    if output.status == "blocked":
        said = {"reason": output.blocked, "safety_level": job.request.safety_level}
        return {**common, "status": "blocked", **nothing, **said}
    if output.status == "failed":
        return {**common, "status": "error", **nothing, "error": whole_text(output.error or "the output failed")}
    items = [item for item in record.items_of(*OUTPUT_TYPES) if item.loop_iteration == output.number]
    media = f"/api/runs/{job.execution_id}/media"
    files = [f"{media}/{item.media.sha256 if item.media else ''}" for item in items]
    return {
        **common,
        "status": "success",
        "output": files[0] if items else None,
        "media_type": str(items[0].media_type) if items else None,
        "metadata": _facts(items[0]) if items else {},
        "files": files,
        "seed": output.seed,
    }


def _facts(item: ExecutionItem) -> dict[str, Any]:
    known = {"model": item.model_used, "backend": item.backend_used}
    return {**known, **item.metadata} if isinstance(item.metadata, dict) else known


def _seconds(number: int, record: ExecutionRecord) -> float | None:
    outputs = [span for span in record.spans if span.name == names.OUTPUT_SPAN]
    return next((span.execution_time for span in outputs if span.loop_iteration == number), None)
