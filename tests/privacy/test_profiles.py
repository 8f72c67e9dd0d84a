"""What leaves is a list: every field has a decision, and one that nobody has decided about stays here."""

import dataclasses
import datetime as dt
import hashlib
import io
import json

import pytest
from builders import NOON, a_record, a_span, an_item
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_values import ENUMS, KEPT, LOSSY, PLAINED
from PIL import Image
from planting import MEDIA, a_png, a_wav
from strategies import any_value
from test_architecture import ROOT

from devserver.testing import PNG
from exporters import FORMATS, ParquetSink, read_records
from exporters.privacy.deidentify import Privacy, deidentify, privacy_statement
from exporters.privacy.profiles import FIELDS, How, Profile, fields_of
from exporters.privacy.roster import Roster
from exporters.privacy.text_rules import TextRules
from exporters.privacy.usual_rules import usual_rules
from exporters.remarks.annotated import Annotation
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, Media, MediaType, SpanRecord, canonical
from otel_tracking.pseudonyms import Pseudonyms, is_pseudonym

KEY = Pseudonyms(bytes(32))
CLASSES = {kind.__name__: kind for kind in (ExecutionRecord, ExecutionItem, SpanRecord, Media, Annotation)}
LEAVING = (Profile.PSEUDONYMOUS, Profile.PUBLIC)


def under(profile, record, rules=None):
    return deidentify(record, Privacy(profile, KEY, rules or TextRules()))


def text_of(record):
    return canonical.dumps(record.to_dict())


# The lists


def test_every_field_of_a_record_has_a_decision():
    assert FIELDS.keys() == CLASSES.keys()
    for name, kind in CLASSES.items():
        assert set(FIELDS[name]) == {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize("profile", LEAVING)
def test_a_field_that_a_later_version_adds_does_not_leave(profile):
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Later(ExecutionRecord):
        nickname: str = ""

        def to_dict(self):
            return {**super().to_dict(), "nickname": self.nickname}

    later = Later(**{field.name: getattr(a_record(), field.name) for field in dataclasses.fields(ExecutionRecord)})
    made = under(profile, dataclasses.replace(later, nickname="Anna")).record

    assert not hasattr(made, "nickname")
    assert "Anna" not in text_of(made)


@pytest.mark.parametrize("profile", LEAVING)
def test_a_parameter_that_is_not_listed_does_not_leave(profile):
    metadata = {"seed": 7, "nickname": "A", "school": 12, "width": 64, "prompt": "a", "to_lang": "de", "steps": "many"}
    made = under(profile, a_record(metadata=metadata, items=(an_item(metadata=metadata),)))

    public = {"seed": 7, "width": 64, "to_lang": "de"}
    left = public | ({"prompt": "a", "steps": "many"} if profile == Profile.PSEUDONYMOUS else {})
    assert made.record.items[0].metadata == left
    assert {name: part for name, part in made.record.metadata.items() if name != "privacy"} == left
    assert f"items[0].metadata: {len(metadata) - len(left)}" in " ".join(
        f"{one.place}: {sum(int(more.why.split()[0]) for more in made.left_out if more.place == one.place)}"
        for one in made.left_out
    )


def documented():
    page = (ROOT / "docs" / "privacy.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    return [row for row in rows if len(row) == 3 and "." in row[0]]


def test_the_table_for_people_is_the_list_that_is_followed():
    followed = [
        [f"`{kind}.{name}`", *(how.value for how in hows)]
        for kind, fields in FIELDS.items()
        for name, hows in fields.items()
    ]
    assert documented() == followed


# Who and when


def test_persons_are_pseudonyms_and_times_stay_among_researchers():
    record = a_record(
        user_id="anna", session_id=7, device_id="ipad", trace_id="0" * 32, repeats="exec_20261122_120000_0e3a0561"
    )
    made = under(Profile.PSEUDONYMOUS, record).record

    assert is_pseudonym(made.user_id)
    assert is_pseudonym(made.session_id)
    assert made.user_id == KEY.of("user_id", "anna")
    assert (made.execution_id, made.trace_id, made.timestamp) == (record.execution_id, "0" * 32, NOON)
    assert made.repeats == record.repeats
    assert under(Profile.PSEUDONYMOUS, made).record.user_id == made.user_id, "a pseudonym stays what it is"


def test_in_public_there_are_no_persons_and_no_times():
    later = NOON + dt.timedelta(seconds=90)
    items = (an_item(timestamp=later, span_id="b0" * 8, attempt="c0" * 8),)
    spans = (
        a_span(span_id="b0" * 8),
        a_span(span_id="c0" * 8, parent_span_id="b0" * 8, timestamp=later, kind="client"),
    )
    ids = dict.fromkeys(("user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues"), "x")
    made = under(Profile.PUBLIC, a_record(items=items, spans=spans, **ids, links=({"trace_id": "0" * 32},))).record

    assert [getattr(made, name) for name in (*ids, "trace_id")] == [None] * 8
    assert made.links == ()
    assert made.timestamp == dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    assert made.items[0].timestamp - made.timestamp == dt.timedelta(seconds=90)
    assert made.spans[1].parent_span_id == made.spans[0].span_id == made.items[0].span_id
    assert made.spans[1].span_id == made.items[0].attempt
    assert "b0b0" not in text_of(made)
    assert "12:01" not in text_of(made)


def test_a_public_id_is_the_same_for_the_same_run_and_another_for_another_study():
    ids = {under(Profile.PUBLIC, a_record()).record.execution_id for _ in range(2)}
    other = deidentify(a_record(), Privacy(Profile.PUBLIC, Pseudonyms(bytes(31) + b"1"))).record.execution_id

    [own] = ids
    assert own.startswith("exec_20261123_000000_")
    assert own != other
    assert "0e3a0561" not in own


def test_an_id_of_no_form_of_ours_is_another_one():
    made = under(
        Profile.PSEUDONYMOUS, a_record(execution_id="../anna 7b", trace_id="anna", items=(an_item(span_id="anna"),))
    )

    assert made.record.execution_id.startswith("exec_20261123_000000_")
    assert len(made.record.trace_id) == 32
    assert "anna" not in text_of(made.record)


def test_public_has_no_errors_requests_graphs_and_facts():
    error = {"error_type": "Bang", "error_message": "Xqv"}
    span = a_span(
        kind="client", error=error, passed={"a": "Xqv"}, response="Xqv", configured=["Xqv"], facts={"engine": "Xqv"}
    )
    failed = an_item(item_type=ItemType.OUTPUT_FAILED, content="Xqv", metadata={"error_message": "Xqv", "attempts": 2})
    made = under(Profile.PUBLIC, a_record(error=error, spans=(span,), items=(failed,), status="error")).record

    assert "Xqv" not in text_of(made)
    assert (made.status, made.items[0].metadata) == ("error", {"attempts": 2})


def test_of_a_request_its_path_leaves_and_known_headers():
    headers = {"content-type": "application/json", "cookie": "a=b", "x-user": "anna"}
    query = {"seed": 1, "who": "anna"}
    passed = {"method": "POST", "url": "http://192.168.1.7:11434/api/chat?who=anna", "headers": headers, "query": query}
    made = under(Profile.PSEUDONYMOUS, a_record(spans=(a_span(kind="client", passed=passed),)))

    assert made.record.spans[0].passed == {
        "method": "POST",
        "url": "/api/chat",
        "headers": {"content-type": "application/json"},
        "query": {"seed": 1},
    }
    assert {(one.place, one.why) for one in made.left_out} == {
        ("spans[0].passed.headers", "2 fields: not on the profile's list"),
        ("spans[0].passed.query", "1 field: not on the profile's list"),
    }


def test_a_graph_keeps_its_form_and_its_numbers():
    graph = {"3": {"class_type": "KSampler", "inputs": {"seed": 2**63, "cfg": 5.5, "model": ["4", 0], "on": True}}}
    span = a_span(kind="client", passed={"body": {"prompt": graph, "client_id": "x"}})

    rules = usual_rules(Roster(["Anna"]))
    assert under(Profile.PSEUDONYMOUS, a_record(spans=(span,)), rules).record.spans[0].passed["body"]["prompt"] == graph


def test_keys_that_become_one_marker_are_all_kept():
    body = {"Anna": 1, "Tim": 2, "steps": 3}
    rules = usual_rules(Roster(["Anna", "Tim"]))
    made = under(Profile.PSEUDONYMOUS, a_record(spans=(a_span(passed=body),)), rules).record

    assert made.spans[0].passed == {"[name]": 1, "[name] 2": 2, "steps": 3}


class Fails:
    name, version = "fails", "1"

    def __call__(self, text):
        raise RuntimeError(text)


@pytest.mark.parametrize("profile", LEAVING)
def test_where_a_rule_fails_the_text_is_left_out_and_listed(profile):
    made = under(profile, a_record(items=(an_item(content="Eine Blume"),)), TextRules([Fails()]))

    assert made.record.items[0].content == "[left out]"
    assert ("items[0].content", "1 field: the rule 'fails' failed") in {(one.place, one.why) for one in made.left_out}


# Media


def a_medium(item_type, content, type="image/png", **fields):
    media = Media(hashlib.sha256(content).hexdigest(), len(content), type)
    path = "media/exec/anna.png"
    return an_item(item_type=item_type, media_type=MediaType.IMAGE, media=media, file_path=path, **fields)


def with_media(*pairs):
    items = tuple(a_medium(item_type, content, **fields) for item_type, content, fields in pairs)
    return a_record(items=items, attachments={hashlib.sha256(content).hexdigest(): content for _, content, _ in pairs})


@pytest.mark.parametrize("profile", LEAVING)
def test_what_was_made_leaves_as_a_clean_copy_and_what_was_given_stays(profile):
    made_content, given_content = a_png("Anna"), a_wav("Tim")
    given_record = (ItemType.USER_INPUT_TEXT, given_content, {"type": "audio/wav"})
    made = under(profile, with_media(given_record, (ItemType.OUTPUT_IMAGE, made_content, {"stage": 4})))

    given, drawn = made.record.items
    assert (given.media, given.file_path) == (None, None)
    assert drawn.file_path == f"media/{made.record.execution_id}/item_2.png"
    [(sha256, content)] = made.record.attachments.items()
    assert (drawn.media.sha256, drawn.media.bytes, drawn.media.type) == (sha256, len(content), "image/png")
    assert hashlib.sha256(content).hexdigest() == sha256
    assert Image.open(io.BytesIO(content)).tobytes() == Image.open(io.BytesIO(made_content)).tobytes()
    assert ("items[0].media", "1 field: given by a person, or not what the pipeline made") in {
        (one.place, one.why) for one in made.left_out
    }


@pytest.mark.parametrize("profile", LEAVING)
def test_a_picture_that_was_made_of_a_photograph_stays_and_a_sound_leaves(profile):
    """Nobody but a person sees whether a face is in it."""
    photograph = (ItemType.USER_INPUT_IMAGE, a_png("Tim"), {})
    drawn = (ItemType.OUTPUT_IMAGE, a_png("Anna"), {"stage": 4})
    sung = (ItemType.OUTPUT_MUSIC, a_wav("Anna"), {"stage": 4, "type": "audio/wav"})
    made = under(profile, with_media(photograph, drawn, sung))

    assert [item.media and item.media.type for item in made.record.items] == [None, None, "audio/wav"]
    assert made.left_out[-1].why == "1 field: a picture that may show what a person gave"


@pytest.mark.parametrize("profile", LEAVING)
def test_what_cannot_be_made_clean_and_what_is_not_there_is_left_out_and_listed(profile):
    record = with_media((ItemType.OUTPUT_VIDEO, b"no film at all", {"type": "video/anna", "stage": 4}))
    missing = dataclasses.replace(with_media((ItemType.OUTPUT_IMAGE, PNG, {"stage": 4})), attachments={})
    why = {under(profile, one).left_out[-1].why for one in (record, missing)}

    assert why == {"1 field: of a kind that cannot be made clean", "1 field: its bytes are not there"}
    assert under(profile, record).record.attachments == {}


@pytest.mark.parametrize("profile", LEAVING)
def test_a_photograph_that_is_passed_on_as_an_output_does_not_leave(profile):
    record = with_media((ItemType.USER_INPUT_IMAGE, PNG, {}), (ItemType.OUTPUT_IMAGE, PNG, {"stage": 4}))

    assert under(profile, record).record.attachments == {}


@pytest.mark.parametrize("profile", LEAVING)
def test_an_output_that_was_blocked_does_not_leave(profile):
    record = with_media((ItemType.OUTPUT_IMAGE, PNG, {"stage": 4, "loop_iteration": 1}))
    blocked = an_item(item_type=ItemType.OUTPUT_BLOCKED, stage=4, loop_iteration=1, content="skin")
    made = under(profile, dataclasses.replace(record, items=(*record.items, blocked)))

    assert made.record.attachments == {}
    assert made.record.items[1].content == "[blocked]"


def test_every_kind_of_medium_that_can_be_clean_leaves():
    for media_type, (item_type, make) in MEDIA.items():
        made = under(Profile.PUBLIC, with_media((item_type, make("Xqv"), {"stage": 4, "type": media_type})))
        assert len(made.record.attachments) == 1, media_type


# What comes out is an ordinary record


@pytest.mark.parametrize("profile", LEAVING)
def test_it_is_stored_and_read_back_as_any_other(profile, tmp_path):
    record = with_media((ItemType.OUTPUT_IMAGE, a_png("Anna"), {"stage": 4}))
    made = under(profile, dataclasses.replace(record, spans=(a_span(),), user_id="anna")).record
    ParquetSink(tmp_path).write(made)

    [back] = read_records(tmp_path)
    assert text_of(back) == text_of(made)
    assert (tmp_path / made.items[0].file_path).read_bytes() == next(iter(made.attachments.values()))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_under_what_it_was_made(name):
    made = under(Profile.PUBLIC, a_record(items=(an_item(content="Eine Blume"),)), usual_rules()).record
    document = FORMATS[name].render(made)

    assert document
    if name in ("json", "xml", "html"):
        assert b"public" in document
        assert b"postal 1" in document


def test_it_says_what_was_done():
    rules = usual_rules(Roster(["Anna"]))
    made = under(Profile.PSEUDONYMOUS, a_record(items=(an_item(content="Anna malt Anna"),), study_id="s"), rules)

    assert made.record.metadata["privacy"] == {
        "profile": "pseudonymous",
        "study": KEY.fingerprint,
        "rules": list(rules.versions),
        "redactions": {"name": 2},
        "left_out": 0,
    }
    assert made.redactions == {"name": 2}
    assert "roster 1" in rules.versions


def test_full_is_the_record_itself():
    record = a_record(user_id="anna")

    assert deidentify(record, Privacy(Profile.FULL)).record is record


def test_a_profile_without_a_key_is_refused():
    with pytest.raises(ValueError, match="the profile public needs the key of a study"):
        Privacy("public")
    with pytest.raises(ValueError, match="private"):
        Privacy("private", KEY)


def test_the_statement_of_an_export_is_plain_json_and_names_every_field():
    statement = privacy_statement(Privacy(Profile.PUBLIC, KEY, usual_rules()))

    assert json.loads(json.dumps(statement)) == statement
    assert statement["study"] is None
    assert statement["fields"]["ExecutionRecord.user_id"] == How.LEFT_OUT.value
    assert len(statement["fields"]) == sum(map(len, FIELDS.values()))
    assert fields_of(Profile.PSEUDONYMOUS, "ExecutionItem")["content"] == How.TEXT


ODD = {**KEPT, **ENUMS, **{name: make for name, (make, _) in PLAINED.items()}, **LOSSY}


@pytest.mark.parametrize("profile", LEAVING)
@pytest.mark.parametrize("odd", ODD)
def test_odd_values_never_raise(profile, odd):
    value = ODD[odd]()
    item = an_item(content=value, input_text=value, metadata={"seed": value, "config": value}, model_used=value)
    span = a_span(configured=value, passed={"body": value}, response=value, facts={"engine": value}, error=value)
    fields = dict.fromkeys(("user_id", "study_id", "repeats", "used_seed", "error", "metadata"), value)
    made = under(profile, a_record(items=(item, an_item(metadata=value)), spans=(span,), **fields), usual_rules())

    # What comes out is plain, all the way down; a value that shares itself still does, and is cut where it is written.
    lossy = canonical.encode(made.record.to_dict()).lossy_values
    assert lossy == 0 or odd == "shares itself exponentially"


HARMLESS = [name for name, make in KEPT.items() if "$" not in canonical.dumps(make()) and "path" not in name]


@pytest.mark.parametrize("odd", HARMLESS)
def test_numbers_and_harmless_texts_come_out_as_they_were(odd):
    value = KEPT[odd]()
    made = under(Profile.PSEUDONYMOUS, a_record(items=(an_item(content=value),)), usual_rules()).record

    assert canonical.dumps(made.items[0].content) == canonical.dumps(value)


def any_of(make, *names, **fixed):
    return st.builds(make, **dict.fromkeys(names, any_value), **fixed)


records = any_of(
    a_record,
    *("config_name", "user_id", "used_seed", "error", "metadata", "repeats", "study_id"),
    items=st.lists(
        any_of(an_item, "content", "input_text", "metadata", "model_used", item_type=st.sampled_from([*ItemType, "x"])),
        max_size=3,
    ).map(tuple),
    spans=st.lists(any_of(a_span, "passed", "configured", "response", "facts", "error"), max_size=2).map(tuple),
    links=st.lists(st.dictionaries(st.text(max_size=5), any_value, max_size=2), max_size=2).map(tuple),
)


@pytest.mark.parametrize("profile", LEAVING)
@given(record=records)
@settings(max_examples=60)
def test_any_record_can_be_deidentified(profile, record):
    made = under(profile, record, usual_rules()).record

    lossy = canonical.encode(made.to_dict()).lossy_values
    assert lossy == 0
    assert text_of(FORMATS["json"].parse(FORMATS["json"].render(made))) == text_of(made)
