"""A journey that cannot be made is refused before its first hop, with the languages there are."""

import pytest

from devserver.configs import InterceptionConfig, PipelineConfig
from devserver.errors import RequestError
from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedMaker, ScriptedTranslator, scripted_engines

PAIRS = (("de", "en"), ("en", "de"), ("en", "es"), ("en", "ca"))
PROMPT = "Eine Blume auf der Wiese"


def a_pipeline(recording, config=None, **engines):
    known = {} if config is None else {"find_config": lambda name: config}
    engines = scripted_engines(translator=ScriptedTranslator(pairs=PAIRS), **engines)
    return Pipeline(recording.tracker(), engines, **known)


@pytest.mark.parametrize(
    ("languages", "sentence"),
    [
        (["en", "xx"], "language 2 is 'xx', and nobody here translates from 'en' to it; to ca, de, es would work"),
        (["en", "../../etc"], "language 2 is '../../etc'"),
        (["e n"], "language 1 is 'e n'"),
        (["es"], "language 1 is 'es', and nobody here translates from 'de' to it; to en would work"),
        (["en", "ja"], "language 2 is 'ja', and nobody here translates from 'en' to it; to ca, de, es would work"),
        (["en", "ca", "en"], "from 'ca' to it; nor from there to any other"),
    ],
)
def test_it_is_refused_and_nothing_is_recorded(recording, sink, languages, sentence):
    """From any caller: the pipeline itself looks."""
    with pytest.raises(RequestError) as refused:
        a_pipeline(recording).run(Request(prompt=PROMPT, languages=languages))

    assert sentence in str(refused.value)
    assert recording.flush(20)
    assert sink.records == []


def test_a_journey_of_pairs_that_are_there_is_made(recording):
    """Staying where one is costs nothing and needs no pair."""
    assert a_pipeline(recording).run(Request(prompt=PROMPT, languages=["en", "en", "es"])).status == "completed"


@pytest.mark.parametrize(("language", "is_known"), [("ja", True), ("pt-BR", True), ("fa", True), ("xx", False)])
def test_a_model_is_asked_for_any_language_that_has_a_name(recording, language, is_known):
    """It says of no pair that it cannot."""
    config = PipelineConfig(name="chain", interception=InterceptionConfig(kind="translation_chain", engine="chat"))
    pipeline = a_pipeline(recording, config, chat=ScriptedMaker(lambda text, seed: text, media_format="text/plain"))
    request = Request(prompt=PROMPT, config_name="chain", languages=[language])

    if is_known:
        assert pipeline.run(request).status == "completed"
    else:
        with pytest.raises(RequestError, match="language 1 is 'xx'"):
            pipeline.run(request)
