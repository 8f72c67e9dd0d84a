"""The list of runs is searched, sorted, paged and chosen from: by its address, and by each as they may."""

import io
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlencode

import pytest
from class_stage import TOKENS, class_in

sys.path.append(str(Path(__file__).parents[1] / "exporters"))
from reading_pdf import text_of
from web_stage import PATIENCE, Page, client_of, devserver_in, execute

from devserver.web import WebSettings
from exporters import FORMATS
from exporters.remarks.store import RemarkStore

SENTENCES = ["Die Straße im Grünen", "زهرة في المرج", "春天的花园里", "A small fox", "Was ISIS tut"]


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    """A client of a server without tokens, and the ids of five runs in the order of `SENTENCES`."""
    data = tmp_path_factory.mktemp("data")
    with devserver_in(data) as devserver, client_of(devserver) as client:
        ids = [execute(client, "stillepost", text).get_json()["execution_id"] for text in SENTENCES]
        yield client, ids, data


def found(client, query="", **given):
    answer = client.get(f"/api/runs?{query or urlencode(given)}")
    assert answer.status_code == 200, answer.text
    return [row["execution_id"] for row in answer.get_json()["executions"]]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *(("strasse", 0), ("GRÜNEN", 0), ("im grunen", 0), ("im", 0), ('"straße im"', 0)),
        *(("زَهْرَة", 1), ("زه", 1), ("花园", 2), ("花", 2), ("春天的花", 2), ("FOX", 3), ("fox small", 3)),
    ],
)
def test_a_run_is_found_by_what_was_written(explored, text, place):
    """In any script, by words of any length, all of which it has to have."""
    client, ids, _ = explored
    assert found(client, q=text) == [ids[place]]


@pytest.mark.parametrize("text", ["foxes", "small tree", '"fox small"', "花 fox", "%", "x_y", "'; drop table runs; --"])
def test_what_nobody_wrote_is_not_found(explored, text):
    assert found(explored[0], q=text) == []


def test_each_column_sorts_both_ways(explored):
    client, ids, _ = explored
    for column in ("time", "config", "status", "duration", "outputs", "items", "level", "run", "user", "session"):
        rising, falling = (found(client, sort=column, order=order) for order in ("asc", "desc"))
        assert rising == falling[::-1], column
        assert sorted(rising) == sorted(ids)
    assert found(client, sort="status", order="asc")[0] == ids[4]


@pytest.mark.parametrize("query", ["sort=colour", "order=up", "marked=blue", "page=first", "until=soon"])
def test_what_cannot_be_asked_is_a_400_that_says_what_would_work(explored, query):
    answer = explored[0].get(f"/api/runs?{query}")
    assert (answer.status_code, "would work" in answer.get_json()["error"]) == (400, True)


def test_a_page_is_reached_by_its_number(explored):
    client, _, _ = explored
    every = found(client)
    assert [found(client, limit=2, page=page) for page in (1, 2, 3, 4)] == [every[:2], every[2:4], every[4:], []]
    page = Page(client.get("/runs?limit=2&page=2&sort=run").text)
    assert "of 3" in page.text
    links = [link["href"] for link in page.all("a") if link.get("rel") in ("prev", "next")]
    assert links == ["/runs?limit=2&sort=run&page=1", "/runs?limit=2&sort=run&page=3"]


def test_all_that_was_asked_for_stands_in_the_page_again(explored):
    """An address is a list that was kept: whoever opens it has the same fields filled in."""
    client, _, _ = explored
    page = Page(client.get("/runs?q=fox&sort=duration&order=asc&status=completed&audience=researcher&user_id=").text)
    values = {field.get("name"): field.get("value") for field in page.all("input")}
    assert (values["q"], values["audience"]) == ("fox", "researcher")
    assert {one["value"] for one in page.all("option") if "selected" in one} >= {"duration", "asc", "completed"}


def post(client, path, **form):
    return client.post(path, data=form)


def test_chosen_runs_are_marked_and_found_by_mark_and_note(explored):
    client, ids, data = explored
    marked = post(client, "/runs/marks", run=ids[:2], mark="test", note="Ein Blumenkohl", query="audience=researcher")
    assert (marked.status_code, marked.headers["Location"]) == (303, "/runs?audience=researcher")
    assert sorted(found(client, marked="test")) == sorted(ids[:2])
    assert sorted(found(client, q="blumenkohl")) == sorted(ids[:2])
    assert "Blumenkohl" not in client.get("/runs?q=blumenkohl").text.replace('value="blumenkohl"', "")
    assert post(client, "/runs/marks", all="1", query="marked=any", mark="clear").status_code == 303
    assert (found(client, marked="any"), found(client, q="blumenkohl")) == ([], [])
    assert not RemarkStore(data).read().runs


@pytest.mark.parametrize("form", [{}, {"run": "exec_20260101_000000_00000000"}, {"all": "1", "query": "q=nothing"}])
def test_where_nothing_was_chosen_nothing_is_done(explored, form):
    client, _, _ = explored
    assert post(client, "/runs/marks", mark="test", **form).status_code == 400
    assert post(client, "/bundles", format="json_zip", **form).status_code == 400


def made(client, headers=None, **body):
    """The bundle when it is over."""
    answer = client.post("/api/bundles", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    address = answer.headers["Location"]
    client.application.extensions["bundles"].wait(answer.get_json()["bundle"], PATIENCE * 2)
    return client.get(address).get_json()


@pytest.mark.parametrize("name", ["json", "html", "pdf", "poster", "poster_picture"])
def test_chosen_runs_are_taken_home_as_a_zip(explored, name):
    client, ids, _ = explored
    bundle = made(client, runs=ids[:3], format=f"{name}_zip")
    assert (bundle["state"], bundle["runs"], bundle["done"], bundle["of"]) == ("done", 3, 3, 3)
    answer = client.get(bundle["file_url"])
    assert answer.headers["Content-Disposition"] == f"attachment; filename=runs.{name}.zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        assert sorted(package.namelist()) == sorted(f"{run}{FORMATS[name].suffix}" for run in ids[:3])
        assert all(package.read(one) for one in package.namelist())


def texts_of(client, bundle):
    answer = client.get(bundle["file_url"])
    with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
        return {name.partition(".")[0]: text_of(package.read(name)) for name in package.namelist()}


def test_posters_of_chosen_runs_show_what_everybody_may_see(explored):
    """They are for a wall: in the language of whoever asks, called as on the pages."""
    client, ids, _ = explored
    german = {"Accept-Language": "de"}
    posters = texts_of(client, made(client, headers=german, runs=ids, format="poster_zip"))
    assert sorted(posters) == sorted(ids)
    assert "A small fox" in posters[ids[3]]
    assert all("Stille Post" in poster for poster in posters.values())
    assert "ISIS" not in posters[ids[4]]
    for_research = texts_of(client, made(client, runs=ids[4:], format="poster_zip", audience="researcher"))
    assert "ISIS" in for_research[ids[4]]


@pytest.mark.parametrize("asked", [{"format": "poster_zip", "audience": "everybody"}, {"audience": "student"}])
def test_an_audience_that_cannot_be_had_is_a_400(explored, asked):
    client, ids, _ = explored
    answer = client.post("/api/bundles", json={"runs": ids, **asked})
    assert (answer.status_code, "audience" in answer.get_json()["error"]) == (400, True)


def test_all_that_a_search_found_is_taken_home(explored):
    client, ids, _ = explored
    bundle = made(client, query="q=fox", format="jsonl")
    lines = client.get(bundle["file_url"]).text.splitlines()
    assert (len(lines), ids[3] in lines[0]) == (1, True)


def test_a_bundle_that_nothing_may_be_in_says_why(explored):
    client, ids, _ = explored
    bundle = made(client, runs=ids, format="json_zip", profile="pseudonymous")
    assert (bundle["state"], bundle["kept_back"]) == ("failed", {"no_study": 5})
    assert "of no study" in client.get(f"/bundles/{bundle['bundle']}?audience=researcher").text


def test_an_erased_run_is_in_no_bundle_and_in_no_list(tmp_path):
    with devserver_in(tmp_path) as devserver, client_of(devserver) as client:
        ids = [execute(client, "dada", text).get_json()["execution_id"] for text in ("Regenwurm", "Feldmaus")]
        bundle = made(client, runs=ids, format="json_zip")
        assert found(client, q="regenwurm") == ids[:1]
        erased = client.post(f"/api/runs/{ids[0]}/erase", json={"scope": "run"})
        assert found(client, q="regenwurm") == []
        client.application.extensions["erasures"].close()
        assert client.get(erased.headers["Location"]).get_json()["state"] == "done"
        assert (found(client, q="regenwurm"), found(client)) == ([], ids[1:])
        index = tmp_path / ".serving"
        assert not [path for path in index.rglob("*") if path.is_file() and b"regenwurm" in path.read_bytes().lower()]
        answer = client.get(bundle["file_url"])
        if answer.status_code == 200:
            with zipfile.ZipFile(io.BytesIO(answer.data)) as package:
                assert package.namelist() == [f"{ids[1]}.json"]


def test_pupils_find_nothing_that_they_may_not_see(tmp_path):
    """Neither by a text that a check stopped, nor by a note; nor may they choose, mark or ask who was there."""
    with class_in(tmp_path, WebSettings(**TOKENS)) as room:
        blocked = room.teacher.execute(input_text="ISIS und Blumen").get_json()
        seen = room.teacher.execute(input_text="Blumen im Wind").get_json()["execution_id"]
        pupil = room.pupil()

        def ids(someone, query):
            return [row["execution_id"] for row in someone.get(f"/api/runs?{query}").get_json()["executions"]]

        assert len(ids(room.teacher, "q=isis")) == 1
        assert len(ids(room.teacher, "q=blumen")) == 2
        assert (ids(pupil, "q=isis"), ids(pupil, "q=blumen")) == ([], [seen])
        assert blocked["status"] != "success"
        noted = room.teacher.post("/runs/marks", data={"run": seen, "note": "Sorgenkind"})
        assert noted.status_code == 303
        assert (ids(room.teacher, "q=sorgenkind"), ids(pupil, "q=sorgenkind")) == ([seen], [])
        assert [pupil.get(f"/api/runs?{query}").status_code for query in ("marked=any", "sort=user")] == [403, 403]
        assert pupil.post("/bundles", data={"run": seen}).status_code == 403
        assert "/bundles" not in pupil.get("/runs?audience=researcher").text
        # What a teacher shows to the class finds what the class sees.
        assert blocked["execution_id"] not in room.teacher.get("/runs?q=ISIS").text
        assert blocked["execution_id"] in room.teacher.get("/runs?q=ISIS&audience=researcher").text
