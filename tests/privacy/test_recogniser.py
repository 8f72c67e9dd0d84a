"""Names that are on no list: found by a pipeline that is there, without a network; a sentence where none is."""

import socket
import subprocess
import sys

import pytest
import spacy

from exporters.errors import NoPipeline
from exporters.privacy.recogniser import NameRecogniser
from exporters.privacy.text_rules import TextRules
from otel_tracking.extras import MissingExtra


@pytest.fixture
def pipeline(tmp_path):
    """A pipeline as people save one; it knows two names by a list, where a trained one would guess."""
    nlp = spacy.blank("de")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PER", "pattern": "Annegret"}, {"label": "PER", "pattern": [{"LOWER": "klaus"}, {"LOWER": "meier"}]}]
    )
    ruler.add_patterns([{"label": "LOC", "pattern": "Bremen"}])
    nlp.meta["name"], nlp.meta["version"] = "workshop", "1.2.3"
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("something asked the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_persons_are_found_and_towns_are_not(pipeline, no_network):
    rules = TextRules([NameRecogniser(pipeline)])

    clean = rules.clean("Annegret und Klaus Meier malen in Bremen. Mail: a@b.de, www.x.org")
    assert clean.text == "[name] und [name] malen in Bremen. Mail: a@b.de, www.x.org"
    assert dict(clean.found) == {"name": 2}


def test_what_it_is_stands_among_the_rules(pipeline):
    [version] = TextRules([NameRecogniser(str(pipeline))]).versions

    assert version.startswith("recogniser presidio-")
    assert version.endswith(" de_workshop-1.2.3")


def test_odd_texts_do_not_bring_it_down(pipeline):
    rules = TextRules([NameRecogniser(pipeline)])

    for text in ("", " ", "\x00", "a" * 5_000, "\n" * 50, "👩‍👧"):
        assert rules.clean(text).text == text
    assert rules.clean("\ud800 x").text in ("\ud800 x", "[left out]")


def test_a_pipeline_that_is_not_there_is_not_downloaded(tmp_path, no_network):
    with pytest.raises(NoPipeline, match="no pipeline of spaCy is at de_core_news_enormous"):
        NameRecogniser("de_core_news_enormous")
    with pytest.raises(NoPipeline, match="is no pipeline that this spaCy can load"):
        NameRecogniser(tmp_path)


def test_a_pipeline_that_finds_no_names_is_refused(tmp_path):
    spacy.blank("de").to_disk(tmp_path / "blank")

    with pytest.raises(NoPipeline, match="finds no names"):
        NameRecogniser(tmp_path / "blank")


def test_without_the_extra_it_says_what_to_install():
    """In a process of its own, where spaCy cannot be imported."""
    program = (
        "import sys; sys.modules['spacy'] = None\n"
        "from exporters.privacy.recogniser import NameRecogniser\n"
        "from otel_tracking.extras import MissingExtra\n"
        "try: NameRecogniser('de')\n"
        "except MissingExtra as trouble: print(trouble)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told == "A recogniser of names needs the extra 'names': pip install 'otel-tracking[names]'\n"
    assert issubclass(MissingExtra, ImportError)
