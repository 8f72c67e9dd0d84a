"""`otel-tracking verify`: what it finds, and what it says about it."""

from dataclasses import replace

import pytest
from builders import a_record, a_span, an_item
from cli_stage import broken_chain, call, call_json, one_picture, stored, three_hops

from devserver.verify import is_right, verify
from exporters import read_records
from otel_tracking import FinishReason, ItemType


def sentences(record, data_dir=None):
    """What `verify` says, without the rest."""
    return [finding.sentence for finding in verify(record, data_dir)]


def hop(number, given, made, **fields):
    """A hop that was given one text and made another."""
    return an_item(
        **{"sequence_number": number, "stage": 2, **fields},
        stage_iteration=number,
        item_type=ItemType.INTERCEPTION_ITERATION,
        input_text=given,
        content=made,
    )


def test_a_record_of_a_whole_run_is_right(tmp_path):
    """Nothing is wrong with what the recording itself stored, media included."""
    ids = stored(tmp_path, three_hops, one_picture)
    result = call("verify", "--all", data=tmp_path)

    assert result.exit_code == 0
    assert [f"{execution_id}  right" in result.stdout for execution_id in ids] == [True, True]
    assert "2 runs checked, nothing wrong" in result.stdout


def test_what_was_configured_and_never_passed_is_a_note(tmp_path):
    """It is true of the run, not wrong with the record: exit code 0."""
    stored(tmp_path, three_hops)
    result = call("verify", "--all", data=tmp_path)

    assert "note: configured but never passed: temperature, in chat nemo (stage 2, hop 1) and 2 more" in result.stdout
    assert result.exit_code == 0


def test_a_broken_chain_is_wrong_and_says_where(tmp_path):
    """The text that a hop was given is not the one the hop before it made: exit code 1."""
    [execution_id] = stored(tmp_path, broken_chain)
    answer, exit_code = call_json("verify", execution_id, data=tmp_path)

    assert (exit_code, answer["right"]) == (1, False)
    assert [finding["sentence"] for finding in answer["findings"]] == [
        'hop 2 was given "the prompt", but hop 1 had made "text 1"'
    ]


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda path: path.write_bytes(b"not really a pictur3"), "its sha256 is another"),
        (lambda path: path.write_bytes(b"short"), "has 5 bytes, 20 were recorded"),
        (lambda path: path.unlink(), "is not there"),
    ],
)
def test_a_media_file_that_was_touched_is_wrong(tmp_path, harm, says):
    """Changed, cut or gone: the item and its file are named."""
    stored(tmp_path, one_picture)
    [path] = (tmp_path / "media").glob("*/*")
    harm(path)
    result = call("verify", "--all", data=tmp_path)

    assert result.exit_code == 1
    assert says in result.stdout
    assert path.name in result.stdout


def test_a_path_that_leaves_the_media_directory_is_wrong(tmp_path):
    """Nothing outside is ever read."""
    [execution_id] = stored(tmp_path, one_picture)
    record = next(read_records(tmp_path, execution_id=execution_id))
    items = [replace(item, file_path="../secret") if item.media else item for item in record.items]

    [sentence] = sentences(replace(record, items=tuple(items)), tmp_path)
    assert "is not below media/" in sentence


def test_gaps_and_doubles_in_the_numbering_are_wrong():
    """Missing and repeated numbers are listed."""
    items = tuple(an_item(sequence_number=number) for number in (1, 2, 2, 5))

    assert sentences(a_record(items=items)) == ["items 3, 4 are missing", "item numbers 2 occur more than once"]
    assert sentences(a_record(items=items[1:2] + items[:1])) == ["the items are not in the order of their numbers"]


def test_counts_that_do_not_fit_are_wrong():
    """What the run counted, what was dropped, and what the items show of outputs."""
    record = a_record(item_count=3, span_count=2, dropped=4, outputs_generated=1, items=(an_item(),))

    assert sentences(record) == [
        "4 items or spans are known to exist and are not here",
        "the run counted 3 items, the record has 1",
        "the run counted 2 spans, the record has 0",
        "outputs_generated is 1, but the items show 0",
    ]


def test_references_into_nothing_are_wrong():
    """Attempts, spans and parents must be in the record."""
    record = a_record(
        spans=(a_span(), a_span(span_id="02", parent_span_id="99", name="iteration")),
        items=(an_item(attempt="98", span_id="97"),),
    )

    assert sentences(record) == [
        "item 1 names an attempt that is not here",
        "item 1 names a span that is not here",
        "span iteration (02) names a parent that is not here",
    ]


def test_a_missing_hop_is_wrong_and_an_unsaid_input_a_note():
    """Old records do not say what a hop was given: that is no reproach."""
    record = a_record(items=(hop(1, None, "a"), hop(3, "a", "b", sequence_number=2)))
    findings = verify(record)

    assert [(finding.kind, finding.sentence) for finding in findings] == [
        ("wrong", "hops 2 are missing"),
        ("note", "hops 1 do not say which text they were given"),
    ]


def test_a_hop_that_was_tried_again_counts_as_it_ended():
    """The last text of a hop is what the next one must have been given."""
    record = a_record(items=(hop(1, "x", "first try"), hop(1, "x", "second", sequence_number=2), hop(2, "second", "y")))

    assert is_right([finding for finding in verify(record) if finding.check == "chain"])


def test_a_record_that_cannot_be_read_is_a_finding_and_the_others_are_checked(tmp_path):
    """One broken file does not hide the rest."""
    stored(tmp_path, three_hops)
    [whole] = stored(tmp_path, one_picture)
    broken = next(path for path in (tmp_path / "items").glob("*/*") if whole[-8:] not in path.name)
    broken.write_bytes(b"not Parquet")
    result = call("verify", "--all", data=tmp_path)

    assert result.exit_code == 1
    assert "the record cannot be read" in result.stdout
    assert f"{whole}  right" in result.stdout


@pytest.mark.parametrize("file_path", ["workflow_prepared", "/home/user/exports/output.png", "../output.png"])
def test_what_an_earlier_tracker_called_a_file_path_is_a_note(tmp_path, file_path):
    """It wrote other things there; of a record of our own the same would be wrong."""
    item = an_item(item_type=ItemType.OUTPUT_IMAGE, stage=4, loop_iteration=1, file_path=file_path)
    record = a_record(items=[item], outputs_generated=1)
    imported = verify(replace(record, finish_reason=FinishReason.IMPORTED), tmp_path)

    assert [(finding.check, finding.kind, finding.sentence) for finding in imported] == [
        ("media", "note", f"item 1: {file_path} is not the name of a file here")
    ]
    assert not is_right(verify(record, tmp_path))


def test_a_file_of_an_imported_record_that_is_gone_is_wrong(tmp_path):
    """It names a file, and the file is not where it says: somebody can put it there."""
    item = an_item(item_type=ItemType.OUTPUT_IMAGE, stage=4, loop_iteration=1, file_path="media/exec_1/output.png")
    record = a_record(items=[item], outputs_generated=1, finish_reason=FinishReason.IMPORTED)

    assert not is_right(verify(record, tmp_path))
    assert sentences(record, tmp_path) == ["item 1: media/exec_1/output.png is not there"]


def test_a_number_that_cannot_be_is_not_counted_to():
    """An item from elsewhere may say that it is the 10¹⁸th, a hop that it is called something."""
    items = (an_item(sequence_number=1), an_item(sequence_number=10**18))
    first = f"items 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and {10**18 - 12} more are missing"
    assert sentences(a_record(items=items)) == [first]
    verify(a_record(items=(hop("third", "x", "y"),)))
