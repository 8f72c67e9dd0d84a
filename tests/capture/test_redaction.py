"""Which names and texts are secrets, and which only look a little like one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_tracking.secrets.redaction import Redaction, RedactionPolicy, redact_text

SECRET_NAMES = [
    *(
        "api_key",
        "apikey",
        "apiKey",
        "X-API-Key",
        "api-key",
        "OPENAI_API_KEY",
        "openrouter_key",
        "token",
        "accessToken",
    ),
    *("access_token", "hf-token", "password", "user_password", "client_secret", "secret", "session_id", "sessionId"),
    *("Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "private_key", "aws_secret_access_key"),
]
HARMLESS_NAMES = [
    *("max_tokens", "max_new_tokens", "token_count", "prompt_tokens", "boost_tokens", "tokenizer", "stop_token"),
    *("key", "keep_alive", "time_signature", "music_key", "session", "author", "authors", "pass", "steps", "prompt"),
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_is_known_by_its_name(name):
    assert Redaction().clean({name: "x"}) == {name: f"[removed: {name.lower()}]"}


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_a_parameter_is_no_secret(name):
    assert Redaction().clean({name: "x"}) == {name: "x"}


TEXTS = {
    "https://me:pw@host/a": "https://[removed: userinfo]@host/a",
    "https://host/a?key=abc&b=1#key=x": "https://host/a?key=[removed: key]&b=1#key=x",
    "https://h/?sig=a%20b&se=2026&sp=r": "https://h/?sig=[removed: sig]&se=[removed: se]&sp=r",
    "https://h/?X-Amz-Signature=a&X-Amz-Date=b": (
        "https://h/?X-Amz-Signature=[removed: x-amz-signature]&X-Amz-Date=[removed: x-amz-date]"
    ),
    "Authorization: Bearer abc1234567": "Authorization: Bearer [removed: secret]",
    "key sk-or-v1-0123456789abcdef.": "key [removed: secret]",
    "hf_abcdefghijklmnopqrst": "[removed: secret]",
}
PROSE = [
    "the bearer of bad news stood before the mountain",
    "a task-oriented, risk-averse, sk-like robot",
    "Token: one of the words in a secret garden, with its key",
    "is 2 = 3? a=b&c=d",
    "mail me@example.org about ://",
    "https://example.org/?q=flower&seed=7",
]


@pytest.mark.parametrize("text", TEXTS)
def test_what_looks_like_a_secret_is_removed_from_a_text(text):
    assert redact_text(text) == TEXTS[text]


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_left_alone(text):
    assert redact_text(text) == text


@given(st.text())
def test_to_remove_twice_is_to_remove_once(text):
    once = redact_text(text)
    assert redact_text(once) == once


@pytest.mark.parametrize("text", TEXTS)
def test_to_remove_secrets_twice_is_to_remove_them_once(text):
    assert redact_text(redact_text(text)) == redact_text(text)


def test_values_that_can_be_no_secret_are_left_alone():
    assert Redaction().clean({"token": None, "password": "", "secret": True}) == {
        "token": None,
        "password": "",
        "secret": True,
    }


def test_the_words_of_a_models_answer_are_no_secrets():
    answer = {"logprobs": {"content": [{"token": "Hallo", "logprob": -0.1, "top_logprobs": []}]}}
    assert Redaction().clean(answer) == {
        "logprobs": {"content": [{"token": "Hallo", "logprob": -0.1, "top_logprobs": []}]}
    }


def test_a_whole_object_under_a_secret_name_goes():
    redaction = Redaction()
    assert redaction.clean({"credentials": {"user": "me", "pw": "longer than eight"}}, ("body", None)) == {
        "credentials": "[removed: credentials]"
    }
    assert redaction.removed == ["body.credentials"]


def test_a_secret_that_is_a_key_goes_too():
    redaction = Redaction()
    cleaned = redaction.clean({"sk-0123456789abcdef": 1})
    assert cleaned == {"[removed: secret]": 1}


def test_values_nested_deeper_than_the_stack_are_looked_at():
    value = inner = {}
    for _ in range(5_000):
        inner["a"] = inner = {}
    inner["api_key"] = "hidden deep down"
    Redaction().clean(value)
    assert inner == {"api_key": "[removed: api_key]"}


def test_patterns_and_allowed_names_of_ones_own():
    policy = RedactionPolicy(patterns=(re.compile(r"pin-\d{4}"),), allowed=frozenset({"token"}))
    assert Redaction(policy).clean({"token": "the pin-4711"}) == {"token": "the [removed: secret]"}


def test_a_graphs_link_is_no_secret_whatever_its_input_is_called():
    node = {"api_key": ["key_of_the_project:12", 0], "token": ["0123456789abcdef0123456789abcdef", 0]}
    redaction = Redaction()
    assert redaction.clean(node) == {"api_key": ["key_of_the_project:12", 0], "token": "[removed: token]"}
    assert redaction.removed == ["token"]
