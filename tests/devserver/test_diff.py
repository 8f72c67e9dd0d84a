"""`devserver.diff`: what counts as a difference between two runs, where it is said to be, and what does not count."""

import io
import wave
from dataclasses import replace

import numpy as np
import pytest
from builders import a_record, a_span, an_item
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from strategies import any_value

from devserver.diff import ADDED, REMOVED, Where, compare
from devserver.diff.media import MediaChange, compare_media
from devserver.diff.values import MISSING, Change, changes, path_text
from exporters.story.changed_words import LEFT, RIGHT, SAME, compare_texts
from otel_tracking import ItemType, canonical
from otel_tracking.record import Media


def hop(number, text, **fields):
    """The item of one hop."""
    return an_item(item_type=ItemType.INTERCEPTION_ITERATION, stage=2, stage_iteration=number, content=text, **fields)


def a_call(**fields):
    """An attempt in stage 2."""
    return a_span(**{"name": "chat nemo", "kind": "client", "stage": 2, "backend_used": "ollama", **fields})


def told(left, right):
    """Path, left and right of every difference, in order."""
    return [(path_text(each.path), each.left, each.right) for each in compare(left, right).differences]


def of_attempts(left, right):
    """The same of two attempts alone."""
    return told(a_record(spans=(a_call(**left),)), a_record(spans=(a_call(**right),)))


def test_a_run_is_the_same_as_itself():
    record = a_record(items=(hop(1, "Una flor"),), spans=(a_call(passed={"seed": 7}),), total_execution_time=2.0)
    comparison = compare(record, record)

    assert comparison.is_same
    assert (comparison.items, comparison.attempts) == (1, 1)
    assert [(times.left, times.right) for times in comparison.times] == [(2.0, 2.0), (None, None)]


def test_ids_and_times_do_not_count():
    """Who, when, how long and under which number: two runs are the same without."""
    left = a_record(items=(hop(1, "Una flor", span_id="01", metadata={"execution_id": "a"}),), user_id="u1")
    right = replace(
        left,
        **{"execution_id": "exec_20261124_120000_ffffffff", "trace_id": "f" * 32, "user_id": "u2", "repeats": "x"},
        items=(hop(1, "Una flor", span_id="02", execution_time=3.0, metadata={"execution_id": "b"}),),
        total_execution_time=9.0,
    )

    assert compare(left, right).is_same


def test_a_text_that_differs_is_taken_apart_word_by_word():
    [difference] = compare(
        a_record(items=(hop(1, "Una flor azul en el prado"),)), a_record(items=(hop(1, "Una flor en el gran prado"),))
    ).differences

    assert difference.where == Where(ItemType.INTERCEPTION_ITERATION, 2, 1)
    assert difference.text.pieces == (
        *((SAME, "Una flor "), (LEFT, "azul "), (SAME, "en el "), (RIGHT, "gran "), (SAME, "prado")),
    )
    assert difference.text.similarity == pytest.approx(10 / 12)


texts = st.text() | st.lists(st.sampled_from(["Blume", "Wiese", "花", "見", " ", "\n", ".", "rot"])).map(" ".join)


@given(texts, texts)
def test_the_pieces_of_two_texts_give_both_texts_again(left, right):
    """Nothing is lost, whatever the words, the scripts and the white space are."""
    change = compare_texts(left, right)

    assert "".join(text for sign, text in change.pieces if sign != RIGHT) == left
    assert "".join(text for sign, text in change.pieces if sign != LEFT) == right
    assert 0 <= change.similarity <= 1


def test_a_very_long_text_is_compared_from_both_ends():
    """Its middle is one piece: comparing every word with every other would take minutes."""
    left, right = (f"Es war {word * 5_000} zu Ende" for word in ("einmal ", "niemals "))
    signs = [sign for sign, _ in compare_texts(left, right).pieces]

    assert signs == [SAME, LEFT, RIGHT, SAME]


def test_two_texts_of_few_signs_many_times_are_compared_in_no_time():
    """Every sign of one is in the other a thousand times: comparing those would take minutes, not words."""
    left, right = (f"{start}{middle * 1_000}{end}" for start, middle, end in (("ก", "ขค", "ง"), ("ก", "คข", "ง")))
    assert [sign for sign, _ in compare_texts(left, right).pieces] == [SAME, LEFT, RIGHT, SAME]


@pytest.mark.parametrize(
    ("left", "right", "pieces"),
    [
        ("草原の花", "草原の月", ((SAME, "草原の"), (LEFT, "花"), (RIGHT, "月"))),
        ("𠮷野家", "𠮷田家", ((SAME, "𠮷"), (LEFT, "野"), (RIGHT, "田"), (SAME, "家"))),
        ("दो फूल", "दो फूलों", ((SAME, "दो "), (LEFT, "फूल"), (RIGHT, "फूलों"))),
        (
            "ein cafe\u0301 dort",
            "ein cafe dort",
            ((SAME, "ein "), (LEFT, "cafe\u0301 "), (RIGHT, "cafe "), (SAME, "dort")),
        ),
        ("ไปนา", "ไปป่า", ((SAME, "ไป"), (LEFT, "น"), (RIGHT, "ป่"), (SAME, "า"))),
        ("da 👩‍👩‍👧", "da 👩‍👧", ((SAME, "da "), (LEFT, "👩‍👩‍👧"), (RIGHT, "👩‍👧"))),
        ("I don't", "I don’t", ((SAME, "I "), (LEFT, "don't"), (RIGHT, "don’t"))),
    ],
)
def test_a_word_of_any_script_is_cut_nowhere(left, right, pieces):
    """Marks belong to their letter; scripts without spaces are compared sign by sign."""
    assert compare_texts(left, right).pieces == pieces


def test_a_word_at_the_end_stays_the_same_word_where_the_text_goes_on():
    assert compare_texts("Eine Blume", "Eine Blume im Gras").pieces == ((SAME, "Eine Blume"), (RIGHT, " im Gras"))


@given(any_value, any_value)
def test_values_have_no_changes_where_their_canonical_text_is_the_same(left, right):
    assert not list(changes(left, left))
    assert bool(list(changes(left, right))) == (canonical.dumps(left) != canonical.dumps(right))


def test_a_change_in_a_graph_is_found_by_its_path():
    graph = {"3": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 20, "model": ["4", 0]}}}
    other = {"3": {"class_type": "KSampler", "inputs": {"seed": 7, "steps": 25, "model": ["12", 0]}}, "12": {}}

    assert of_attempts({"passed": {"prompt": graph}}, {"passed": {"prompt": other}}) == [
        ("passed.prompt.3.inputs.steps", 20, 25),
        ("passed.prompt.3.inputs.model[0]", "4", "12"),
        ("passed.prompt.12", None, {}),
    ]


def test_an_entry_in_the_middle_of_a_list_moves_nothing():
    assert list(changes(["a", "b", "c"], ["a", "x", "b", "c"])) == [Change(("[1]",), MISSING, "x")]


def test_a_value_nested_deeper_than_the_stack_is_compared():
    left, right = ({"seed": 1}, {"seed": 2})
    for _ in range(5_000):
        left, right = {"a": left}, {"a": right}
    [change] = changes(left, right)

    assert (len(change.path), change.left, change.right) == (5_001, 1, 2)


def test_parameters_configured_and_passed_are_compared_each():
    assert of_attempts(
        {"configured": {"temperature": 0.7}, "passed": {"prompt": "x", "options": {"seed": 1}}},
        {"configured": {"temperature": 1}, "passed": {"prompt": "x", "stop": "."}},
    ) == [
        ("configured.temperature", 0.7, 1),
        ("passed.options", {"seed": 1}, None),
        ("passed.stop", None, "."),
    ]


def test_another_model_or_backend_is_a_difference():
    assert of_attempts({"model_used": "nemo"}, {"model_used": "llama", "backend_used": "openrouter"}) == [
        ("backend_used", "ollama", "openrouter"),
        ("model_used", "nemo", "llama"),
    ]


def test_of_an_answer_ids_and_what_measures_time_do_not_count():
    """The same answer came a second time: another id, other durations, other headers."""

    def answer(number, **body):
        return {
            "status": 200,
            "seconds": number,
            "headers": {"date": str(number), "x-request-id": str(number)},
            "body": {"id": number, "created_at": number, "eval_duration": number, "response": "Eine Blume", **body},
            "body_facts": {"sha256": str(number), "bytes": number},
        }

    assert of_attempts({"response": answer(1)}, {"response": answer(2)}) == []
    assert of_attempts({"response": answer(1)}, {"response": answer(2, response="Ein Baum")}) == [
        ("response.body.response", "Eine Blume", "Ein Baum")
    ]


def test_of_a_request_the_trace_and_fresh_uuids_do_not_count():
    def sent(number, **body):
        unique = f"0f8fad5b-d9cb-469f-a165-7086728950{number}e"
        return {
            "attempt": number,
            "url": f"http://127.0.0.1:8188/history/{unique}",
            "headers": {"traceparent": str(number), "content-type": f"multipart/form-data; boundary={number}"},
            "body": {"client_id": unique, **body},
            "body_facts": {"sha256": str(number)},
        }

    [difference] = of_attempts({"passed": sent(1, seed=1)}, {"passed": sent(2, seed=2)})
    assert difference == ("passed.body.seed", 1, 2)


def test_what_is_on_one_side_only_is_named_whole():
    """A third hop, and a retry."""
    left = a_record(items=(hop(1, "a"),), spans=(a_call(), a_call(span_id="02")))
    right = a_record(items=(hop(1, "a"), hop(2, "b")), spans=(a_call(),))
    found = {(each.kind, each.where.part, each.where.occurrence) for each in compare(left, right).differences}

    assert found == {(REMOVED, "attempt", 2), (ADDED, ItemType.INTERCEPTION_ITERATION, 1)}


def test_a_text_that_is_handed_on_is_new_only_once():
    """What hop 1 made is what hop 2 was given: the second difference says that it is the same again."""

    def chain(made):
        return a_record(
            items=(hop(1, made, input_text="Eine Blume"), hop(2, "fin", input_text=made)),
            spans=(a_call(stage_iteration=2, passed={"text": made}),),
        )

    comparison = compare(chain("Una flor"), chain("Una rosa"))
    assert [(each.where.stage_iteration, path_text(each.path), each.again) for each in comparison.differences] == [
        (1, "content", False),
        (2, "passed.text", True),
        (2, "input_text", True),
    ]


def test_the_outcome_is_compared_first():
    assert told(a_record(status="completed", used_seed=1), a_record(status="partial", used_seed=2)) == [
        ("used_seed", 1, 2),
        ("status", "completed", "partial"),
    ]


def a_png(pixels):
    """A picture of these grey values."""
    stream = io.BytesIO()
    Image.fromarray(np.array(pixels, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def a_wav(*samples, rate=8_000):
    """A sound of these 16-bit samples."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.array(samples, "<i2").tobytes())
    return stream.getvalue()


def test_two_pictures_are_compared_pixel_by_pixel():
    change = compare_media(a_png([[0, 10], [20, 30]]), a_png([[0, 10], [20, 50]]), "image/png")

    size = {"width": 2, "height": 2, "mode": "L"}
    assert change == MediaChange("pixels", size, size, differing=0.25, mean=5.0, largest=20.0)


def test_pictures_of_two_sizes_say_so():
    change = compare_media(a_png([[0, 0]]), a_png([[0]]), "image/png")

    assert (change.left["width"], change.right["width"], change.differing) == (2, 1, None)
    assert change.reason == "they are not of one size"


def test_two_sounds_are_compared_sample_by_sample():
    change = compare_media(a_wav(0, 100, 0, 0), a_wav(0, 50, 0, 0), "audio/wav")

    assert (change.unit, change.differing, change.largest) == ("samples", 0.25, 50.0)
    assert change.left == {"seconds": 4 / 8_000, "rate": 8_000, "channels": 1, "bits": 16}


def test_of_sounds_of_two_lengths_the_common_beginning_is_compared():
    change = compare_media(a_wav(1, 2, 3), a_wav(1, 2), "audio/wav")

    assert (change.differing, change.left["seconds"] > change.right["seconds"]) == (0.0, True)
    assert "not of one length" in change.reason
    assert compare_media(a_wav(1), a_wav(1, rate=9_000), "audio/wav").reason == "their sample rate is not the same"


@pytest.mark.parametrize(
    ("left", "right", "media_type", "says"),
    [
        (None, b"x", "image/png", "the left file is not there"),
        (b"no picture", b"x", "image/png", "it cannot be read: "),
        (b"RIFF", b"x", "audio/wav", "it cannot be read: "),
        (b"x", b"y", "video/mp4", "what is inside video/mp4 files is not compared"),
    ],
)
def test_files_that_cannot_be_looked_into_say_why(left, right, media_type, says):
    change = compare_media(left, right, media_type)

    assert (change.unit, change.differing) == ("bytes", None)
    assert change.reason.startswith(says)


def test_media_are_taken_from_the_records_attachments():
    """The item says which file it is; the same sha256 is the same file, whether it is there or not."""

    def picture(data, sha256):
        item = an_item(item_type=ItemType.OUTPUT_IMAGE, stage=4, loop_iteration=1)
        return a_record(items=(replace(item, media=Media(sha256, len(data), "image/png")),), attachments={sha256: data})

    [difference] = compare(picture(a_png([[0]]), "aa"), picture(a_png([[9]]), "bb")).differences
    assert (difference.path, difference.media.largest) == (("media",), 9.0)
    assert compare(picture(b"", "aa"), replace(picture(b"", "aa"), attachments={})).is_same


def test_a_comparison_can_be_written_as_json():
    """Items and attempts on one side only are there as a whole, and odd values as they were."""
    left = a_record(items=(hop(1, "a"),), spans=(a_call(passed={"seed": 1}),))
    right = a_record(items=(hop(2, "b"),), spans=(a_call(passed={"seed": float("inf")}),))
    answer = canonical.loads(canonical.dumps(compare(left, right).to_dict()))
    found = {(each["path_text"], each["kind"]): (each["left"], each["right"]) for each in answer["differences"]}

    assert (answer["same"], answer["items"], answer["attempts"]) == (False, 0, 1)
    assert found["passed.seed", "changed"] == (1, float("inf"))
    assert found["", "removed"][0]["content"] == "a"
    assert found["", "added"][1]["content"] == "b"
