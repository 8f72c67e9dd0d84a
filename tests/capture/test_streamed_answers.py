"""A streamed answer becomes what it would have been in one piece: nothing is lost, and its own end is its end."""

import json

import httpx
import pytest
import requests
from capture_stage import span_of
from hypothesis import given
from hypothesis import strategies as st
from servers import Reply

from otel_tracking.capture.answers import AnswerBody
from otel_tracking.secrets.redaction import Redaction

SSE, NDJSON = "text/event-stream", "application/x-ndjson"


def sse(*events, end="data: [DONE]\n\n"):
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + end


def body_of(data, content_type=SSE, size=None):
    """The body of an answer that came in chunks of `size` bytes, and its facts."""
    raw = data if isinstance(data, bytes) else data.encode()
    answer = AnswerBody(content_type, "", 2**20)
    step = size or max(1, len(raw))
    for start in range(0, len(raw), step):
        answer.take(raw[start : start + step])
    return answer.body(Redaction(), complete=True)


def message_of(*deltas):
    """The message that the deltas of one choice become."""
    [choice] = body_of(sse(*({"choices": [{"index": 0, "delta": delta}]} for delta in deltas))).value["choices"]
    return choice["message"]


# --- nothing is overwritten


def test_lists_of_parts_go_on_where_they_were():
    """Mistral's content comes as lists of parts, one after the other."""
    deltas = [{"content": [{"type": "text", "text": text}]} for text in ("AAA", "BBB", "CCC")]
    assert message_of(*deltas) == {"content": [{"type": "text", "text": "AAABBBCCC"}]}


def test_thoughts_inside_of_parts_are_joined_and_the_words_follow():
    """A list is followed by strings: both are kept, in their order."""
    thought = [{"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]} for text in "AB"]
    message = message_of(*thought, {"content": "Eine "}, {"content": "Blume"})
    assert message == {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "AB"}]}, "Eine Blume"]}


def test_a_string_followed_by_a_list_keeps_the_string():
    message = message_of({"content": "Eine "}, {"content": [{"type": "image_url", "image_url": {"url": "u"}}]})
    assert message == {"content": ["Eine ", {"type": "image_url", "image_url": {"url": "u"}}]}


def test_pictures_annotations_and_encrypted_thoughts_come_one_after_the_other():
    for name in ("images", "annotations", "reasoning_details"):
        entries = [{"type": name, "url": letter, "number": number} for number, letter in enumerate("ABC")]
        assert message_of(*({name: [entry]} for entry in entries)) == {name: entries}


def test_details_of_reasoning_with_an_index_grow_and_those_of_another_type_are_others():
    text = [{"type": "reasoning.text", "text": text, "format": "f", "index": 0} for text in ("AA", "AA", "B")]
    other = {"type": "reasoning.encrypted", "data": "xyz", "index": 0}
    message = message_of(*({"reasoning_details": [entry]} for entry in [*text, other]))
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "text": "AAAAB", "format": "f", "index": 0},
        other,
    ]


def test_audio_grows_in_its_transcript_and_its_data():
    audio = [{"id": "a"}, {"id": "a", "transcript": "Eine "}, {"transcript": "Blume", "data": "QUJD"}, {"data": "REVG"}]
    message = message_of(*({"audio": piece} for piece in audio), {"audio": {"expires_at": 7}})
    assert message["audio"] == {"id": "a", "transcript": "Eine Blume", "data": "QUJDREVG", "expires_at": 7}


def test_the_function_call_of_earlier_days_grows_in_its_arguments():
    message = message_of(
        {"function_call": {"name": "look", "arguments": '{"a'}}, {"function_call": {"arguments": '"}'}}
    )
    assert message == {"function_call": {"name": "look", "arguments": '{"a"}'}}


def test_probabilities_of_tokens_are_all_there():
    tokens = [{"token": text, "logprob": -0.5, "bytes": [1], "top_logprobs": []} for text in ("Ei", "ne", "ne")]
    events = [{"choices": [{"index": 0, "delta": {}, "logprobs": {"content": [token]}}]} for token in tokens]
    [choice] = body_of(sse(*events)).value["choices"]
    assert choice["logprobs"] == {"content": tokens}
    old = [{"choices": [{"index": 0, "text": t, "logprobs": {"tokens": [t], "token_logprobs": [-1]}}]} for t in "aab"]
    [choice] = body_of(sse(*old)).value["choices"]
    assert choice == {
        "index": 0,
        "text": "aab",
        "logprobs": {"tokens": ["a", "a", "b"], "token_logprobs": [-1, -1, -1]},
    }


def test_calls_that_all_say_index_zero_are_told_apart_by_their_ids():
    calls = [{"index": 0, "id": name, "function": {"name": name, "arguments": "{}"}} for name in ("one", "two")]
    message = message_of(*({"tool_calls": [call]} for call in calls))
    assert [call["id"] for call in message["tool_calls"]] == ["one", "two"]


def test_an_index_that_is_null_is_none():
    body = body_of(
        sse({"choices": [{"index": None, "delta": {"content": "a"}}]}, {"choices": [{"delta": {"content": "b"}}]})
    )
    assert body.value["choices"] == [{"index": 0, "message": {"content": "ab"}}]


def test_a_role_that_is_said_each_time_is_said_once_and_what_is_null_stays_so():
    message = message_of(*({"role": "assistant", "refusal": None, "content": text} for text in ("ha", "ha")))
    assert message == {"role": "assistant", "refusal": None, "content": "haha"}


def test_a_message_that_comes_whole_beside_its_deltas_is_kept_beside_them():
    events = [
        {"choices": [{"index": 0, "delta": {"content": "Bl"}}]},
        {"choices": [{"index": 0, "delta": {"content": "ume"}, "message": {"content": "Blume."}}]},
    ]
    [choice] = body_of(sse(*events)).value["choices"]
    assert (choice["message"], choice["delta"]) == ({"content": "Blume."}, {"content": "Blume"})


def test_an_event_of_failure_is_kept_with_what_came_before_it():
    error = {"error": {"code": 502, "message": "the model fell over"}}
    body = body_of(sse({"choices": [{"index": 0, "delta": {"content": "Ei"}}]}, error, end=""))
    assert body.value["choices"][0]["message"] == {"content": "Ei"}
    assert body.value["other_events"] == [error]


def test_a_message_of_anthropic_becomes_what_it_would_have_been_in_one_piece():
    events = [
        {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {"input": 3}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm "}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "so"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Eine"}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"title": "A"}}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"title": "B"}}},
        {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "look", "input": {}}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"at":'}},
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ' "it"}'}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]  # fmt: skip
    assert body_of(sse(*events, end="")).value == {
        "id": "m",
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm so", "signature": "sig"},
            {"type": "text", "text": "Eine", "citations": [{"title": "A"}, {"title": "B"}]},
            {"type": "tool_use", "name": "look", "input": {"at": "it"}},
        ],
        "usage": {"input": 3, "output_tokens": 9},
        "stop_reason": "tool_use",
    }


def test_a_response_of_openai_is_what_its_last_event_says():
    deltas = [{"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "delta": text} for text in "ab"]
    done = {"id": "r", "status": "completed", "output": [{"type": "message", "content": [{"text": "ab"}]}]}
    began = {"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}}
    assert body_of(sse(began, *deltas, {"type": "response.completed", "response": done}, end="")).value == done
    broken = body_of(sse(began, *deltas, end="")).value
    assert broken["other_events"] == [{**deltas[0], "delta": "ab"}]


def test_candidates_of_gemini_are_put_together():
    def event(text, **more):
        return {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, **more}], "modelVersion": "g"}

    body = body_of(sse(event("Eine "), event("Blume", finishReason="STOP"), end=""))
    parts = {"parts": [{"text": "Eine Blume"}], "role": "model"}
    assert body.value == {"modelVersion": "g", "candidates": [{"content": parts, "finishReason": "STOP"}]}


# --- however it is written

CHUNKS = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in ("Eine ", "Blüte ", "花")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@given(size=st.integers(1, 40))
def test_lines_end_as_they_like_and_may_begin_with_a_byte_order_mark(ending, mark, size):
    text = mark + ": hello\n\nevent: message\nid: 1\n" + sse(*CHUNKS)
    body = body_of(text.replace("\n", ending), size=size)
    assert body.value["choices"][0]["message"] == {"content": "Eine Blüte 花"}
    assert body.facts["events"] == len(CHUNKS)


PIECES = [{"model": "m", "response": text, "done": text == ""} for text in ("Eine ", "Blume", "")]


@pytest.mark.parametrize("between", ["\n", "", " ", "\r\n\r\n", "\r"])
def test_two_texts_on_one_line_are_two(between):
    body = body_of(between.join(map(json.dumps, PIECES)), NDJSON)
    assert (body.value["response"], body.value["done"], body.facts["events"]) == ("Eine Blume", True, 3)


@pytest.mark.parametrize("content_type", [SSE, NDJSON, "application/json", ""])
@pytest.mark.parametrize("indent", [None, 2])
def test_plain_json_where_a_stream_was_asked_for_is_that_json(content_type, indent):
    answer = {"id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": {"content": "a\nb"}}]}
    assert body_of(json.dumps(answer, indent=indent), content_type).value == answer


@pytest.mark.parametrize("content_type", [SSE, "text/plain", "application/json", ""])
def test_a_stream_is_one_whatever_it_was_sent_as(content_type):
    assert body_of(sse(*CHUNKS), content_type).value["choices"][0]["message"] == {"content": "Eine Blüte 花"}
    lines = "\n".join(map(json.dumps, PIECES))
    assert body_of(lines, NDJSON if content_type == SSE else content_type).value["response"] == "Eine Blume"


def test_the_name_of_an_event_is_kept_where_its_data_does_not_say_it():
    body = body_of('event: progress\ndata: {"percent": 5}\n\nevent: hint\ndata: no json\n\n')
    assert body.value == [{"event": "progress", "data": {"percent": 5}}, {"event": "hint", "data": "no json"}]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["index", "type", "text", "a"]), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["choices", "delta", "message", "content", "index", "type", "candidates", "done", "error", "tool_calls"]
)
events = st.lists(json_values | st.dictionaries(KEYS, json_values | st.dictionaries(KEYS, json_values)), max_size=5)


@given(events, st.integers(1, 50), st.sampled_from([SSE, NDJSON]))
def test_events_of_any_shape_are_put_together_wherever_they_are_cut(events, size, content_type):
    data = sse(*events) if content_type == SSE else "\n".join(map(json.dumps, events))
    assert body_of(data, content_type, size) == body_of(data, content_type)


@given(st.lists(st.text(st.sampled_from("ab"), min_size=1, max_size=2), min_size=1, max_size=9))
def test_no_word_of_a_stream_is_lost_and_none_is_added(words):
    assert message_of(*({"content": word} for word in words)) == {"content": "".join(words)}
    lists = message_of(*({"content": [{"type": "text", "text": word}]} for word in words))
    assert lists == {"content": [{"type": "text", "text": "".join(words)}]}


# --- its own end is the end


def read_to(marker):
    """A client that reads until it has seen `marker`, and then closes."""

    def fetch(call, url):
        with httpx.Client(transport=call.transport()) as client, client.stream("POST", url, json={}) as answer:
            seen = b""
            for chunk in answer.iter_raw():
                seen += chunk
                if marker in seen:
                    return

    return fetch


def with_requests_lines(marker):
    def fetch(call, url):
        session = requests.Session()
        session.mount("http://", call.adapter())
        with session, session.post(url, json={}, stream=True) as answer:
            for line in answer.iter_lines(chunk_size=1):
                if marker in line:
                    return

    return fetch


def anthropic_end():
    return 'event: message_stop\ndata: {"type": "message_stop"}\n\n'


ENDS = {
    "OpenAI": (SSE, sse(*CHUNKS), b"[DONE]"),
    "OpenAI, no empty line": (SSE, sse(*CHUNKS, end="data: [DONE]"), b"[DONE]"),
    "Responses": (SSE, sse({"type": "response.completed", "response": {"id": "r"}}, end=""), b'"r"}}'),
    "Anthropic": (SSE, 'data: {"type": "message_start", "message": {}}\n\n' + anthropic_end(), b'"message_stop"}'),
    "Gemini": (SSE, sse({"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]}, end=""), b"STOP"),
    "Ollama": (NDJSON, "\n".join(map(json.dumps, PIECES)), b'"done": true}'),
    "failure": (SSE, sse(CHUNKS[0], {"error": {"message": "it fell over"}}, end=""), b"fell over"),
}


@pytest.mark.parametrize("client", [read_to, with_requests_lines])
@pytest.mark.parametrize("protocol", ENDS)
def test_who_stops_at_the_protocols_own_end_has_read_all_of_it(protocol, client, backend):
    content_type, text, marker = ENDS[protocol]
    if client is with_requests_lines and protocol == "OpenAI, no empty line":
        marker = b"no such line: this client only sees lines that end"
    backend.replies(Reply(200, (("content-type", content_type),), chunks=[text.encode(), b"\n: and nothing more\n\n"]))
    response = span_of(lambda call: client(marker)(call, backend.url)).response
    assert response["complete"] is True
    assert "error" not in response


@pytest.mark.parametrize("protocol", ["OpenAI", "Anthropic", "Ollama"])
def test_who_stops_before_it_has_not(protocol, backend):
    content_type, text, marker = ENDS[protocol]
    first, last = text[: text.index(marker.decode())], text[text.index(marker.decode()) :]
    backend.replies(Reply(200, (("content-type", content_type),), chunks=[first.encode(), b"", last.encode()]))
    response = span_of(lambda call: read_to(b"{")(call, backend.url)).response
    assert response["complete"] is False


def test_who_has_read_the_length_that_was_promised_has_read_all_of_it(backend):
    backend.replies(Reply(200, (("content-type", "text/plain"),), b"Eine Blume"))
    assert span_of(lambda call: read_to(b"Blume")(call, backend.url)).response["complete"] is True

    def with_requests(call):
        session = requests.Session()
        session.mount("http://", call.adapter())
        with session, session.post(backend.url, json={}, stream=True) as answer:
            assert answer.raw.read(10) == b"Eine Blume"

    assert span_of(with_requests).response["complete"] is True


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_an_answer_that_has_no_body_is_complete_unread(method, status, backend):
    backend.replies(Reply(status, body=b""))

    def pipeline(call):
        with httpx.Client(transport=call.transport()) as client, client.stream(method, backend.url):
            pass

    assert span_of(pipeline).response["complete"] is True


def test_a_line_of_any_length_is_looked_at_once():
    """Each byte is copied a fixed number of times: the work does not grow with what came before."""
    answer = AnswerBody(SSE, "", 2**25)
    word = "x" * 4096
    answer.take(b'data: {"choices": [{"index": 0, "delta": {"content": "')
    for _ in range(2000):
        answer.take(word.encode())
    answer.take(b'"}}]}\n\ndata: [DONE]\n\n')
    body = answer.body(Redaction(), complete=True)
    assert len(body.value["choices"][0]["message"]["content"]) == 2000 * 4096
