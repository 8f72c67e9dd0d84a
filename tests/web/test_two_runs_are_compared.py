"""Two runs side by side: what is compared with what, what is marked, and that nobody sees more than they may."""

import pytest
from class_stage import TOKENS, class_in
from web_stage import HOSTILE, HeldTranslator, Page, begin, client_of, devserver_in, execute

from devserver.web import WebSettings
from devserver.web.words import LANGUAGES, words_of

SIGNS = {"first": "Eine rote Blume", "second": "Eine blaue Blume", "blocked": "Was ISIS tut"}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A client, and the ids of runs by what they are."""
    with devserver_in(tmp_path_factory.mktemp("data")) as devserver, client_of(devserver) as client:
        runs = {name: execute(client, "dada", text).get_json() for name, text in SIGNS.items()}
        runs["pictures"] = execute(client, "image_comparison", "Eine rote Blume").get_json()
        runs["again"] = execute(client, "image_comparison", "Eine rote Blume").get_json()
        runs["hostile"] = execute(client, "dada", HOSTILE).get_json()
        yield client, {name: run["execution_id"] for name, run in runs.items()}


def page_of(client, left, right, query="", language="en"):
    address = f"/compare?left={left}&right={right}{query}"
    return client.get(address, headers={"Accept-Language": language}).get_data(as_text=True)


def test_texts_stand_side_by_side_and_are_marked(compared):
    client, ids = compared
    html = page_of(client, ids["first"], ids["second"])
    assert "Eine <del>rote</del> Blume" in html
    assert "Eine <ins>blaue</ins> Blume" in html
    assert words_of("en")["compare kept"].format(kept=2, of=3) in html
    assert [link["href"] for link in Page(html).all("a") if link.get("href", "").startswith("/runs/")] == [
        f"/runs/{ids['first']}",
        f"/runs/{ids['second']}",
    ]


def test_pictures_stand_side_by_side(compared):
    client, ids = compared
    page = Page(page_of(client, ids["pictures"], ids["again"]))
    runs = [picture["src"].split("/")[3] for picture in page.all("img")]
    assert runs == [ids["pictures"], ids["again"]] * 2
    assert words_of("en")["compare same"] in page.text


def test_what_one_run_has_not_is_said(compared):
    client, ids = compared
    page = Page(page_of(client, ids["first"], ids["pictures"]))
    assert words_of("en")["compare nothing"] in page.text


def test_hostile_text_is_text(compared):
    client, ids = compared
    html = page_of(client, ids["first"], ids["hostile"])
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_comparison_that_cannot_be_made_says_what_would_work(compared, language):
    client, ids = compared
    words, headers = words_of(language), {"Accept-Language": language}
    for query in ("", f"left={ids['first']}", f"left={ids['first']}&right={ids['first']}", f"run={ids['first']}"):
        answer = client.get(f"/compare?{query}", headers=headers)
        assert (answer.status_code, words["said only two"] in Page(answer.get_data(as_text=True)).text) == (400, True)
    unknown = client.get(f"/compare?left={ids['first']}&right=exec_20260101_000000_00000000", headers=headers)
    assert (unknown.status_code, words["run unknown"] in unknown.get_data(as_text=True)) == (404, True)


def test_two_that_are_ticked_in_a_list_lead_to_their_address(compared):
    client, ids = compared
    answer = client.get(f"/compare?run={ids['first']}&run={ids['second']}&query=&format=pdf")
    assert answer.location == f"/compare?left={ids['first']}&right={ids['second']}"
    research = client.get(f"/compare?run={ids['first']}&run={ids['second']}&audience=researcher")
    assert research.location == f"{answer.location}&audience=researcher"


def test_a_run_that_repeats_another_offers_the_comparison(compared):
    client, ids = compared
    again = client.post(f"/runs/{ids['first']}/again", data={"seed": "same"})
    client.application.extensions["runner"].find(again.location.rpartition("/")[2]).done.wait(30)
    html = client.get(again.location, follow_redirects=True).get_data(as_text=True)
    address = next(link["href"] for link in Page(html).all("a") if link.get("href", "").startswith("/compare"))
    assert f"left={ids['first']}" in address
    assert client.get(address).status_code == 200


def test_research_sees_what_was_blocked_and_students_do_not(compared):
    client, ids = compared
    assert SIGNS["blocked"] not in page_of(client, ids["first"], ids["blocked"])
    assert SIGNS["blocked"] in page_of(client, ids["first"], ids["blocked"], "&audience=researcher").replace(
        "<ins>", ""
    ).replace("</ins>", "")


def test_pupils_compare_what_they_may_see_and_learn_nothing_of_the_rest(tmp_path):
    """Of a run that is not theirs to see they are told what they are told of one that is not there."""
    with class_in(tmp_path, WebSettings(**TOKENS)) as room:
        blocked = room.teacher.execute(input_text=SIGNS["blocked"]).get_json()["execution_id"]
        one, other = (room.teacher.execute(input_text=SIGNS[name]).get_json() for name in ("first", "second"))
        pupil, seen = room.pupil(), one["execution_id"]

        assert pupil.get(f"/compare?left={seen}&right={other['execution_id']}").status_code == 200
        answers = [
            pupil.get(f"/compare?left={seen}&right={run}&audience=researcher") for run in (blocked, blocked[:-1])
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        # But for the name itself, in the link to the other language.
        assert len({answer.text.replace(blocked, "").replace(blocked[:-1], "") for answer in answers}) == 1
        assert SIGNS["blocked"] not in pupil.get(f"/compare?left={blocked}&right={seen}").text
        assert pupil.get(f"/compare?left={seen}&right={other['execution_id']}&audience=researcher").status_code == 200
        ticks = Page(pupil.get("/runs").text).all("input")
        assert [tick["value"] for tick in ticks if tick.get("name") == "run"] == [other["execution_id"], seen]


def test_a_run_that_has_not_begun_is_not_compared_yet(tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, client_of(devserver) as client:
        runs = [begin(client, input_text=text)["run_url"].rpartition("/")[2] for text in "abcd"]
        held.wait_until_asked()
        html = page_of(client, runs[0], runs[3])
        under_way = page_of(client, runs[0], runs[1])
        held.open()
    assert words_of("en")["said not begun"] in html
    assert words_of("en")["compare title"] in under_way
