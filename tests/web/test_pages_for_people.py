"""The pages: they start runs and show them, in both languages, and whatever came as text is text."""

import io
import re

import pytest
from web_stage import HOSTILE, HeldTranslator, Page, client_of, devserver_in, execute

from devserver.configs import list_configs
from devserver.testing import PNG, WAV, ScriptedMaker, ScriptedTranslator
from devserver.web import words
from devserver.web.asking.choices import choices_of
from devserver.web.words import LANGUAGES, TITLED, words_of
from exporters.story.catalogue import read_catalogue


def page_of(client, path, **options):
    answer = client.get(path, **options)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return Page(answer.get_data(as_text=True))


def send(client, **fields):
    """The run that the start page's form begins, when it is over."""
    answer = client.post("/runs", data={"config": "stillepost", "prompt": "Eine Blume", **fields})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    job = client.application.extensions["runner"].find(answer.headers["Location"].rpartition("/")[2])
    assert job.done.wait(30)
    return f"/runs/{job.execution_id}"


# Starting


def test_the_start_page_offers_every_configuration_with_what_it_makes(client, devserver):
    page = page_of(client, "/")
    radios = [one for one in page.all("input") if one.get("type") == "radio"]
    assert {one["value"] for one in radios} == {choice.name for choice in choices_of(devserver, "en")}
    assert "Stille Post" in page.text
    assert "makes 2 pictures" in page.text
    assert next(one for one in radios if one["value"] == "image_input")["data-images"] == "3"


def test_what_cannot_run_here_says_what_it_needs_and_cannot_be_chosen(client):
    page = page_of(client, "/")
    disabled = {one["value"] for one in page.all("input") if "disabled" in one}
    assert "comfyui_sd35" in disabled
    assert "stillepost" not in disabled
    assert "comfyui: " in page.text


def test_an_example_fills_the_form_without_a_script(client):
    page = page_of(client, "/")
    example = next(one["href"] for one in page.all("a") if "data-example" in one)
    assert words.examples_in("en")[0] in page_of(client, example).text


def test_a_form_begins_a_run_and_leads_to_it(client):
    page = page_of(client, send(client))
    assert "Eine Blume [en] [es] [fr] [ca] [pt] [es] [en] [de]" in page.text
    assert "arrived" in page.text


def test_a_field_for_files_that_was_left_empty_is_no_picture(client):
    """Browsers send a file without name and content then."""
    assert send(client, images=(io.BytesIO(b""), "")).startswith("/runs/exec_")


def test_a_picture_can_be_sent_along(client):
    address = send(client, config="image_input", images=(io.BytesIO(PNG), "katze.png"))
    record = client.get(f"/api{address}").get_json()
    [item] = [item for item in record["items"] if item["item_type"] == "user_input_image"]
    assert item["metadata"]["filename"] == "katze.png"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"prompt": " "}, "There is no sentence yet."),
        ({"config": "nothing"}, "Choose what should happen to your sentence."),
        ({"config": ""}, "Choose what should happen to your sentence."),
        ({"seed": "many"}, "The seed is a whole number"),
        ({"config": "image_input"}, "At least 1 picture belongs to this."),
        ({"images": (io.BytesIO(b"text"), "a.png")}, "is no picture"),
        ({"images": (io.BytesIO(PNG), "a.png")}, "No pictures come along here."),
        ({"level": "none"}, "There is no such safety level."),
    ],
)
def test_a_form_that_cannot_be_run_comes_back_as_it_was_with_the_reason(client, fields, sentence):
    answer = client.post("/runs", data={"config": "stillepost", "prompt": "Mein Satz", **fields})
    page = Page(answer.get_data(as_text=True))
    assert answer.status_code == 400
    assert sentence in page.text
    if "prompt" not in fields:
        assert "Mein Satz" in page.text


def test_the_same_again_is_the_same_and_says_what_it_repeats(client):
    first = send(client, config="dada", prompt="eins zwei drei")
    page = page_of(client, first)
    assert "Again with the same seed" in page.text
    answers = {seed: client.post(f"{first}/again", data={"seed": seed}) for seed in ("same", "new")}
    records = {seed: record_of(client, answer.headers["Location"]) for seed, answer in answers.items()}
    before = client.get(f"/api{first}").get_json()
    assert records["same"]["repeats"] == records["new"]["repeats"] == before["execution_id"]
    assert made(records["same"]) == made(before)
    assert records["same"]["used_seed"] == before["used_seed"] != records["new"]["used_seed"]


def test_a_run_made_again_is_asked_with_the_same_parameters(client):
    asked = {"dessau.width": 64, "cut": "lines"}
    run = execute(client, "dada", parameters=asked).get_json()
    repeated = record_of(client, client.post(f"{run['run_url']}/again", data={"seed": "same"}).headers["Location"])
    assert repeated["metadata"]["parameters"] == asked


def record_of(client, address):
    job = client.application.extensions["runner"].find(address.rpartition("/")[2])
    assert job.done.wait(30)
    return client.get(f"/api/runs/{job.execution_id}").get_json()


def made(record):
    kinds = ("interception_final", "output_image")
    return [(item["content"], item["metadata"].get("seed")) for item in record["items"] if item["item_type"] in kinds]


def test_a_run_whose_seeds_no_single_seed_makes_is_not_offered_as_the_same(client):
    run = execute(client, "image_comparison").get_json()
    text = page_of(client, run["run_url"]).text
    assert "Again with a new seed" in text
    assert "same seed" not in text


def test_a_blocked_run_is_not_offered_again(client):
    run = execute(client, input_text="ISIS").get_json()
    assert "Again" not in page_of(client, run["run_url"]).text
    assert client.post(f"{run['run_url']}/again").status_code == 400


# Watching


def test_a_page_in_the_middle_of_a_run_shows_what_is_there_also_without_a_script(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        run = execute(client, query="?wait=0").get_json()
        held.release()
        held.wait_until_asked()
        held.wait_until_asked()
        html = client.get(run["run_url"]).get_data(as_text=True)
        page = Page(html)
        states = {one["data-key"]: one["data-state"] for one in page.all("li") if "data-key" in one}
        held.open()
    assert states["s2-interception_iteration-1"] == "done"
    assert states["s2-interception_iteration-2"] == "working"
    assert states["s2-interception_iteration-3"] == "waiting"
    assert "English" in page.text
    assert "in the works" in page.text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in html


def test_a_run_that_waits_has_a_page_that_says_so_and_leads_on(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        runs = [execute(client, query="?wait=0").get_json() for _ in range(3)]
        page = page_of(client, runs[2]["run_url"])
        assert "Place in the queue: 1" in page.text
        held.open()
        client.application.extensions["runner"].find(runs[2]["ticket"]).done.wait(30)
        answer = client.get(runs[2]["run_url"])
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/runs/exec_")


def test_a_run_can_be_broken_off_from_its_page(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        run = execute(client, query="?wait=0").get_json()
        held.wait_until_asked()
        assert client.post(f"{run['run_url']}/cancel").status_code == 303
        held.open()
        client.application.extensions["runner"].find(run["execution_id"]).done.wait(30)
        text = page_of(client, run["run_url"]).text
    assert "broken off" in text
    assert "Somebody broke the journey off." in text


def test_a_failed_hop_is_told_in_words_and_students_get_no_message_for_developers(tmp_path):
    with (
        devserver_in(tmp_path, translator=ScriptedTranslator(fails_at=5, error="Ollama at 10.0.0.7: 500")) as devserver,
        client_of(devserver) as client,
    ):
        run = execute(client).get_json()
        student = page_of(client, run["run_url"])
        researcher = page_of(client, f"{run['run_url']}?audience=researcher")
    states = {one["data-key"]: one["data-state"] for one in student.all("li") if "data-key" in one}
    assert states["s2-interception_iteration-4"] == "done"
    assert states["s2-interception_iteration-5"] == "failed"
    assert states["s2-interception_iteration-6"] == "skipped"
    assert "An error ended the journey." in student.text
    assert "10.0.0.7" not in student.text
    assert "10.0.0.7" in researcher.text


def test_pictures_and_sounds_stand_in_their_boxes(tmp_path):
    maker = ScriptedMaker(WAV, media_format="audio/wav")
    with devserver_in(tmp_path, procedural_music=maker) as devserver, client_of(devserver) as client:
        page = page_of(client, execute(client, "image_and_music").get_json()["run_url"])
        [picture] = [one for one in page.all("img") if "/media/" in one["src"]]
        [player] = page.all("audio")
        assert client.get(picture["src"]).content_type == "image/png"
        assert client.get(player["src"]).content_type == "audio/wav"
    assert "Picture" in picture["alt"]


def test_the_exports_of_a_page_are_there(client):
    page = page_of(client, execute(client).get_json()["run_url"])
    exports = [one["href"] for one in page.all("a") if "/export/" in one.get("href", "")]
    assert len(exports) >= 3
    for address in exports:
        assert client.get(address).status_code == 200


# The list


def test_the_list_shows_runs_with_their_prompt_and_pictures_and_turns_its_pages(client):
    for number in range(3):
        execute(client, "bauhaus", f"prompt {number}")
    page = page_of(client, "/runs?limit=2")
    assert "prompt 2" in page.text
    assert "prompt 0" not in page.text
    assert len([one for one in page.all("img") if "/thumbnails/" in one["src"]]) == 2
    [later] = [one["href"] for one in page.all("a") if one.get("rel") == "next"]
    assert "prompt 0" in page_of(client, later).text


def test_the_list_does_not_show_what_was_blocked(client):
    execute(client, input_text="Zeichne eine ISIS Flagge")
    text = page_of(client, "/runs").text
    assert "ISIS" not in text
    assert "not shown" in text


def test_a_list_of_nothing_leads_to_the_start(client):
    assert "There is no such run yet." in page_of(client, "/runs?status=partial").text


@pytest.mark.parametrize("path", ["/runs/exec_20260101_000000_00000000", "/nothing", "/runs?limit=x"])
def test_trouble_is_a_page_with_a_way_back(client, path):
    answer = client.get(path)
    page = Page(answer.get_data(as_text=True))
    assert answer.status_code in (400, 404)
    assert "Back to the start" in page.text


# Languages


def test_the_browsers_language_is_spoken_and_another_can_be_chosen(client):
    german = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.3"}
    assert page_of(client, "/", headers=german).all("html") == [{"lang": "de"}]
    assert page_of(client, "/", headers={"Accept-Language": "fr"}).all("html") == [{"lang": "en"}]
    switch = client.get("/language/de?next=/runs")
    assert switch.headers["Location"] == "/runs"
    assert page_of(client, "/").all("html") == [{"lang": "de"}]
    assert "Wohin reist dein Satz?" in page_of(client, "/").text


@pytest.mark.parametrize("package", ["devserver.web", "exporters.story"])
def test_every_language_has_every_word_with_the_same_places_to_fill(package):
    english, *others = read_catalogue(package).values()
    for table in ("words", "titles"):
        said = english.get(table, {})
        for other in others:
            assert other.get(table, {}).keys() == said.keys()
            assert {name for name in said if not other[table][name]} == {name for name in said if not said[name]}
            assert [places_in(other[table][name]) for name in said] == [places_in(text) for text in said.values()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_configuration_that_comes_along_is_named_and_told_of(language):
    """One without a row would be there by its file's name, and in English on a German page."""
    names = {config.name for config in list_configs()}
    assert not names - set(TITLED)
    assert not {f"about {name}" for name in names} - words_of(language).keys()


def places_in(text):
    """The `{names}` in a text."""
    return sorted(re.findall(r"\{\w*\}", text))


def test_a_run_is_told_in_german_with_the_names_of_languages(client):
    run = execute(client, "image_comparison").get_json()
    text = page_of(client, run["run_url"], headers={"Accept-Language": "de"}).text
    for word in ("Eingabe", "Sicherheitsprüfung", "unbedenklich", "Deutsch→ nach Englisch", "angekommen", "Mitnehmen"):
        assert word in text, word


# Text is text

TAGS = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "main", "nav", "section", "article", "div"),
    *("h1", "h2", "h3", "p", "a", "b", "i", "bdi", "span", "small", "time", "ul", "ol", "li", "dl", "dt", "dd"),
    *("form", "label", "textarea", "fieldset", "legend", "input", "select", "option", "button", "progress"),
    *("details", "summary", "table", "tbody", "tr", "th", "td", "svg", "path", "circle", "img", "audio"),
    *("noscript", "template", "figure", "figcaption", "blockquote", "del", "ins", "mark", "meter"),
    *("defs", "marker", "image", "g", "text"),
}


def assert_is_only_text(html, mark):
    """Nothing in the page is markup that did not come from a template."""
    page = Page(html)
    assert {tag for tag, _ in page.elements} <= TAGS
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert tag != "script" or attributes["src"].startswith("/static/")
        assert tag != "img" or attributes["src"].startswith("/api/runs/exec_")
    assert mark in page.text


def test_hostile_text_is_text_on_every_page(client):
    run = execute(client, "image_comparison", HOSTILE, user_id=HOSTILE, repeats=HOSTILE[:150]).get_json()
    shown = "<script>alert(1)</script>"
    for path in (run["run_url"], f"{run['run_url']}?audience=researcher", "/runs"):
        assert_is_only_text(client.get(path).get_data(as_text=True), shown)
    for path in ("/", "/runs"):
        html = client.get(path, query_string={"prompt": HOSTILE, "q": HOSTILE, "config": HOSTILE}).get_data(
            as_text=True
        )
        assert_is_only_text(html, "")
    form = client.post("/runs", data={"prompt": HOSTILE, "config": HOSTILE, "seed": HOSTILE})
    assert_is_only_text(form.get_data(as_text=True), shown)
    missing = client.get("/runs/" + "%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert_is_only_text(missing.get_data(as_text=True), "")


def test_hostile_names_of_items_and_configurations_are_text(client, devserver):
    with devserver.tracker.execution(HOSTILE) as run, run.stage(2) as stage:
        stage.item(HOSTILE, content=HOSTILE, metadata={HOSTILE: HOSTILE, "from_lang": HOSTILE, "node_title": HOSTILE})
        stage.item("output_image", media=b"x", media_format=HOSTILE, file_path=None, metadata={"node_title": HOSTILE})
    devserver.recording.flush(30)
    for audience in ("student", "researcher"):
        html = client.get(f"/runs/{run.execution_id}?audience={audience}").get_data(as_text=True)
        assert_is_only_text(html, "<script>alert(1)</script>")
    assert_is_only_text(client.get("/runs").get_data(as_text=True), "<script>alert(1)</script>")


def test_right_to_left_and_joined_signs_stay_whole(client):
    text = "زهرة 👩‍👩‍👧 und ein Umlaut äöü"
    run = execute(client, "bauhaus", text).get_json()
    assert text in page_of(client, run["run_url"]).text
