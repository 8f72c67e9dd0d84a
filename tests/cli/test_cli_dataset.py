"""`dataset`: what somebody says of it stands in it, what nobody said is named, nonsense is refused in a sentence."""

import json

import pytest
from cli_stage import call, call_json, one_picture, stored, three_hops

ADA = "Lovelace, Ada <0000-0002-1825-0097> (Bremen)"


@pytest.fixture
def data(tmp_path):
    stored(tmp_path / "data", three_hops, one_picture)
    return tmp_path / "data"


def last_line(done):
    return done.stdout.splitlines()[-1]


def test_the_last_lines_say_that_nobody_may_use_it_yet(tmp_path, data):
    done = call("dataset", tmp_path / "out", data=data)
    assert done.exit_code == 0
    assert "2 runs" in done.stdout and "1 media file" in done.stdout
    assert done.stdout.splitlines()[-2:] == [
        "It has no licence yet: nobody may use it. --licence CC-BY-4.0 or another one would say under which",
        "CITATION.cff needs --author",
    ]


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("cc-by-4.0", "Its licence is CC-BY-4.0"),
        ("https://example.org/terms", "Its licence is https://example.org/terms"),
        ("CC-BY-4", "Its licence is 'CC-BY-4': LICENSE says no more than this name. Did you mean CC-BY-4.0?"),
    ],
)
def test_a_licence_is_said_once_more_and_a_name_that_nobody_knows_as_one(tmp_path, data, licence, said):
    done = call("dataset", tmp_path / "out", "--licence", licence, "--author", ADA, data=data)
    assert last_line(done).startswith(said)


def test_programs_are_told_the_licence_and_how_many_media_there_are(tmp_path, data):
    said, code = call_json("dataset", tmp_path / "out", "--licence", "CC0-1.0", "--author", ADA, data=data)
    assert (code, said["media"], said["licence"]["spdx"]) == (0, 1, "CC0-1.0")
    assert {"media/", "LICENSE", "CITATION.cff", "ro-crate-metadata.json"} <= set(said["files"])
    bare, _ = call_json("dataset", tmp_path / "bare", "--no-media", data=data)
    assert (bare["media"], bare["licence"], "media/" in bare["files"]) == (0, None, False)


def test_a_provenance_crate_is_asked_for_by_its_name(tmp_path, data):
    assert call("dataset", tmp_path / "out", "--crate", "provenance", data=data).exit_code == 0
    graph = json.loads((tmp_path / "out" / "ro-crate-metadata.json").read_text())["@graph"]
    assert "OrganizeAction" in {entity["@type"] for entity in graph if isinstance(entity["@type"], str)}
    assert call("dataset", tmp_path / "other", "--crate", "none", data=data).exit_code == 2


@pytest.mark.parametrize(
    ("author", "complaint"),
    [
        ("Ada <0000-0002-1825-0098>", "0000-0002-1825-0098 is no ORCID: its last sign would be 7"),
        ("<>", "names no author; Family, Given <0000-0002-1825-0097> (University of Bremen) would work"),
    ],
)
def test_an_author_with_a_wrong_id_is_refused_in_one_sentence(tmp_path, data, author, complaint):
    done = call("dataset", tmp_path / "out", "--author", author, data=data)
    assert done.exit_code != 0
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
