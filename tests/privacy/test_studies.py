"""A study has a key that lies apart, a name that is one, and promises that can be changed."""

import dataclasses
import json
import os
import stat
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from study_stage import keys_in

from exporters.errors import (
    BadStudyName,
    BrokenFile,
    NoStudyKey,
    OtherStudyKey,
    StudyError,
    StudyIsThere,
    UnknownStudy,
    UnsafeStudyKey,
)
from exporters.privacy.studies import PseudonymsAt, change_study, new_study, open_study, studies
from exporters.privacy.study_keys import keys_directory
from otel_tracking.pseudonyms import KINDS, Pseudonyms, is_pseudonym


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    return keys_in(tmp_path, monkeypatch)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def everything_below(*directories):
    return sorted(path for directory in directories for path in directory.rglob("*"))


class TestAKey:
    def test_lies_apart_and_only_its_owner_can_read_it(self, data, keys):
        study = new_study(data, "garden")
        assert study.key_path == keys / "garden.key"
        assert (mode(study.key_path), mode(keys)) == (0o600, 0o700)
        key = study.key_path.read_text().strip()
        assert len(bytes.fromhex(key)) == 32
        assert not any(key in path.read_text() for path in everything_below(data) if path.is_file())

    def test_is_another_for_each_study_so_that_nobody_can_tell_one_child_in_two(self, data):
        first, second = new_study(data, "garden"), new_study(data, "winter")
        assert first.fingerprint != second.fingerprint
        said = {(study.name, field): study.pseudonyms.of(field, "anna") for study in (first, second) for field in KINDS}
        assert len(set(said.values())) == 6

    def test_is_never_replaced(self, data, tmp_path):
        kept = new_study(data, "garden").key_path.read_bytes()
        for directory in (data, tmp_path / "other"):
            with pytest.raises(StudyIsThere):
                new_study(directory, "garden")
        assert (tmp_path / "keys" / "garden.key").read_bytes() == kept
        assert not (tmp_path / "other").exists()

    def test_can_be_adopted_by_a_second_data_directory_which_gives_the_same_pseudonyms(self, data, tmp_path):
        first = new_study(data, "garden")
        second = new_study(tmp_path / "other", "garden", adopt=True)
        assert second.pseudonyms.of("user_id", "anna") == first.pseudonyms.of("user_id", "anna")

    def test_that_is_lost_is_said_with_what_it_means_and_where_it_was_looked_for(self, data, keys):
        new_study(data, "garden").key_path.unlink()
        with pytest.raises(NoStudyKey, match=r"garden\.key\); put back a copy of it\. Without it pseudonyms stay"):
            open_study(data, "garden")
        with pytest.raises(NoStudyKey):
            new_study(data, "winter", adopt=True)
        assert [facts.name for facts in studies(data)] == ["garden"]

    def test_of_another_study_is_refused(self, data, keys):
        new_study(data, "garden")
        other = new_study(data, "winter")
        (keys / "garden.key").write_bytes(other.key_path.read_bytes())
        with pytest.raises(OtherStudyKey, match=other.fingerprint):
            open_study(data, "garden")

    @pytest.mark.parametrize("permission", [0o640, 0o604, 0o620, 0o666])
    def test_that_others_may_read_or_write_is_refused(self, data, permission):
        path = new_study(data, "garden").key_path
        path.chmod(permission)
        with pytest.raises(UnsafeStudyKey, match="chmod 600"):
            open_study(data, "garden")

    def test_in_a_directory_that_others_may_look_into_is_refused(self, data, keys):
        new_study(data, "garden")
        keys.chmod(0o755)
        with pytest.raises(UnsafeStudyKey, match="chmod 700"):
            open_study(data, "garden")
        with pytest.raises(UnsafeStudyKey, match="chmod 700"):
            new_study(data, "winter")
        assert not (keys / "winter.key").exists()

    def test_that_is_a_link_is_refused(self, data, tmp_path):
        path = new_study(data, "garden").key_path
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(UnsafeStudyKey, match="symbolic link"):
            open_study(data, "garden")

    @pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
    def test_that_is_no_file_is_refused_and_nobody_waits_for_it(self, data, make):
        path = new_study(data, "garden").key_path
        path.unlink()
        make(path, 0o600)
        with pytest.raises(UnsafeStudyKey):
            open_study(data, "garden")

    @pytest.mark.parametrize("content", [b"", b"00" * 31, b"zz" * 32, b"00" * 33, b"00" * 32 + b"\nmore", b"\x00" * 32])
    def test_that_is_damaged_is_refused(self, data, content):
        new_study(data, "garden").key_path.write_bytes(content)
        with pytest.raises(UnsafeStudyKey, match="damaged"):
            open_study(data, "garden")

    @pytest.mark.parametrize("inside", ["", "keys", "privacy/keys"])
    def test_directory_below_the_data_is_refused_and_nothing_is_written(self, data, inside, monkeypatch, tmp_path):
        data.mkdir()
        (tmp_path / "another-way").symlink_to(data)
        for way in (data, tmp_path / "another-way"):
            monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(way / inside))
            with pytest.raises(UnsafeStudyKey, match="OTEL_TRACKING_STUDIES"):
                new_study(data, "garden")
        assert everything_below(data) == []


def test_keys_are_where_a_users_configuration_is_unless_it_is_said():
    home = keys_directory({}).parts[-3:]
    assert home == (".config", "otel-tracking", "studies")
    assert str(keys_directory({"XDG_CONFIG_HOME": "/etc/xdg"})) == "/etc/xdg/otel-tracking/studies"
    assert keys_directory({"XDG_CONFIG_HOME": "relative"}).parts[-3:] == home
    assert str(keys_directory({"OTEL_TRACKING_STUDIES": "/usb", "XDG_CONFIG_HOME": "/x"})) == "/usb"


class TestAName:
    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "..",
            "../garden",
            "/etc/passwd",
            "a/b",
            ".hidden",
            "-x",
            "ga rden",
            "garden\n",
            "gärten",
            "a" * 65,
            "\x00",
        ],
    )
    def test_that_is_none_is_refused_with_what_would_work(self, data, keys, name):
        for ask in (new_study, open_study):
            with pytest.raises(BadStudyName, match="such as garden-2026"):
                ask(data, name)
        assert not data.exists()
        assert not keys.exists()

    @given(st.text(max_size=70))
    def test_of_any_other_kind_never_becomes_a_path(self, name):
        allowed = set(string.ascii_letters + string.digits + "-_.")
        is_plain = 0 < len(name) <= 64 and set(name) <= allowed and name[0] not in "-_."
        try:
            open_study("/nowhere", name)
        except BadStudyName:
            assert not is_plain
        except UnknownStudy:
            assert is_plain


class TestWhatTheDataDirectoryKnows:
    def test_is_a_fingerprint_and_what_was_promised(self, data):
        study = new_study(data, "garden", retention_days=365, consent_required=False, pseudonyms_at="export")
        path = data / "privacy" / "studies" / "garden.json"
        assert mode(path) == 0o600
        assert json.loads(path.read_text()) == {
            "name": "garden",
            "fingerprint": study.fingerprint,
            "created": study.created,
            "consent_required": False,
            "retention_days": 365,
            "pseudonyms_at": "export",
            "spacy_model": None,
        }
        assert {**study.to_dict()} == json.loads(path.read_text())

    def test_is_that_consent_is_needed_and_runs_are_kept_for_ever_unless_it_is_said(self, data):
        study = new_study(data, "garden")
        told = (study.consent_required, study.retention_days, study.pseudonyms_at, study.roster_path)
        assert told == (True, None, PseudonymsAt.SOURCE, None)

    def test_can_be_changed_and_the_key_stays(self, data):
        before = new_study(data, "garden")
        change_study(data, "garden", retention_days=30, spacy_model="de_core_news_sm")
        after = open_study(data, "garden")
        assert (after.retention_days, after.spacy_model) == (30, "de_core_news_sm")
        assert after.pseudonyms.of("user_id", "anna") == before.pseudonyms.of("user_id", "anna")
        assert change_study(data, "garden", retention_days=None).retention_days is None

    @pytest.mark.parametrize("days", [0, -1, 10**9, True, 1.5, "30"])
    def test_can_be_no_retention_that_cannot_be(self, data, days):
        new_study(data, "garden")
        with pytest.raises(StudyError):
            change_study(data, "garden", retention_days=days)
        with pytest.raises(StudyError):
            new_study(data, "winter", retention_days=days)
        assert [(facts.name, facts.retention_days) for facts in studies(data)] == [("garden", None)]

    def test_is_read_by_whoever_has_no_key(self, data, monkeypatch, tmp_path):
        made = [new_study(data, name) for name in ("winter", "garden")]
        monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "nowhere"))
        assert [facts.name for facts in studies(data)] == ["garden", "winter"]
        assert {facts.fingerprint for facts in studies(data)} == {study.fingerprint for study in made}

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"pseudonyms_at": "nowhere"}'])
    def test_that_is_damaged_is_named(self, data, content):
        new_study(data, "garden")
        (data / "privacy" / "studies" / "garden.json").write_bytes(content)
        with pytest.raises(BrokenFile, match=r"garden\.json"):
            open_study(data, "garden")

    def test_of_a_later_version_is_read_as_far_as_it_is_understood(self, data):
        new_study(data, "garden")
        path = data / "privacy" / "studies" / "garden.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "more": 1}))
        assert open_study(data, "garden").name == "garden"

    def test_says_which_studies_there_are_where_one_is_not(self, data):
        new_study(data, "garden")
        with pytest.raises(UnknownStudy, match="it has garden"):
            open_study(data, "gardn")


class TestARoster:
    def test_is_copied_beside_the_key_and_never_into_the_data(self, data, keys, tmp_path):
        (tmp_path / "class.txt").write_text("Anna Musterfrau\nJosé\n", "utf-8")
        study = new_study(data, "garden", roster=tmp_path / "class.txt")
        assert study.roster_path == keys / "garden.roster"
        assert (study.roster_path.read_text("utf-8"), mode(study.roster_path)) == ("Anna Musterfrau\nJosé\n", 0o600)
        assert not any(b"Anna" in path.read_bytes() for path in everything_below(data) if path.is_file())

    @pytest.mark.parametrize("content", [None, b"\xff\xfe", b"x" * (2**20 + 1)])
    def test_that_is_none_is_refused_and_nothing_is_written(self, data, keys, tmp_path, content):
        if content is not None:
            (tmp_path / "class.txt").write_bytes(content)
        with pytest.raises(StudyError, match="roster"):
            new_study(data, "garden", roster=tmp_path / "class.txt")
        assert [path for path in everything_below(data, keys) if path.is_file()] == []


values = st.one_of(st.text(), st.integers(), st.binary(max_size=8))
somebody_s_keys = st.binary(min_size=32, max_size=40)


@given(key=somebody_s_keys, other=somebody_s_keys, value=values, field=st.sampled_from(sorted(KINDS)))
def test_a_pseudonym_is_the_same_for_the_same_another_for_another_key_and_stays_what_it_is(key, other, value, field):
    first, second = Pseudonyms(key), Pseudonyms(other)
    said = first.of(field, value)
    assert said == Pseudonyms(key).of(field, value)
    assert is_pseudonym(said)
    assert first.of(field, said) == said == second.of(field, said)
    assert (second.of(field, value) == said) is (key == other or is_pseudonym(str(value)))


@given(key=somebody_s_keys, texts=st.lists(st.text(), min_size=2, max_size=2, unique=True))
def test_marks_tell_texts_labels_and_keys_apart(key, texts):
    known = Pseudonyms(key)
    first, second = texts
    others = [known.mark("a", second), known.mark("b", first), Pseudonyms(key + b"x").mark("a", first)]
    assert known.mark("a", first) == known.mark("a", first)
    assert known.mark("a", first) not in others


def test_a_study_cannot_be_changed_by_accident(data):
    with pytest.raises(dataclasses.FrozenInstanceError):
        new_study(data, "garden").name = "winter"
