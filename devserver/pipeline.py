"""The four stages, from a prompt to what is made of it, as an orchestrator author writes them.

Stage 1 takes the prompt in, checks it and translates it where the configuration wants that; stage 2 transforms it;
stages 3 and 4 check and make each output. The scopes of the tracker stand around the work and never decide anything.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from devserver.backends.errors import Cancelled, EngineError, InvalidParameter
from devserver.backends.http import stop_if
from devserver.configs import OutputConfig, PipelineConfig, load_config
from devserver.engines import Engines
from devserver.errors import PipelineError, RequestError
from devserver.requests import LONGEST_PROMPT, OutputResult, Request, Result, status_of
from devserver.stages.asked_languages import check_languages
from devserver.stages.canvas import Canvas, collect, generating
from devserver.stages.interception import intercept
from devserver.stages.media_check import check_made
from devserver.stages.output import make_output
from devserver.stages.parameters import check_parameters
from devserver.stages.safety import check_text, reason
from devserver.stages.seeds import Seeds, draw_seed
from devserver.stages.task import Task
from devserver.stages.texts import Text
from devserver.stages.translation import take_in, translate_to_english
from otel_tracking import ExecutionTracker
from otel_tracking.pseudonyms import KINDS
from otel_tracking.run import Execution

__all__ = ["OutputResult", "Pipeline", "Request", "Result"]

_log = logging.getLogger(__name__)

OnStart = Callable[[Execution], None]


class Pipeline:
    """Runs requests with the engines it was given; may be shared by threads."""

    def __init__(
        self,
        tracker: ExecutionTracker,
        engines: Engines,
        *,
        find_config: Callable[[str], PipelineConfig] = load_config,
        new_seed: Callable[[], int] = draw_seed,
        wait: Callable[[float], object] | None = None,
        longest_prompt: int = LONGEST_PROMPT,
    ) -> None:
        """`wait` pauses for so many seconds before an attempt is repeated; by default until `cancel` is set.

        `longest_prompt` is how many characters a prompt may have.
        """
        self._longest_prompt = longest_prompt
        self._tracker, self._engines = tracker, engines
        self._find_config, self._new_seed, self._wait = find_config, new_seed, wait

    def run(
        self, request: Request, on_start: OnStart | None = None, *, cancel: threading.Event | None = None
    ) -> Result:
        """What came of `request`; `on_start` is told of the execution before its first stage.

        Whoever sets `cancel` ends the run before its next stage, hop or attempt, and within one whose answer streams.
        Raises `ConfigError` and `RequestError` before a run is started. What goes wrong later ends in the result's
        `status` and `error`, after the record has got to know it.
        """
        config = self.check(request)
        cancel = cancel or threading.Event()
        seeds = Seeds(request.seed, config, self._new_seed)
        task = Task(config, request, self._engines, seeds, cancel, self._wait or cancel.wait)
        run = self._start(task)
        try:
            with run:
                if on_start:
                    on_start(run)
                return self._stages(run, task)
        except Cancelled:
            return Result(execution_id=run.execution_id, trace_id=run.trace_id, status="cancelled")
        except Exception as error:
            _log_end(run, error)
            return Result(
                execution_id=run.execution_id,
                trace_id=run.trace_id,
                status="error",
                error=str(error) or repr(error),
                is_request_wrong=_is_request_wrong(error, request),
            )

    def check(self, request: Request) -> PipelineConfig:
        """The configuration of a request that can be run. Raises `ConfigError` or `RequestError`, as `run` does."""
        request.check()
        request.check_length(self._longest_prompt)
        config = self._find_config(request.config_name)
        request.check_images(config)
        self._check_study(request)
        check_parameters(request.parameters, config, self._engines)
        check_languages(request, config, self._engines)
        return config

    def as_recorded(self, request: Request) -> Request:
        """The request as it may be kept while it waits: of its study, with pseudonyms where its run will have them."""
        whose = {name: getattr(request, name) for name in (*KINDS, "study_id")}
        return replace(request, **self._tracker.attribution.of(whose))

    def _check_study(self, request: Request) -> None:
        ours = self._tracker.attribution
        if ours.pseudonyms and ours.study_id and request.study_id not in (None, ours.study_id):
            raise RequestError(
                f"the study is {request.study_id!r:.80}, and people here get the pseudonyms of {ours.study_id}; "
                "that name, or none, would work"
            )

    def _stages(self, run: Execution, task: Task) -> Result:
        request, engines = task.request, self._engines

        with run.stage(1) as stage:
            stop_if(task.cancel)
            prompt = take_in(stage, request.prompt, engines.detect_language(request.prompt), request.images)
            verdict = check_text(stage, 1, prompt, request.safety_level, engines)
            if verdict.safe and task.config.translate_first:
                prompt = translate_to_english(stage, prompt, engines.translator)
        if not verdict.safe:
            return _result(run, status="blocked", blocked=reason(verdict))

        with run.stage(2) as stage:
            stop_if(task.cancel)
            text, seed, canvas = intercept(stage, prompt, task)
        if not task.config.outputs:
            if canvas is not None:
                collect(run, canvas)
            if seed is not None:
                run.amend(used_seed=seed)
            return self._text_alone(run, text, task)

        outputs = [
            self._output(run, number, wanted, _text_for(wanted, text, canvas), task, canvas)
            for number, wanted in enumerate(task.config.outputs, start=1)
        ]
        if canvas is not None:
            collect(run, canvas)
        _amend_seed(run, request.seed, outputs)
        return _result(run, status=status_of(outputs), final_text=text.content, outputs=tuple(outputs))

    def _text_alone(self, run: Execution, text: Text, task: Task) -> Result:
        """The end of a run that makes nothing else: its text is what people get to see, and is checked as outputs are.

        What was fit to come in need not be fit to go out, and stage 1 has looked at the prompt alone.
        """
        with run.stage(3) as stage:
            stop_if(task.cancel)
            verdict = check_text(stage, 3, text, task.request.safety_level, self._engines)
        if not verdict.safe:
            return _result(run, status="blocked", blocked=reason(verdict))
        return _result(run, status="completed", final_text=text.content)

    def _output(
        self, run: Execution, number: int, wanted: OutputConfig, text: Text, task: Task, canvas: Canvas | None
    ) -> OutputResult:
        """One pass of stages 3 and 4. A failure ends this output, not the run: the next one is still made."""
        try:
            with run.output(number, config_used=wanted.name) as output:
                with output.stage(3) as stage:
                    stop_if(task.cancel)
                    verdict = check_text(stage, 3, text, task.request.safety_level, self._engines)
                if not verdict.safe:
                    return OutputResult(
                        number=number, config_used=wanted.name, status="blocked", blocked=reason(verdict)
                    )

                with output.stage(4) as stage:
                    with generating(stage, canvas, wanted.name) as scope:
                        made = make_output(scope, number, wanted, text, task)
                    return check_made(stage, made, task)
        except Exception as error:
            _log_end(run, error)
            return OutputResult(
                number=number, config_used=wanted.name, status="failed", error=str(error) or repr(error)
            )

    def _start(self, task: Task) -> Execution:
        request, config = task.request, task.config
        return self._tracker.execution(
            config.name,
            execution_mode=request.execution_mode,
            safety_level=request.safety_level,
            user_id=request.user_id,
            session_id=request.session_id,
            device_id=request.device_id,
            study_id=request.study_id,
            batch_id=request.batch_id,
            repeats=request.repeats,
            continues=request.continues,
            used_seed=request.seed,
            # A key that somebody wrote into a configuration by mistake does not belong there, nor into a record.
            metadata=_asked(config, request),
        )


def _text_for(wanted: OutputConfig, text: Text, canvas: Canvas | None) -> Text:
    """The text that an output is made from; a canvas may send each another one."""
    return text if canvas is None else replace(text, content=canvas.text_of(wanted.name))


def _is_request_wrong(error: Exception, request: Request) -> bool:
    """Whether an engine was asked for what it does not understand, by a parameter of the request."""
    causes = (error, error.__cause__)
    return bool(request.parameters) and any(isinstance(cause, InvalidParameter) for cause in causes)


def _asked(config: PipelineConfig, request: Request) -> dict[str, Any]:
    """What the run was asked to do: the configuration as it is now, and what was given on top."""
    asked: dict[str, Any] = {"config": config.to_dict()}
    if request.batch_index is not None:
        asked["batch_index"] = request.batch_index
    if request.parameters:
        asked["parameters"] = dict(request.parameters)
    if request.languages is not None:
        asked["languages"] = request.languages if isinstance(request.languages, str) else list(request.languages)
    return asked


def _amend_seed(run: Execution, asked: int | None, outputs: Sequence[OutputResult]) -> None:
    """The seed that was used goes before the one that was asked for: a server may have taken another."""
    used = [output.seed for output in outputs if output.seed is not None]
    if asked is not None and used and asked not in used:
        run.amend(used_seed=used[0])


def _result(run: Execution, *, status: str, outputs: tuple[OutputResult, ...] = (), **fields: Any) -> Result:
    error = next((output.error for output in outputs if output.error), None) if status == "error" else None
    return Result(
        execution_id=run.execution_id, trace_id=run.trace_id, status=status, outputs=outputs, error=error, **fields
    )


def _log_end(run: Execution, error: Exception) -> None:
    """Tell the log of a failure; of one that is no engine's fault also where in our code it came up.

    An error's message stays out of the log: it may hold what a child wrote. It is in the result and in the record.
    """
    expected = isinstance(error, PipelineError | EngineError)
    where = "" if expected else "\n" + "".join(traceback.format_tb(error.__traceback__))
    _log.warning("%s in run %s%s", type(error).__name__, run.execution_id, where)
