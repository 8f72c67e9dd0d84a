"""Scenarios 16 and 17 as configurations: a model that looks things up, and a canvas whose evaluation sends back."""

import json
import threading
from dataclasses import replace
from urllib.parse import unquote

import pytest
from scenario_stage import play

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.backends.http import open_client
from devserver.backends.ollama import Ollama
from devserver.backends.wikipedia import Wikipedia
from devserver.batches import run_batch
from devserver.configs import load_config
from devserver.configs.canvas import MOST_VISITS
from devserver.configs.schema import read_pipeline
from devserver.engines import Backend
from devserver.errors import InvalidConfig
from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedMaker, scripted_engines
from devserver.verify import is_right, verify
from otel_tracking import ItemType
from otel_tracking.nodes import visit_of
from tests.model_servers import OllamaServer
from tests.model_servers.serving import ModelServer, Reply

CANVAS = {
    "name": "canvas",
    "translate_first": False,
    "interception": {
        "kind": "canvas",
        "nodes": [
            {"id": "input-1", "type": "input"},
            {"id": "interception-1", "type": "interception", "engine": "poet"},
            {"id": "evaluation-1", "type": "evaluation", "engine": "judge"},
            {"id": "sd35_large", "type": "generation"},
            {"id": "collector-1", "type": "collector"},
        ],
        "edges": [
            {"source": "input-1", "target": "interception-1"},
            {"source": "interception-1", "target": "evaluation-1"},
            {"source": "evaluation-1", "target": "interception-1", "when": "fail"},
            {"source": "evaluation-1", "target": "sd35_large", "when": "pass"},
            {"source": "sd35_large", "target": "collector-1"},
        ],
    },
    "outputs": [{"name": "sd35_large", "engine": "painter"}],
}


def texts(function, name):
    return ScriptedMaker(function, media_format="text/plain", backend=Backend("ollama", name))


def engines(*scores):
    answers = iter(scores)
    return scripted_engines(
        poet=texts(lambda text, seed: f"{text}!", "poet"),
        judge=texts(lambda text, seed: f"{next(answers)} of 10", "judge"),
        painter=ScriptedMaker(),
    )


def walked(record):
    visits = [visit for visit in map(visit_of, record.spans) if visit]
    return [(visit.node_id, visit.visit, [(way.node_id, way.visit) for way in visit.after]) for visit in visits]


def run(config, **options):
    return play(config=config, prompt="Eine Blume", config_name=config.name, seed=7, **options)


def test_an_evaluation_that_fails_sends_the_text_back_once():
    result, record = run(read_pipeline(CANVAS, "canvas.toml"), engines=engines(3, 7))
    assert (result.status, record.status, result.final_text) == ("completed", "completed", "Eine Blume!!")
    assert walked(record) == [
        ("input-1", 1, []),
        ("interception-1", 1, [("input-1", 1)]),
        ("evaluation-1", 1, [("interception-1", 1)]),
        ("interception-1", 2, [("evaluation-1", 1)]),
        ("evaluation-1", 2, [("interception-1", 2)]),
        ("sd35_large", 1, [("evaluation-1", 2)]),
        ("collector-1", 1, [("sd35_large", 1)]),
    ]
    scores = [span.facts["evaluation"]["score"] for span in record.spans if span.facts and "evaluation" in span.facts]
    assert scores == [3, 7]
    assert is_right(verify(record))


def test_an_evaluation_gives_up_after_fifty_visits_and_says_so():
    result, record = run(read_pipeline(CANVAS, "canvas.toml"), engines=engines(*[0] * 60))
    said = [span.facts["evaluation"] for span in record.spans if "evaluation" in (span.facts or {})]
    assert (result.status, len(said)) == ("completed", MOST_VISITS)
    assert said[-1] == {"score": 0, "pass_score": 5, "passed": False, "is_last": True}


def test_feedback_that_nobody_ends_ends_the_run_after_fifty_visits():
    nodes = [{"id": "in", "type": "input"}, {"id": "again", "type": "interception", "engine": "poet"}]
    edges = [{"source": "in", "target": "again"}, {"source": "again", "target": "again"}]
    interception = {"kind": "canvas", "nodes": nodes, "edges": edges}
    config = read_pipeline({"name": "loop", "translate_first": False, "interception": interception}, "loop.toml")
    result, record = run(config, engines=engines())
    assert (result.status, record.status) == ("error", "error")
    assert "node again was visited 50 times" in result.error
    visits = [visit.visit for visit in filter(None, map(visit_of, record.spans)) if visit.node_id == "again"]
    assert visits == list(range(1, MOST_VISITS + 1))


def test_an_evaluation_may_be_content_after_so_many_visits():
    nodes = [
        {**node, "most_visits": 2} if node["type"] == "evaluation" else node for node in CANVAS["interception"]["nodes"]
    ]
    config = read_pipeline({**CANVAS, "interception": {**CANVAS["interception"], "nodes": nodes}}, "canvas.toml")
    result, record = run(config, engines=engines(0, 0, 0))
    assert result.status == "completed"
    assert [span.facts["evaluation"]["is_last"] for span in record.spans if "evaluation" in (span.facts or {})] == [
        False,
        True,
    ]


def test_ways_fan_out_and_meet_again():
    """Two texts of one: a comparison waits for both, and its span has a link for each."""
    interception = {
        "kind": "canvas",
        "nodes": [
            {"id": "in", "type": "input"},
            {"id": "a", "type": "interception", "engine": "poet"},
            {"id": "b", "type": "interception", "engine": "poet"},
            {"id": "both", "type": "comparison_evaluator", "engine": "judge"},
        ],
        "edges": [
            {"source": "in", "target": "a"},
            {"source": "in", "target": "b"},
            {"source": "a", "target": "both"},
            {"source": "b", "target": "both"},
        ],
    }
    config = read_pipeline({"name": "fan", "translate_first": False, "interception": interception}, "fan.toml")
    _, record = run(config, engines=engines(8))
    assert walked(record)[-1] == ("both", 1, [("a", 1), ("b", 1)])
    assert is_right(verify(record))


def test_the_runs_of_a_batch_have_an_index_and_the_next_seed_each():
    results, records = batch_of(3, engines(7, 7, 7))
    assert [result.status for result in results] == ["completed"] * 3
    assert [(record.batch_id, record.metadata["batch_index"]) for record in records] == [("b", n) for n in (1, 2, 3)]
    assert [record.used_seed for record in records] == [100, 101, 102]


def test_a_batch_that_is_stopped_ends_the_run_under_way_and_begins_no_other():
    stop = threading.Event()

    def stops_the_second(text, seed):
        if seed == 101:
            stop.set()
        return text

    served = engines(*[7] * 5)
    served = replace(served, makers={**served.makers, "poet": texts(stops_the_second, "poet")})
    results, records = batch_of(5, served, stop)
    assert [result.status for result in results] == ["completed", "cancelled"]
    assert [record.status for record in records] == ["completed", "cancelled"]


def batch_of(runs, served, stop=None):
    """Results and records of a batch of the canvas, the first seed 100."""
    config, sink = read_pipeline(CANVAS, "canvas.toml"), RememberingSink()
    with start_recording(sinks=[sink], raise_errors=True, journal=False) as recording:
        pipeline = Pipeline(recording.tracker(), served, find_config=lambda name: config)
        request = Request(prompt="Eine Blume", config_name="canvas", seed=100, batch_id="b")
        results = list(run_batch(pipeline, request, runs, cancel=stop))
        assert recording.flush(timeout=30)
    return results, sorted(sink.records, key=lambda record: record.metadata["batch_index"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"edges": [{"source": "input-1", "target": "nowhere"}]}, "'nowhere', which is no node"),
        ({"nodes": [{"id": "a", "type": "display"}], "edges": []}, 'needs one node of type "input"'),
        ({"nodes": [{"id": "a", "type": "input"}, {"id": "a", "type": "display"}]}, "two nodes are called 'a'"),
        ({"nodes": [{"id": "a", "type": "input"}, {"id": "b", "type": "research"}], "edges": []}, "needs an engine"),
        ({"nodes": [{"id": "a", "type": "input"}, {"id": "b", "type": "generation"}], "edges": []}, "needs an output"),
        ({"nodes": [{"id": "a", "type": "inputt"}]}, "allowed is one of input, interception"),
    ],
)
def test_a_canvas_that_cannot_be_walked_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(InvalidConfig, match=sentence):
        read_pipeline({**CANVAS, "interception": {**CANVAS["interception"], **change}}, "canvas.toml")


ARTICLES = {"Nok-Kultur": "Die Nok-Kultur war in Nigeria.", "Terrakotta": "Terrakotta ist gebrannte Erde."}


class WikipediaServer(ModelServer):
    """Knows two articles; of any other term it says that there is none."""

    def reply(self, request):
        title = unquote(request.path.rpartition("/")[2])
        if title not in ARTICLES:
            return Reply(b'{"title":"Not found."}', 404)
        return Reply(json.dumps({"title": title, "extract": ARTICLES[title]}).encode())


def planetarizer(text):
    """Asks for three terms at first; with what was found it needs no more."""
    if "gebrannte Erde" in text:
        return "Aus der Ferne: eine Kultur aus gebrannter Erde."
    wanted = ("Nok-Kultur", "Terrakotta", "Nokturne der Nok")
    return f"{text} " + " ".join(f'<wiki lang="de">{term}</wiki>' for term in wanted)


def test_a_model_looks_things_up_and_is_asked_again():
    """Two calls of the model, three look-ups, one of them of nothing; each as it went over the wire."""
    config = load_config("ollama_planetarizer")
    with OllamaServer(planetarizer) as model, WikipediaServer() as wiki, open_client() as client:
        makers = {"ollama": Ollama(model.url, client=client), "wikipedia": Wikipedia(wiki.url, client=client)}
        served = replace(scripted_engines(), makers=makers)
        result, record = play(
            prompt="Die Nok-Kultur in Nigeria", config=config, config_name=config.name, engines=served, seed=7
        )
    assert (result.status, result.final_text) == ("completed", "Aus der Ferne: eine Kultur aus gebrannter Erde.")
    lookups = [item for item in record.items if item.item_type == ItemType.RESEARCH_LOOKUP]
    assert [(item.metadata["term"], item.metadata["success"]) for item in lookups] == [
        ("Nok-Kultur", True),
        ("Terrakotta", True),
        ("Nokturne der Nok", False),
    ]
    assert [name for name, _, _ in walked(record)] == [
        "input-1",
        "interception-1",
        "research-1",
        "interception-1",
        "research-1",
        "display-1",
    ]
    asked = [call for call in record.attempts if call.backend_used == "wikipedia"]
    assert asked[0].passed["url"].endswith("/api/rest_v1/page/summary/Nok-Kultur")
    assert [call.status for call in asked] == ["unset", "unset", "error"]
    assert sum(call.backend_used == "ollama" for call in record.attempts) == 2
    assert is_right(verify(record))
