"""Configurations: those that come with the server, those that people write, and what is said about mistakes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.configs import Shelf, list_configs, load_config
from devserver.configs.schema import read_pipeline
from devserver.errors import ConfigError, InvalidConfig, UnknownConfig


def test_the_server_comes_with_stille_post_and_a_comparison():
    """Stille Post starts from the prompt's own language; the comparison paints in two styles."""
    stille_post, comparison = load_config("stillepost"), load_config("image_comparison")

    assert (stille_post.translate_first, stille_post.interception.hops, stille_post.outputs) == (False, 8, ())
    assert [output.parameters["palette"] for output in comparison.outputs] == ["weimar", "dessau"]
    assert {config.name for config in list_configs()} >= {"stillepost", "stillepost_random", "image_comparison"}


def test_the_name_of_a_configuration_is_that_of_its_file():
    """What is listed can be loaded by the name it is listed under."""
    for config in list_configs():
        assert load_config(config.name) is config
        assert config.description


def test_an_unknown_name_is_answered_with_the_closest_and_with_all():
    """The message alone is enough to go on."""
    with pytest.raises(UnknownConfig) as caught:
        load_config("stile_post")

    assert "'stile_post'" in str(caught.value)
    assert "closest" in str(caught.value)
    assert all(config.name in str(caught.value) for config in list_configs())


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_people_write_their_own_in_toml_or_json(tmp_path, suffix):
    """Both say the same, and both are found by their path."""
    file = tmp_path / f"mine{suffix}"
    source = {"name": "mine", "interception": {"kind": "translation_chain", "languages": ["es", "en"]}}
    toml = 'name = "mine"\n[interception]\nkind = "translation_chain"\nlanguages = ["es", "en"]\n'
    file.write_text(json.dumps(source) if suffix == ".json" else toml, encoding="utf-8")

    for path in (file, str(file)):
        config = load_config(path)
        assert (config.name, config.interception.languages) == ("mine", ("es", "en"))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ({}, "mine.toml: name is missing; allowed is a name"),
        ({"name": ""}, "mine.toml: name is ''; allowed is a name"),
        (
            {"name": "a", "interception": {"hops": "eight"}},
            "mine.toml: interception.hops is 'eight'; allowed is a whole number from 1 to 50",
        ),
        (
            {"name": "a", "interception": {"hops": True}},
            "mine.toml: interception.hops is True; allowed is a whole number from 1 to 50",
        ),
        (
            {"name": "a", "interception": {"hop": 8}},
            "mine.toml: there is no key interception.hop; closest is hops; known are "
            "edges, engine, fallbacks, final_language, hops, "
            "images_at_most, kind, languages, nodes, parameters, retries, seed",
        ),
        (
            {"name": "a", "interception": {"kind": "dada"}},
            "mine.toml: interception.kind is 'dada'; allowed is one of translation_chain, pass_on, engine, canvas",
        ),
        (
            {"name": "a", "interception": {"kind": "engine"}},
            'mine.toml: interception.engine is missing; kind "engine" needs the name of an engine',
        ),
        (
            {"name": "a", "outputs": [{"name": "b", "engine": "c"}, {"name": "d"}]},
            "mine.toml: outputs[2].engine is missing; allowed is the name of an engine",
        ),
        (
            {"name": "a", "outputs": [{"name": "b", "engine": "c", "seed": "lucky"}]},
            "mine.toml: outputs[1].seed is 'lucky'; allowed is a whole number or \"random\"",
        ),
        ([], "mine.toml: the file is []; a table of keys is allowed"),
    ],
)
def test_a_mistake_is_one_sentence_with_file_key_what_came_and_what_is_allowed(source, sentence):
    """Nobody has to read our code to repair their file."""
    with pytest.raises(InvalidConfig) as caught:
        read_pipeline(source, "mine.toml")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("broken.toml", b"name = ", "broken.toml: is not TOML in UTF-8"),
        ("broken.json", b"{", "broken.json: is not JSON in UTF-8"),
        ("latin.json", b'{"name": "Bl\xfcte"}', "latin.json: is not JSON in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, complaint):
    """Syntax and encoding errors name the file and the kind it should be of."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidConfig, match=complaint):
        load_config(tmp_path / name)


def test_a_file_that_is_not_there_is_named(tmp_path):
    """The path is in the message, with what was expected there."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read \(No such file or directory\)"):
        load_config(tmp_path / "nowhere.toml")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
keys = st.sampled_from(["name", "interception", "outputs", "description", "translate_first"])


@given(anything | st.dictionaries(keys, anything))
def test_whatever_a_file_says_it_is_a_configuration_or_a_complaint(source):
    """No content ends in anything else than a `PipelineConfig` or an `InvalidConfig`."""
    try:
        config = read_pipeline(source, "any.json")
    except InvalidConfig as complaint:
        assert str(complaint).startswith("any.json: ")
    else:
        assert config.name == source["name"]


def test_a_directory_of_ones_own_is_offered_beside_those_that_come_along(tmp_path):
    """By name, at once, and before a shipped one that is called the same."""
    shelf = Shelf(tmp_path)
    assert shelf.all() == list_configs()
    (tmp_path / "mine.toml").write_text('name = "mine"\ndescription = "Of my own"')
    (tmp_path / "dada.json").write_text('{"name": "dada", "description": "Another Dada"}')
    (tmp_path / "notes.txt").write_text("no configuration")

    assert (shelf.find("mine").description, shelf.find("dada").description) == ("Of my own", "Another Dada")
    assert len(shelf.all()) == len(list_configs()) + 1
    (tmp_path / "mine.toml").write_text('name = "mine"\ndescription = "Changed since"')
    assert shelf.find("mine").description == "Changed since"


def test_a_file_with_a_mistake_is_named_and_stands_in_nobodys_way(tmp_path):
    """The others can be run; whoever asks for it is told what is wrong with it."""
    (tmp_path / "a.toml").write_text('name = "twice"')
    (tmp_path / "b.toml").write_text('name = "twice"')
    (tmp_path / "broken.toml").write_text("name = ")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    shelf = Shelf(tmp_path)

    assert [config.name for config in shelf.all()[:1]] == ["twice"]
    assert [Path(sentence.split(":")[0]).name for sentence in shelf.mistakes()] == [
        "b.toml",
        "broken.toml",
        "deep.json",
    ]
    with pytest.raises(UnknownConfig, match=r"broken\.toml: is not TOML"):
        shelf.find("broken")


def test_a_name_is_never_a_path(tmp_path):
    """Whoever may only name configurations cannot name files with them."""
    (tmp_path / "mine.toml").write_text('name = "mine"')
    with pytest.raises(UnknownConfig):
        Shelf().named(str(tmp_path / "mine.toml"))
