"""Every route, and what nobody and each role get of it: the table in `docs/http-api.md`."""

import re
from pathlib import Path

import pytest
from web_stage import client_of, devserver_in

from devserver.web import WebSettings
from devserver.web.visitors.roles import Role, RoledFlask, RoutedFor

PAGE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text("utf-8")
TOKENS = {
    "class_token": "class-0123456789abcdef",
    "teacher_token": "teacher-0123456789abcdef",
    "researcher_token": "researcher-0123456789abcdef",
    "token": "admin-0123456789abcdef",
}
ROLES = dict(zip(("nobody", *Role), (None, *TOKENS.values()), strict=True))
TOKEN = TOKENS["token"]

ROW = re.compile(r"^\| `(GET|POST) (/\S*)`" + r" \| (\d{3})" * len(ROLES) + r" \|", re.MULTILINE)
ROWS = {(method, path): dict(zip(ROLES, codes, strict=True)) for method, path, *codes in ROW.findall(PAGE)}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A client, and the values that the names in addresses have."""
    settings = WebSettings(**TOKENS, most_wrong_tokens=10_000)
    with devserver_in(tmp_path_factory.mktemp("data")) as devserver, client_of(devserver, settings) as client:
        body = {"schema": "image_comparison", "input_text": "A flower"}
        answer = client.post("/api/schema/pipeline/execute", json=body, headers=bearer(TOKEN))
        run = answer.get_json()["execution_id"]
        room = client.post("/rooms", headers=bearer(TOKEN)).headers["Location"].rpartition("/")[2]
        record = client.get(f"/api/runs/{run}", headers=bearer(TOKEN)).get_json()
        picture = next(item["media"]["sha256"] for item in record["items"] if item["media"])
        values = {
            "run": run,
            "room": room,
            "pupil": "pupil_000000000000",
            "picture": picture,
            "format": "csv",
            "session": "00000000",
            "erasure": "0e3a05610e3a0561",
            "bundle": "0e3a05610e3a0561",
            "language": "de",
            "file": "page.css",
        }
        yield client, values


def plain(path):
    """An address whose parts have no names."""
    return re.sub(r"<(\w+:)?\w+>", "<>", path)


def bearer(token):
    return {"Authorization": f"Bearer {token}"} if token else {}


def test_every_route_has_a_row_and_every_row_a_route(asked):
    """A new route without one says here for whom it is."""
    routes = {
        (method, plain(str(rule)))
        for rule in asked[0].application.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}
    }
    assert {(method, plain(path)) for method, path in ROWS} == routes


def test_a_route_refuses_every_role_that_it_does_not_name(asked):
    """What a route declares and what the table says are one; who may see a run is asked of the run besides."""
    for rule in asked[0].application.url_map.iter_rules():
        assert isinstance(rule, RoutedFor)
        path = plain(str(rule))
        rows = [codes for (method, row), codes in ROWS.items() if (method in rule.methods, plain(row)) == (True, path)]
        for role, code in zip((None, *Role), (rows[0][name] for name in ROLES), strict=True):
            assert role in rule.roles or code == ("403" if role else "401"), (path, role)


def test_a_route_that_does_not_say_for_whom_it_is_cannot_be_made():
    """Whoever adds one is told so at once, not when somebody finds it open."""
    with pytest.raises(TypeError, match="does not say for whom it is"):
        RoledFlask("app").get("/new")(lambda: "")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path"), ROWS)
def test_each_role_gets_what_the_table_says(asked, method, path, role):
    """With a token of that role, or with none."""
    client, values = asked
    address = re.sub(r"<(\w+)>", lambda name: values[name[1]], path)
    form = {"token": "wrong"} if path == "/login" else {"config": "dada", "prompt": "x"}
    body = {"json": {"schema": "dada", "input_text": "x"}} if path.endswith("/execute") else {"data": form}
    answer = client.open(address, method=method, headers=bearer(ROLES[role]), **(body if method == "POST" else {}))
    assert str(answer.status_code) == ROWS[method, path][role]
    answer.close()
