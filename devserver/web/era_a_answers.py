"""What `POST /api/schema/pipeline/execute` answers: the shapes that clients of era A expect, with new fields beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devserver.configs import PipelineConfig
from devserver.requests import OutputResult, Result
from devserver.web.board_rules import Hiding
from devserver.web.replies import whole_text
from devserver.web.run_state import RunState
from devserver.web.runner import Job
from devserver.web.student_copy import SHOWN
from otel_tracking import attributes as names
from otel_tracking.record import ExecutionItem
from otel_tracking.taxonomy import OUTPUT_TYPES, ItemType

Answer = tuple[int, dict[str, Any]]
"""Status code and body."""


def answer_of(job: Job, config: PipelineConfig, state: RunState, *, for_students: bool = False) -> Answer:
    """The answer to a job that is done. `state` says what its parts were: steps, times, parameters.

    Students get nothing that a check said no to, and no messages for developers: those may repeat it.
    """
    status, body = _whole_answer(job, config, state)
    # What is wrong with their own request is for them.
    return status, _for_students(body, state) if for_students and status != 400 else body


def _whole_answer(job: Job, config: PipelineConfig, state: RunState) -> Answer:
    result = job.result
    if result is None:
        return 500, {**_failure(job, state), "error": f"the run could not be started: {job.error}"}
    if result.blocked is not None:
        return 403, _blocked(job, result, state)
    if result.final_text is None:
        status = 409 if result.status == "cancelled" else 400 if result.is_request_wrong else 500
        error = result.error or ("the run was broken off" if status == 409 else "the run failed")
        return status, {**_failure(job, state), "error": whole_text(error)}
    return 200, _success(job, result, config, state)


def _for_students(body: dict[str, Any], state: RunState) -> dict[str, Any]:
    if "steps_completed" in body and "error" in body:
        return {**body, "error": "the run was broken off" if body["run_status"] == "cancelled" else "the run failed"}
    hiding = Hiding(state, for_students=True)
    finals = state.items_of(ItemType.INTERCEPTION_FINAL)
    if "final_output" in body and any(map(hiding.withholds, finals)):
        body = {**body, "final_output": "", "withheld": True}
    if "media_output" in body:
        body = {**body, "media_output": _output_for_students(body["media_output"])}
    if "media_outputs" in body:
        body = {**body, "media_outputs": [_output_for_students(output) for output in body["media_outputs"]]}
    return body


def _output_for_students(output: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in output["metadata"].items() if name in (*SHOWN, "model", "backend")}
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


def _success(job: Job, result: Result, config: PipelineConfig, state: RunState) -> dict[str, Any]:
    outputs = [_output(output, job, state) for output in result.outputs]
    made: dict[str, Any] = {"media_output": outputs[0]} if len(outputs) == 1 else {}
    if len(outputs) > 1:
        made = {"media_outputs": outputs, "media_output_count": len(outputs)}
    return {
        "status": "success",
        "schema": job.request.config_name,
        "config_name": job.request.config_name,
        "input_text": whole_text(job.request.prompt),
        "final_output": whole_text(result.final_text or ""),
        "steps_completed": _steps(state),
        "execution_time": state.seconds,
        "metadata": _metadata(job, result, config, state),
        **made,
        "run_status": result.status,
        **addresses(job),
    }


def _metadata(job: Job, result: Result, config: PipelineConfig, state: RunState) -> dict[str, Any]:
    finals = state.items_of(ItemType.INTERCEPTION_FINAL)
    said = finals[-1].metadata if finals and isinstance(finals[-1].metadata, Mapping) else {}
    is_chain = config.interception.kind == "translation_chain"
    known: dict[str, Any] = {
        "pipeline_name": "text_transformation_recursive" if is_chain else "text_transformation",
        "total_steps": _steps(state),
        "input_length": len(job.request.prompt),
        "output_length": len(result.final_text or ""),
    }
    if is_chain:
        # Era A listed the targets; where the journey began stands in the record.
        languages = said.get("language_sequence", ())
        known |= {"iterations": said.get("total_iterations"), "language_sequence": list(languages)[1:]}
    return known


def _blocked(job: Job, result: Result, state: RunState) -> dict[str, Any]:
    at_start = state.items_of(ItemType.STAGE1_BLOCKED)
    checks = at_start or state.items_of(ItemType.STAGE3_BLOCKED)
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


def _failure(job: Job, state: RunState) -> dict[str, Any]:
    done = _steps(state)
    return {
        "status": "error",
        "schema": job.request.config_name,
        "config_name": job.request.config_name,
        "steps_completed": done,
        "total_steps": done + 1,
        "run_status": job.status,
        **addresses(job),
    }


def _steps(state: RunState) -> int:
    """The steps of stage 2 that were completed: hops, or the one step of a configuration without any."""
    hops = state.items_of(ItemType.INTERCEPTION_ITERATION)
    return len(hops) if hops else len(state.items_of(ItemType.INTERCEPTION_FINAL))


def _output(output: OutputResult, job: Job, state: RunState) -> dict[str, Any]:
    common = {"config": output.config_used, "execution_time": _seconds(output.number, state)}
    if output.status == "blocked":
        said = {"reason": output.blocked, "safety_level": job.request.safety_level}
        return {**common, "status": "blocked", "output": None, "media_type": None, "metadata": {}, **said}
    if output.status == "failed":
        error = whole_text(output.error or "the output failed")
        return {**common, "status": "error", "output": None, "media_type": None, "metadata": {}, "error": error}
    items = [item for item in state.items_of(*OUTPUT_TYPES) if item.loop_iteration == output.number]
    addresses_of_files = [_address(item, job) for item in items]
    return {
        **common,
        "status": "success",
        "output": addresses_of_files[0] if items else None,
        "media_type": str(items[0].media_type) if items else None,
        "metadata": _facts(items[0]) if items else {},
        "files": addresses_of_files,
        "seed": output.seed,
    }


def _address(item: ExecutionItem, job: Job) -> str:
    return f"/api/runs/{job.execution_id}/media/{item.media.sha256 if item.media else ''}"


def _facts(item: ExecutionItem) -> dict[str, Any]:
    known = {"model": item.model_used, "backend": item.backend_used}
    return {**known, **item.metadata} if isinstance(item.metadata, dict) else known


def _seconds(number: int, state: RunState) -> float | None:
    span = next((one for one in state.spans.values() if one.name == names.OUTPUT_SPAN and one.output == number), None)
    return (span.ended_ns - span.since_ns) / 1e9 if span and span.ended_ns is not None else None
