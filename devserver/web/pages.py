"""The pages for people: start a run, watch it, look at others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from devserver.audit import Act
from devserver.configs import Shelf
from devserver.engines import TERM_LISTS
from devserver.errors import ConfigError, RequestError
from devserver.pictures import MOST_BYTES
from devserver.requests import Request
from devserver.safety.terms import LEVELS
from devserver.stages.seeds import draw_seed
from devserver.web.asking.again import again, can_be_seeded, leaves_to_chance, with_seed
from devserver.web.asking.body import check_names, checked, image_of, level_for, seed_of
from devserver.web.asking.choices import choices_of
from devserver.web.asking.full import RunnerFull
from devserver.web.asking.job import Job
from devserver.web.asking.too_many import sentence_of, with_retry
from devserver.web.concerns import will_concern
from devserver.web.language import LANGUAGE_COOKIE, language_here, words_here
from devserver.web.reachable import reachable
from devserver.web.refusals import refuse_with
from devserver.web.replies import set_cookie, whole_text
from devserver.web.runs.list_page import list_page_values
from devserver.web.runs.lookup import Runs
from devserver.web.runs.run_page import run_page_values
from devserver.web.runs.sending import send_off
from devserver.web.showing import message, show
from devserver.web.telling_people import in_words
from devserver.web.visitors import guard
from devserver.web.visitors.pupils import asker
from devserver.web.visitors.roles import ALL, OPEN, Role
from devserver.web.web_settings import WebSettings
from devserver.web.words import LANGUAGES, examples_in
from devserver.wiring import Devserver
from exporters.story.boxes import NO_CHECKS
from otel_tracking.audience import Audience
from otel_tracking.outcome import Status

LANGUAGE_SECONDS = 365 * 24 * 3600
STATUSES = ("running", *(str(status) for status in Status))


def pages(devserver: Devserver, runs: Runs, settings: WebSettings) -> Blueprint:
    """The pages, as a blueprint."""
    routes = Blueprint("pages", __name__)
    answers = _Pages(devserver, runs, settings)
    refuse_with(routes)
    routes.register_error_handler(RunnerFull, _is_full)
    routes.get("/", roles=ALL)(answers.start)
    routes.post("/runs", roles=ALL)(answers.send)
    routes.get("/runs", roles=ALL)(answers.index)
    routes.get("/runs/<name>", roles=ALL)(answers.one)
    routes.post("/runs/<name>/cancel", roles=ALL)(answers.cancel)
    routes.post("/runs/<name>/again", roles=ALL)(answers.repeat)
    routes.get("/language/<wanted>", roles=OPEN)(answers.change_language)
    return routes


def _is_full(error: RunnerFull) -> AnyResponse:
    return with_retry(message(error.why.status, sentence_of(error, words_here())), error)


@dataclass(frozen=True, slots=True)
class _Pages:
    """What each route answers."""

    devserver: Devserver
    runs: Runs
    settings: WebSettings

    def start(self) -> str:
        return _start_page(self.devserver, self.settings, request.args)

    def send(self) -> AnyResponse:
        try:
            wanted = _request_of_form(self.settings, self.runs.configs)
            self.runs.runner.check(wanted)
            job = send_off(wanted, self.runs)
        except (RequestError, ConfigError) as error:
            page = _start_page(self.devserver, self.settings, request.form, sentence=in_words(error))
            return make_response(page, 400)
        except RunnerFull as error:
            answer = _start_page(self.devserver, self.settings, request.form, sentence=_told(error))
            return with_retry(make_response(answer, error.why.status), error)
        return _to(job)

    def index(self) -> str:
        is_research = guard.audience() is Audience.RESEARCHER
        return show(
            "runs.html",
            statuses=STATUSES,
            configs=[choice.name for choice in choices_of(self.devserver, language_here())],
            **list_page_values(request.args, self.runs, asker(), is_research=is_research),
        )

    def one(self, name: str) -> AnyResponse:
        found = self.runs.find(name, asker())
        if isinstance(found, Job) and not found.trace_id:
            return make_response(show("waiting.html", **self._waiting(found)))
        execution_id = found.execution_id if isinstance(found, Job) else found
        if name != execution_id:
            query = request.query_string.decode("ascii", "ignore")
            return redirect(f"/runs/{execution_id}{'?' if query else ''}{query}", 303)
        profile = request.args.get("profile", "")
        values = run_page_values(
            found, self.runs, language_here(), guard.audience(), asker(), profile, reachable(request.base_url)
        )
        return make_response(show("run.html", **values, help_number=self.settings.help_number))

    def _waiting(self, job: Job) -> dict[str, Any]:
        return {
            "job": job,
            "standing": self.runs.runner.standing(job),
            "is_concern": will_concern(job.request) and self.runs.seeing.owns(job, asker()),
            "can_change_audience": len(guard.audiences_of(guard.role())) > 1,
            "help_number": self.settings.help_number,
        }

    def cancel(self, name: str) -> AnyResponse:
        found = self.runs.find(name, asker())
        if not self.runs.seeing.may_end(found, asker()):
            return message(403, words_here()["not yours"])
        if isinstance(found, Job):
            self.runs.runner.stop(found)
            guard.note(Act.CANCEL, found.execution_id or found.name)
        return redirect(f"/runs/{found.name if isinstance(found, Job) else found}", 303)

    def repeat(self, name: str) -> AnyResponse:
        found = self.runs.find(name, asker())
        if not self.runs.seeing.may_repeat(found, asker()):
            return message(403, words_here()["not yours"])
        record = self.runs.record(found) if isinstance(found, str) else None
        wanted = again(record, lambda sha256: self.runs.media(found, sha256), self.runs.configs) if record else None
        if wanted is None:
            return message(400, words_here()["not again"])
        repeated = with_seed(wanted, same=request.form.get("seed") == "same")
        level_for(repeated.safety_level, guard.role(), self.settings.safety_level)
        check_names(repeated.parameters)
        self.runs.runner.check(repeated)
        return _to(send_off(repeated, self.runs))

    def change_language(self, wanted: str) -> AnyResponse:
        response = redirect(_own_address(request.args.get("next", "/")), 303)
        if wanted in LANGUAGES:
            set_cookie(response, LANGUAGE_COOKIE, wanted, LANGUAGE_SECONDS)
        return response


def _told(error: RunnerFull) -> str:
    words, has_pictures = words_here(), any(file.filename for file in request.files.getlist("images"))
    kept = [words["sentence kept"], *([words["pictures again"]] if has_pictures else [])]
    return " ".join([sentence_of(error, words), *kept])


def _start_page(devserver: Devserver, settings: WebSettings, given: Any, *, sentence: str = "") -> str:
    language = language_here()
    choices = [one for one in choices_of(devserver, language) if one.can_run or asker().is_researcher]
    usable = [choice.name for choice in choices if choice.can_run]
    wanted = given.get("config", "")
    return show(
        "start.html",
        choices=choices,
        chosen=wanted if wanted in usable else (usable[0] if usable else ""),
        prompt=whole_text(given.get("prompt", "")),
        seed=given.get("seed", ""),
        level=given.get("level", settings.safety_level),
        levels=LEVELS if asker().is_researcher else (),
        are_starter_lists=guard.role() is not Role.PUPIL and devserver.engines.safety_backend == TERM_LISTS,
        examples=examples_in(language),
        example_address=lambda text: "/?" + urlencode({"prompt": text}),
        sentence=sentence,
    )


def _request_of_form(settings: WebSettings, configs: Shelf) -> Request:
    form = request.form
    config = configs.named(form.get("config", ""))
    seed = seed_of(form.get("seed", "").strip())
    if seed is None and leaves_to_chance(config) and can_be_seeded(config):
        seed = draw_seed()  # one for all, so that the run can be made again
    # A browser sends a file without a name where none was chosen.
    files = [file for file in request.files.getlist("images") if file.filename]
    images = [image_of(str(file.filename), file.read(MOST_BYTES + 1)) for file in files]
    return checked(
        Request(
            prompt=form.get("prompt", ""),
            config_name=config.name,
            safety_level=level_for(form.get("level", ""), guard.role(), settings.safety_level),
            seed=seed,
            images=tuple(images),
        ),
        config,
    )


def _to(job: Job) -> AnyResponse:
    # What nobody checks is in the research view alone; whoever may ask for it may look there.
    is_unchecked = job.request.safety_level == NO_CHECKS and asker().is_researcher
    return redirect(f"/runs/{job.name}{'?audience=researcher' if is_unchecked else ''}", 303)


def _own_address(address: str) -> str:
    """An address on this server; the start where it would lead elsewhere."""
    # Behind a path nothing is a scheme or a host any more.
    is_ours = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if is_ours and address.isprintable() else "/"
