"""What is recorded as passed is what the server received: JSON of every kind, forms, uploads, other bytes."""

import hashlib
import json
import os

import pytest
from capture_stage import every_client, span_of, with_httpx, with_requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from servers import a_backend

from otel_tracking import canonical
from otel_tracking.capture import exact_body
from otel_tracking.capture.bodies import read_body
from otel_tracking.secrets.redaction import Redaction

JSON_TEXT = {"content-type": "application/json"}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def shared_backend():
    with a_backend() as backend:
        yield backend


def passed_of(fetch, backend, **request):
    return span_of(lambda call: fetch(call, "POST", backend.url, **request)).passed


@every_client
def test_the_recorded_body_is_the_received_body(fetch, backend):
    body = {"model": "mistral-nemo", "prompt": "Eine Blume auf der Wiese – 花", "seed": 2**70, "options": {"cfg": 5.5}}
    passed = passed_of(fetch, backend, json=body)
    assert passed["body"] == body
    assert exact_body(passed["body"], passed["body_facts"]) == backend.last.body
    assert passed["body_facts"]["sha256"] == hashlib.sha256(backend.last.body).hexdigest()
    assert passed["body_facts"]["bytes"] == len(backend.last.body)
    assert (passed["method"], passed["url"].rstrip("/")) == ("POST", backend.url)
    assert passed["headers"]["content-type"] == "application/json"


@settings(max_examples=25)
@given(value=values, ascii_only=st.booleans(), spaced=st.booleans(), fetch=st.sampled_from([with_httpx, with_requests]))
def test_any_json_value_arrives_in_the_record_as_it_arrived_at_the_server(
    shared_backend, value, ascii_only, spaced, fetch
):
    separators = (", ", ": ") if spaced else (",", ":")
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    passed = passed_of(fetch, shared_backend, content=text.encode("utf-8", "surrogatepass"), headers=JSON_TEXT)
    if not passed["redacted"]:
        assert exact_body(passed["body"], passed["body_facts"]) == shared_backend.last.body


@given(st.recursive(values, lambda inner: st.lists(inner, max_size=2)), st.booleans())
@example([{"": [float("nan"), -0.0, 1e300, 10**400, -(10**30)]}], True)
@example("\ud800 \udfff lone", True)
@example({"a": {}, "b": [], "c": ""}, False)
def test_what_json_writes_is_written_again_byte_for_byte(value, spaced):
    raw = json.dumps(value, separators=(", ", ": ") if spaced else (",", ":")).encode()
    redaction = Redaction()
    body, facts = read_body(raw, "application/json", redaction)
    if not redaction.removed:
        assert exact_body(body, facts) == raw
        assert ("form" in facts) != ("exact_text" in facts)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_text_that_may_be_no_json_is_kept_as_it_was(text):
    raw = text.encode("utf-8", "surrogatepass")
    redaction = Redaction()
    body, facts = read_body(raw, "application/json", redaction)
    if not redaction.removed and "media" not in repr(body):
        assert exact_body(body, facts) == raw


ODD_JSON = [
    b'{"a": 1,"b":2}',
    b'{"temperature": 1e0, "seed": 0.50}',
    b' {"a":1}\n',
    b'{"a":"\\u00e9\\/"}',
    '{"a":"\\u00e9é"}'.encode(),
    b'{"seed":1,"seed":2}',
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b"[" + b"9" * 5000 + b"]",
    b'{"a":NaN,"b":Infinity}',
    b'{"unfinished":',
    b"\xef\xbb\xbf{}",
    b"",
]


@pytest.mark.parametrize("raw", ODD_JSON, ids=lambda raw: repr(raw[:24]))
def test_json_written_in_an_unusual_way_is_kept_exactly(raw, backend):
    passed = passed_of(with_httpx, backend, content=raw, headers=JSON_TEXT)
    assert backend.last.body == raw
    assert exact_body(passed["body"], passed["body_facts"]) == raw


def test_names_that_come_twice_are_noticed(backend):
    passed = passed_of(with_httpx, backend, content=b'{"o":{"seed":1,"seed":2,"cfg":3}}', headers=JSON_TEXT)
    assert passed["body"] == {"o": {"seed": 2, "cfg": 3}}
    assert passed["body_facts"]["duplicate_keys"] == ["seed"]


def test_configured_parameters_that_did_not_leave_are_named(backend):
    configured = {"temperature": 0.7, "prompt": "x", "size": "1024x1024", "keep_alive": "10m"}
    body = {"prompt": "x", "options": {"num_predict": 5}}
    span = span_of(lambda call: with_httpx(call, "POST", backend.url, json=body), configured=configured)
    assert span.not_passed == ("keep_alive", "size", "temperature")


def test_names_in_an_upload_were_passed_and_words_of_the_record_itself_were_not(backend):
    """A part's name is a parameter's; `method`, which every request has, is none."""
    configured = {"model": "gpt-image-1", "method": "ancestral", "filename": "x", "page": 2}
    request = {"files": {"image": PICTURE}, "data": {"model": "gpt-image-1"}, "params": {"page": "2"}}
    span = span_of(lambda call: with_httpx(call, "POST", backend.url, **request), configured=configured)
    assert span.not_passed == ("filename", "method")


PICTURE = b"\x89PNG\r\n\x1a\n" + os.urandom(3000)


@pytest.mark.parametrize("fetch", [with_httpx, with_requests])
def test_the_parts_of_an_upload_are_listed_and_its_files_are_referred_to(fetch, backend):
    files = {"image": ("blüte.png", PICTURE, "image/png")}
    passed = passed_of(fetch, backend, files=files, data={"overwrite": "true", "note": "ümlaut"})
    parts = {part["name"]: part for part in passed["body"]}
    assert parts["overwrite"]["text"] == "true"
    assert parts["note"]["text"] == "ümlaut"
    assert parts["image"]["media"] == {
        "sha256": hashlib.sha256(PICTURE).hexdigest(),
        "bytes": len(PICTURE),
        "type": "image/png",
    }
    assert "bl" in parts["image"]["filename"]
    assert passed["body_facts"]["sha256"] == hashlib.sha256(backend.last.body).hexdigest()
    assert PICTURE in backend.last.body


@every_client
def test_other_bytes_are_a_media_reference(fetch, backend):
    passed = passed_of(fetch, backend, content=PICTURE, headers={"content-type": "image/png"})
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    assert passed["body"] == {"media": {"sha256": sha256, "bytes": len(PICTURE), "type": "image/png"}}
    assert exact_body(passed["body"], passed["body_facts"], {sha256: PICTURE}) == backend.last.body == PICTURE


def test_base64_media_in_json_is_a_reference_and_can_be_put_back(backend):
    import base64

    text = base64.b64encode(PICTURE).decode()
    body = {"images": [text, f"data:image/png;base64,{text}"], "prompt": "what is this"}
    passed = passed_of(with_httpx, backend, json=body)
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    assert [image["media"]["sha256"] for image in passed["body"]["images"]] == [sha256, sha256]
    assert text not in repr(passed)
    assert exact_body(passed["body"], passed["body_facts"], {sha256: PICTURE}) == backend.last.body
    with pytest.raises(ValueError, match="media"):
        exact_body(passed["body"], passed["body_facts"])


@pytest.mark.parametrize("text", ["x" * 100_000, "A" * 1024])
def test_a_text_that_happens_to_be_base64_stays_a_text(text, backend):
    """Who keeps a key pressed writes no media: the record holds the words, since nothing else does."""
    passed = passed_of(with_httpx, backend, json={"prompt": text})
    assert passed["body"] == {"prompt": text}
    assert exact_body(passed["body"], passed["body_facts"]) == backend.received[-1].body


def test_a_form_is_kept_by_name_and_exactly(backend):
    passed = passed_of(with_httpx, backend, data={"prompt": "a b&c", "seed": "7"})
    assert passed["body"] == {"prompt": "a b&c", "seed": "7"}
    assert exact_body(passed["body"], passed["body_facts"]) == backend.last.body


@pytest.mark.parametrize("fetch", [with_httpx, with_requests])
def test_a_body_that_is_sent_in_pieces_arrives_and_is_recorded_whole(fetch, backend):
    pieces = [b'{"prompt":', b'"in pieces",', b'"seed":7}']
    passed = passed_of(fetch, backend, content=iter(pieces), headers=JSON_TEXT)
    assert backend.last.body == b"".join(pieces)
    assert passed["body"] == {"prompt": "in pieces", "seed": 7}


def test_a_file_that_requests_reads_while_it_sends_is_recorded(backend, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(PICTURE)
    with path.open("rb") as file:
        passed = passed_of(with_requests, backend, content=file, headers={"content-type": "image/png"})
    assert backend.last.body == PICTURE
    assert passed["body"]["media"]["sha256"] == hashlib.sha256(PICTURE).hexdigest()


def test_the_query_of_a_url_counts_as_passed(backend):
    span = span_of(
        lambda call: with_httpx(call, "GET", backend.url + "/w?term=Mond&lang=de"), configured={"term": 1, "depth": 2}
    )
    assert span.passed["query"] == {"term": "Mond", "lang": "de"}
    assert span.not_passed == ("depth",)


@given(st.recursive(values, lambda inner: st.lists(inner, max_size=2)))
@example({"model": "m", "a": {"10": 1, "2": [{"z": 1, "b": 2}], "": {}}, "\ud800": 1, "ü": {"b": 1, "B": 2}})
def test_the_same_bytes_come_from_a_record_that_has_sorted_its_keys(value):
    """As every stored record has."""
    raw = json.dumps(value).encode()
    redaction = Redaction()
    body, facts = read_body(raw, "application/json", redaction)
    if not redaction.removed:
        stored = canonical.loads(canonical.dumps(body))
        assert exact_body(stored, facts) == raw


def test_an_order_of_other_keys_is_an_error():
    body, facts = read_body(b'{"b":1,"a":2}', "application/json", Redaction())
    for wrong in ("0,0", "0,1,2", "x"):
        with pytest.raises(ValueError, match=r".+"):
            exact_body(body, {**facts, "key_order": wrong})
