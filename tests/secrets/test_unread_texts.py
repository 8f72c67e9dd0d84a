"""The bytes of a JSON text are searched unread: what a look at each name and text would remove is never overlooked."""

import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from secret_samples import SHAPES, Draw, samples_for

from otel_tracking.capture.bodies import read_body, read_harmless
from otel_tracking.capture.waiting import WaitingBody, is_harmless, read_soon
from otel_tracking.secrets.redaction import Redaction, RedactionPolicy
from otel_tracking.secrets.unread import Suspicion

TYPE = "application/json"
NAME_PARTS = [
    *("api", "key", "token", "secret", "secrets", "session", "id", "auth", "password", "pass", "word", "pwd", "Key"),
    *("bearer", "cookie", "credential", "access", "private", "TOKEN", "Api", "max_", "s", "x", "7", "pin", "\u212aey"),
    *("é", "ü", "花", "_", "-", " ", ".", ":", "=", "\n", '"', "\\", "/", "—"),
]
TEXT_PARTS = [
    *("Eine Blume ", "a classic painting ", "a secret garden ", "clearer ", "hooked on ", "the key ", "desk-top "),
    *("https://example.org/a ", "?x=1", "&code=", ";key=", "token=", "password", "login me ", "Cookie: a=b1234567"),
    *(" --secret ", "X-Api-Key: ", "Bearer ", "Basic ", "@", "://", "?", "&", "\t", "'", "aaaaaaaaaaaa", "4711"),
    *(make(Draw(name)).text for name, make in SHAPES.items()),
]
names = st.lists(st.sampled_from(NAME_PARTS), min_size=1, max_size=4).map("".join)
texts = st.lists(st.sampled_from(TEXT_PARTS + NAME_PARTS), max_size=4).map("".join)
values = st.recursive(
    texts | st.sampled_from([None, True, 0, 4711, 1.5, 10**25, "", ["3", 0]]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names | texts, inner, max_size=2),
    max_leaves=4,
)
POLICIES = [
    RedactionPolicy(),
    RedactionPolicy(names=frozenset({"pin"})),
    RedactionPolicy(names=frozenset({"schlüssel", "é"})),
    RedactionPolicy(node_classes=frozenset({"花"})),
    RedactionPolicy(node_classes=frozenset({"Pin"})),
    RedactionPolicy(query_names=frozenset({"x"})),
    RedactionPolicy(allowed=frozenset({"token"})),
    RedactionPolicy(by_name=False),
    RedactionPolicy(patterns=(re.compile("4711"),)),
    RedactionPolicy(also=(lambda name, value: value == 4711,)),
]


def written(value, how):
    """A JSON text of a value: as it is, in ASCII, every letter as its number, with blanks, with `\\/`."""
    text = json.dumps(value, ensure_ascii=how == "ascii", separators=(" , ", " :\n") if how == "blanks" else (",", ":"))
    if how == "numbers":
        text = re.sub(r'(?<=[^"\\])[a-z](?=[^"]*")', lambda found: f"\\u{ord(found[0]):04x}", text)
    return (text.replace("/", "\\/") if how == "slashes" else text).encode()


WAYS = ["plain", "ascii", "numbers", "blanks", "slashes"]


def assert_nothing_is_overlooked(raw, policy, known, *, to_send_again=True):
    looked, looking = Redaction(policy, set(known)), Redaction(policy, set(known))
    now = read_body(raw, TYPE, looked, to_send_again=to_send_again)
    soon = read_soon(raw, TYPE, looking, to_send_again=to_send_again)
    if isinstance(soon, WaitingBody):
        assert not looked.removed
        assert read_harmless(raw, TYPE, to_send_again=to_send_again) == now
    else:
        assert (soon, looking.removed) == (now, looked.removed)


@given(values, st.sampled_from(WAYS), st.sampled_from(POLICIES), st.sets(st.sampled_from(["Eine Blume", "é/é/é/é/"])))
@example({"api\nkey": "x"}, "plain", POLICIES[0], set())
@example({'api"key': "x"}, "plain", POLICIES[0], set())
@example({"apiékey": "x"}, "ascii", POLICIES[0], set())
@example({"my api key": "x"}, "plain", POLICIES[0], set())
@example({"to\u212aen": "x"}, "plain", POLICIES[0], set())
@example({"to\u212aen": "x"}, "ascii", POLICIES[0], set())
@example({'api key"x': "x"}, "plain", POLICIES[0], set())
@example({"schlüssel": "x"}, "plain", POLICIES[2], set())
@example({"class_type": "Pin", "inputs": {"a": "x"}}, "plain", POLICIES[4], set())
@example({"a": "line\npassword=4711abcd"}, "plain", POLICIES[0], set())
@example({"a": "apiékey=4711abcd"}, "ascii", POLICIES[0], set())
@example({"a": "secretéx=4711abcd"}, "ascii", POLICIES[0], set())
@example({"a": "of tab\tsecret"}, "plain", POLICIES[0], {"tab\tsecret"})
@example({"a": "Bearer\tabcdefgh12"}, "plain", POLICIES[0], set())
@example({"a": "sessionéid=x&secret"}, "ascii", POLICIES[0], set())
@example({"a": "—ghp_0123456789abcdef0123"}, "ascii", POLICIES[0], set())
@example({"a": "https://me:pw@host/"}, "slashes", POLICIES[0], set())
@example({"a": "é/é/é/é/"}, "slashes", POLICIES[0], {"é/é/é/é/"})
def test_what_a_look_would_remove_is_never_overlooked(value, how, policy, known):
    assert_nothing_is_overlooked(written(value, how), policy, known)


@given(names, texts, texts, st.booleans())
@example("password", "4711471147", "", False)
def test_the_first_of_two_equal_names_is_seen_as_well(name, first, second, to_send_again):
    pairs = [json.dumps(name) + ":" + json.dumps(value) for value in (first, second)]
    assert_nothing_is_overlooked(f"{{{','.join(pairs)}}}".encode(), POLICIES[0], (), to_send_again=to_send_again)


@given(values, st.integers(0, 60), st.sampled_from([b"", b"x", b",", b'"', b"\xff", b"\x00", b"\\"]))
def test_what_is_no_json_is_looked_at_as_text(value, place, damage):
    raw = written({"token": "4711", "a": value}, "plain")
    assert_nothing_is_overlooked(raw[:place] + damage + raw[place + 1 :], POLICIES[0], ())


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", SHAPES)
def test_a_secret_of_each_shape_is_suspected_wherever_it_stands(name, how):
    """In a text, in the middle of one, in a name, deep in a graph: its bytes are never kept."""
    secret = samples_for(f"unread {how}")[name].text
    for value in ({"a": secret}, {"a": [f"Eine Blume: {secret} auf der Wiese"]}, {"1": {"inputs": {"b": secret}}}):
        if Redaction().clean(json.loads(json.dumps(value))) != value:
            assert Redaction().suspicion(written(value, how))


HARMLESS = [
    {"prompt": "a secret garden of cookies, tokens and passwords", "options": {"stop_token": 7}},
    {"model": "m", "max_tokens": 500, "messages": [{"role": "user", "content": "a classic: the key to the garden"}]},
    {"prompt": "Wer hat den Schlüssel?\n„Ich“, sagte der Mond.", "keyboard": "monkey", "num_predict": 3},
    {"image_url": "http://127.0.0.1:8188/view?filename=a.png&type=output", "note": "see https://example.org/a"},
    {"prompt": {"3": {"class_type": "KSampler", "inputs": {"seed": 7, "tokenizer": "x", "author": "Ada"}}}},
]


@pytest.mark.parametrize("value", HARMLESS, ids=str)
def test_everyday_texts_need_no_closer_look(value):
    assert not Redaction().suspicion(written(value, "plain"))


def test_what_only_looks_like_a_secret_waits_after_a_closer_look():
    raw = written({"prompt": "the secret: a garden of cookies"}, "plain")
    assert Redaction().suspicion(raw) is Suspicion.UNCLEAR
    assert is_harmless(raw, Redaction())


def test_prose_with_many_such_words_is_looked_at_closely():
    raw = written({"prompt": "the key to the door " * 100}, "plain")
    assert Redaction().suspicion(raw) is Suspicion.UNCLEAR
    assert is_harmless(raw, Redaction())
