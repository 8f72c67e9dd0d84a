"""The posters of a class in one file: one for each run, as those may see it who walk by."""

import io

import pytest
import zxingcpp
from collection_stage import files_of, written
from PIL import Image
from printed_records import a_failed_run, an_ordinary_run
from reading_pdf import read, text_of
from records import a_record, an_item

from exporters.collections import COLLECTIONS, CollectionOptions
from exporters.collections.making import check_options
from exporters.errors import UnknownOption
from otel_tracking import ItemType

PAGES = "https://devserver.school.example/runs"


def test_each_run_is_a_page_with_its_title(tmp_path):
    records = [an_ordinary_run(), a_failed_run()]
    titles = {record.config_name: f"Reise {number}" for number, record in enumerate(records)}
    posters = files_of(written("poster_zip", records, language="de", titles=titles))
    assert list(posters) == [
        f"{records[0].execution_id}.poster.pdf",
        f"{records[1].execution_id}{'_2' if records[0].execution_id == records[1].execution_id else ''}.poster.pdf",
    ]
    assert [len(read(poster).pages) for poster in posters.values()] == [1, 1]
    for record, poster in zip(records, posters.values(), strict=True):
        assert titles[record.config_name] in text_of(poster)


def test_the_code_of_each_leads_to_the_page_of_its_run():
    (poster,) = files_of(written("poster_picture_zip", [an_ordinary_run()], pages=PAGES)).values()
    codes = zxingcpp.read_barcodes(Image.open(io.BytesIO(poster)))
    assert [code.text for code in codes] == [f"{PAGES}/{an_ordinary_run().execution_id}"]


def test_what_was_stopped_hangs_on_no_wall():
    stopped = a_record(
        items=(
            an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Xqv ISIS"),
            an_item(item_type=ItemType.STAGE1_BLOCKED, stage=1, metadata={"reason": "§86a"}),
        )
    )
    (poster,) = files_of(written("poster_zip", [stopped], audience="student")).values()
    assert "Xqv" not in text_of(poster)


@pytest.mark.parametrize("option", [{"titles": {"dada": "Dada"}}, {"pages": PAGES}, {"audience": "student"}])
def test_what_has_no_such_option_says_which_have(option):
    with pytest.raises(UnknownOption, match=r"json_zip has no .*poster_zip"):
        check_options(COLLECTIONS["json_zip"], "json_zip", CollectionOptions(**option))
