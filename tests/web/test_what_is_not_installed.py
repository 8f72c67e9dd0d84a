"""A document whose library is not installed cannot be asked for on a page, and programs are told what it needs."""

import sys

from web_stage import Page, execute

SENTENCE = "PDFs for archives (pdfa) need the extra 'archive': pip install 'otel-tracking[archive]'"


def test_its_button_is_grey_and_says_why(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "pikepdf", None)
    page = Page(client.get(execute(client).get_json()["run_url"] + "?audience=researcher").text)

    (grey,) = [one for one in page.all("button") if "disabled" in one]
    assert grey["title"] == SENTENCE
    assert "Not installed on this server: PDF/A: pip install 'otel-tracking[archive]'" in " ".join(page.text.split())
    links = [one["href"] for one in page.all("a") if "/export/" in one.get("href", "")]
    assert any("/export/pdf?" in link for link in links)
    assert not any("/export/pdfa" in link for link in links)


def test_the_api_answers_501(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "pikepdf", None)
    answer = client.get(execute(client).get_json()["record_url"] + "/export/pdfa")

    assert answer.status_code == 501
    assert answer.get_json() == {"status": "error", "error": SENTENCE, "extra": "archive"}


def test_a_bundle_that_cannot_be_made_is_grey_and_the_page_says_why(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    execute(client)
    page = Page(client.get("/runs?audience=researcher").text)

    grey = {one["value"]: one["title"] for one in page.all("option") if "disabled" in one}
    assert grey["poster_zip"].startswith("posters need the extra 'documents'")
    assert "json_zip" not in grey
    assert "ZIP: a poster of each run (PDF), " in page.text
    assert "pip install 'otel-tracking[documents]'" in page.text
