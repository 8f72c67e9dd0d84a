"""`/api/openapi.json` is OpenAPI 3.1, has every route, and the server answers as it says, whatever it is sent."""

import os
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from web_stage import client_of, devserver_in, execute

from devserver.web import WebSettings
from devserver.web.openapi.document import ADDRESS
from devserver.web.openapi.paths import paths

TOKENS = {"full": "teacher-0123456789abcdef", "class": "class-0123456789abcdef"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXECUTE = "/api/schema/pipeline/execute"
EXAMPLES = int(os.environ.get("OTEL_TRACKING_API_EXAMPLES", "10"))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    web = WebSettings(token=TOKENS["full"], class_token=TOKENS["class"], most_wrong_tokens=10_000, most_waiting=1000)
    with devserver_in(tmp_path_factory.mktemp("data")) as devserver, client_of(devserver, web) as client:
        yield client


@pytest.fixture(scope="module")
def run(client):
    """A run that is stored, with a picture."""
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKENS['full']}"
    run = execute(client, "image_comparison").get_json()
    picture = run["media_outputs"][0]["output"].rpartition("/")[2]
    return {"name": run["execution_id"], "file": picture, "erasure": "0e3a05610e3a0561"}


@pytest.fixture(scope="module")
def described(client, run):
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    return answer.get_json()


def test_it_is_openapi(described):
    OpenAPIV31SpecValidator(described).validate()
    assert described["openapi"].startswith("3.1")


def test_it_has_every_route_of_the_api_and_no_other(client, described):
    routes = {
        (method.lower(), re.sub(r"<(\w+:)?\w+>", "{}", str(rule)))
        for rule in client.application.url_map.iter_rules()
        if str(rule).startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    said = {(method, re.sub(r"\{\w+\}", "{}", path)) for path, ways in described["paths"].items() for method in ways}
    assert said == routes


@pytest.fixture(scope="module")
def api(client, described):
    return schemathesis.openapi.from_wsgi(ADDRESS, client.application, headers=bearer("full"))


def bearer(token):
    return {"Authorization": f"Bearer {TOKENS[token]}"}


@pytest.mark.parametrize("is_there", [True, False], ids=["a run that is there", "any name"])
@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(("method", "path"), [(method, path) for path, ways in paths().items() for method in ways])
def test_the_server_answers_as_it_is_described(api, run, method, path, token, is_there):
    """Whatever the description allows, and what it does not: no error of ours, and the statuses and shapes it names."""

    operation = api[path][method.upper()]
    allowed, not_allowed = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=allowed | not_allowed)
    def ask(case):
        if is_there:
            case.path_parameters = {**case.path_parameters, **_known(case.path_parameters, run)}
        case.headers = {**case.headers, **bearer(token)}
        if path == EXECUTE:
            case.query["wait"] = "1"  # so that nothing is under way when the next one asks
        answer = case.call()
        if answer.status_code == 503:  # so many at once are not for now, and it says when
            assert answer.headers["retry-after"]
        else:
            case.validate_response(answer, checks=CHECKS)

    ask()


def _known(names, run):
    return {name: run[name] for name in names if name in run}
