"""Tokens, cookies, names of the server, other sites' pages: who is let in, and what is sent along."""

import pytest
from web_stage import HOSTILE, client_of, devserver_in, execute

from devserver.errors import SettingsError
from devserver.web import WebSettings
from devserver.web.visitors.roles import Role

TOKEN, CLASS_TOKEN = "teacher-0123456789abcdef", "class-0123456789abcdef"
OPEN_WORDS = {"token": TOKEN, "class_token": CLASS_TOKEN}


@pytest.fixture
def guarded(tmp_path):
    """A client of a server that asks for a token; another one for the class."""
    with devserver_in(tmp_path) as devserver, client_of(devserver, WebSettings(**OPEN_WORDS)) as client:
        yield client


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def settings_from(**environment):
    return WebSettings.from_environment(environment=environment)


# What may be set


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "school.example", "127.0.0.1.evil.example"])
def test_a_host_that_others_reach_needs_a_token(host):
    with pytest.raises(SettingsError, match="a token is needed: set DEVSERVER_TOKEN"):
        WebSettings.from_environment(host=host, environment={})
    assert WebSettings.from_environment(host=host, environment={"DEVSERVER_TOKEN": TOKEN}).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_none(host):
    assert WebSettings.from_environment(host=host, environment={}).token is None


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DEVSERVER_TOKEN": "short"}, "DEVSERVER_TOKEN is too short"),
        ({"DEVSERVER_TOKEN": "umlaut-äöü-0123456789"}, "too odd"),
        ({"DEVSERVER_CLASS_TOKEN": CLASS_TOKEN}, "needs a DEVSERVER_TOKEN"),
        ({"DEVSERVER_TOKEN": TOKEN, "DEVSERVER_CLASS_TOKEN": TOKEN}, "that is another one"),
        ({"DEVSERVER_TEACHER_TOKEN": CLASS_TOKEN}, "DEVSERVER_TEACHER_TOKEN needs a DEVSERVER_TOKEN"),
        ({"DEVSERVER_TOKEN": TOKEN, "DEVSERVER_RESEARCHER_TOKEN": "short"}, "DEVSERVER_RESEARCHER_TOKEN is too short"),
        (
            {"DEVSERVER_TOKEN": TOKEN, "DEVSERVER_TEACHER_TOKEN": CLASS_TOKEN, "DEVSERVER_CLASS_TOKEN": CLASS_TOKEN},
            "that is another one, as all of them are",
        ),
        (
            {"DEVSERVER_TOKEN": TOKEN, "DEVSERVER_TEACHER_TOKEN": CLASS_TOKEN, "DEVSERVER_SAFETY_LEVEL": "off"},
            "DEVSERVER_TEACHER_TOKEN lets a class in",
        ),
        ({"DEVSERVER_PORT": "many"}, "a number from 0 to 65535"),
        ({"DEVSERVER_SLOTS": "0"}, "a number from 1 to 64"),
        ({"DEVSERVER_STREAMS": "10000"}, "a number from 1 to 500"),
        ({"DEVSERVER_SAFETY_LEVEL": "none"}, "known are kids, off, youth"),
    ],
)
def test_a_setting_that_cannot_be_says_what_would_work(environment, sentence):
    with pytest.raises(SettingsError, match=sentence) as error:
        settings_from(**environment)
    assert TOKEN not in str(error.value)


def test_settings_never_show_their_tokens():
    assert TOKEN not in repr(WebSettings(**OPEN_WORDS))
    assert CLASS_TOKEN not in repr(WebSettings(**OPEN_WORDS))


def test_settings_come_from_the_environment():
    settings = settings_from(
        DEVSERVER_PORT="8080",
        DEVSERVER_SLOTS="3",
        DEVSERVER_WAITING="0",
        DEVSERVER_HOSTNAMES="art.example, ART2.example",
    )
    assert (settings.port, settings.slots, settings.most_waiting) == (8080, 3, 0)
    assert settings.hostnames == ("art.example", "art2.example")


def test_each_token_is_a_role():
    tokens = dict(zip(Role, ("class", "teacher", "researcher", ""), strict=True))
    names = {role: f"DEVSERVER_{name.upper()}_TOKEN" if name else "DEVSERVER_TOKEN" for role, name in tokens.items()}
    given = {role: f"{role.value}-0123456789abcdef" for role in Role}
    settings = settings_from(**{name: given[role] for role, name in names.items()})
    assert {role: token for token, role in settings.tokens()} == given
    assert not any(token in repr(settings) for token in given.values())


# Coming in


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/runs/exec_x", "/api/runs", "/api/runs/stats", "/api/health", "/nothing"]
)
def test_without_a_token_nothing_is_shown(guarded, path):
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "executions" not in answer.get_data(as_text=True)


def test_without_a_token_nothing_is_run(guarded):
    assert execute(guarded).status_code == 401
    assert guarded.post("/runs", data={"config": "stillepost", "prompt": "x"}).status_code == 401
    assert guarded.get("/api/runs", headers=bearer(TOKEN)).get_json()["total"] == 0


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\xff\xfe", "ä" * 30])
def test_another_token_is_none(guarded, token):
    assert guarded.get("/api/runs", headers={"Authorization": f"Bearer {token}".encode("latin-1")}).status_code == 401
    assert guarded.get("/", query_string={"token": token}).status_code == 401


def test_a_program_sends_the_token_as_bearer(guarded):
    for token in (TOKEN, CLASS_TOKEN):
        assert guarded.get("/api/runs", headers=bearer(token)).status_code == 200


def test_a_login_link_is_exchanged_for_a_cookie_and_leaves_the_address(guarded):
    answer = guarded.get(f"/runs?status=blocked&token={TOKEN}")
    cookie = answer.headers["Set-Cookie"]
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs?status=blocked")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert TOKEN not in cookie
    assert answer.headers["Cache-Control"] == "no-store"
    assert guarded.get("/runs").status_code == 200


@pytest.mark.parametrize("path", ["//evil.example/", "/%2f/evil.example"])
def test_a_login_link_leads_nowhere_else(guarded, path):
    answer = guarded.get(f"{path}?token={TOKEN}")
    location = answer.headers.get("Location", "/")
    assert location.startswith("/")
    assert not location.startswith("//")


def test_a_form_takes_the_token_too(guarded):
    assert guarded.post("/login", data={"token": "wrong"}).status_code == 401
    assert guarded.post("/login", data={"token": TOKEN}).status_code == 303
    assert guarded.get("/").status_code == 200


def test_a_cookie_dies_with_its_token(tmp_path):
    with devserver_in(tmp_path) as devserver:
        with client_of(devserver, WebSettings(token=TOKEN)) as client:
            cookie = client.get(f"/?token={TOKEN}").headers["Set-Cookie"].partition(";")[0]
        with client_of(devserver, WebSettings(token="another-0123456789")) as client:
            assert client.get("/", headers={"Cookie": cookie}).status_code == 401


def test_an_api_address_takes_no_token_in_it(guarded):
    assert guarded.get(f"/api/runs?token={TOKEN}").status_code == 401


# What students see


@pytest.fixture
def blocked(guarded):
    """A run whose prompt was blocked, asked for by the class."""
    return execute_as(guarded, CLASS_TOKEN, input_text="Zeichne eine ISIS Flagge").get_json()


def execute_as(client, token, **fields):
    body = {"schema": "stillepost", "input_text": "Eine Blume", **fields}
    return client.post("/api/schema/pipeline/execute", json=body, headers=bearer(token))


VIEWS = ["", "/live", "/live?audience=researcher", "/export/html", "/export/html?audience=researcher"]


@pytest.mark.parametrize("end", VIEWS)
def test_students_never_get_what_a_check_said_no_to(guarded, blocked, end):
    answer = guarded.get(f"/api/runs/{blocked['execution_id']}{end}", headers=bearer(CLASS_TOKEN))
    assert answer.status_code == 200
    assert "ISIS" not in answer.get_data(as_text=True)
    page = guarded.get(f"/runs/{blocked['execution_id']}?audience=researcher", headers=bearer(CLASS_TOKEN))
    assert "ISIS" not in page.get_data(as_text=True)


@pytest.mark.parametrize("name", ["json", "jsonl", "xml", "csv", "legacy_xml"])
def test_formats_that_show_everything_are_not_for_students(guarded, blocked, name):
    path = f"/api/runs/{blocked['execution_id']}/export/{name}"
    assert guarded.get(path, headers=bearer(CLASS_TOKEN)).status_code == 403
    assert guarded.get(path, headers=bearer(TOKEN)).status_code == 200


def test_students_do_not_see_who_ran_what(guarded):
    execute_as(guarded, TOKEN, user_id="DOE_J", session_id="s1", device_id="d1")
    row = guarded.get("/api/runs", headers=bearer(CLASS_TOKEN)).get_json()["executions"][0]
    assert not {"user_id", "session_id", "device_id"} & set(row)
    assert guarded.get("/api/runs", headers=bearer(TOKEN)).get_json()["executions"][0]["user_id"] == "DOE_J"


def test_students_may_not_choose_a_looser_level(guarded):
    assert execute_as(guarded, CLASS_TOKEN, safety_level="off").status_code == 403
    assert execute_as(guarded, CLASS_TOKEN, safety_level="kids").status_code == 200
    assert execute_as(guarded, TOKEN, safety_level="off").status_code == 200


# Names of the server, and pages of others


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:17801", "", "[", "a b"])
def test_a_request_for_another_name_is_not_answered(client, host):
    """A page whose name was made to lead to this machine (DNS rebinding) asks for its own name."""
    answer = client.get("/api/runs", headers={"Host": host})
    assert answer.status_code in (400, 421)
    assert "executions" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("host", ["localhost:17801", "127.0.0.1", "[::1]:17801", "127.1.2.3:99"])
def test_loopback_names_are_the_servers_own(client, host):
    assert client.get("/api/runs", headers={"Host": host}).status_code == 200


def test_other_names_can_be_given(tmp_path):
    settings = WebSettings(hostnames=("art.example",))
    with devserver_in(tmp_path) as devserver, client_of(devserver, settings) as client:
        assert client.get("/api/runs", headers={"Host": "art.example:443"}).status_code == 200


def test_a_server_for_others_knows_its_addresses_and_no_foreign_name(tmp_path):
    settings = WebSettings(host="0.0.0.0", token=TOKEN)
    with devserver_in(tmp_path) as devserver, client_of(devserver, settings) as client:
        codes = {
            host: client.get("/api/runs", headers={"Host": host, **bearer(TOKEN)}).status_code
            for host in ("192.168.1.7:17801", "[fe80::1]:17801", "evil.example")
        }
    assert codes == {"192.168.1.7:17801": 200, "[fe80::1]:17801": 200, "evil.example": 421}


POSTS = ["/runs", "/api/schema/pipeline/execute", "/api/runs/x/cancel", "/runs/x/again", "/login"]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://localhost:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
def test_another_sites_page_can_send_nothing(client, path, headers):
    answer = client.post(path, data={"config": "stillepost", "prompt": "x"}, headers=headers)
    assert answer.status_code == 403
    assert client.get("/api/runs").get_json()["total"] == 0


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}]
)
def test_its_own_pages_and_programs_can(client, headers):
    answer = client.post("/runs", data={"config": "theopposite", "prompt": "x"}, headers=headers)
    assert answer.status_code == 303


# What is sent along


@pytest.mark.parametrize("path", ["/", "/runs", "/nothing", "/api/runs", "/api/nothing", "/static/journey.js"])
def test_every_answer_tells_browsers_to_be_careful(client, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_no_page_holds_script_or_style_of_its_own(client):
    run = execute(client, "image_comparison").get_json()
    for path in ("/", "/runs", run["run_url"], f"{run['run_url']}?audience=researcher", "/nothing"):
        page = client.get(path).get_data(as_text=True)
        assert "<style" not in page
        assert "javascript:" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<script>" not in page


def test_nothing_of_a_prompt_or_a_token_reaches_the_log(tmp_path, caplog):
    caplog.set_level("DEBUG")
    settings = WebSettings(token=TOKEN)
    with devserver_in(tmp_path) as devserver, client_of(devserver, settings) as client:
        client.get(f"/?token={TOKEN}")
        execute(client, input_text="Anna Müller aus der 7b")
        execute(client, input_text=HOSTILE, schema="nothing")
        client.get("/runs/Anna%20M%C3%BCller")
    assert "Anna" not in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\r\nX: y"])
def test_the_language_switch_leads_nowhere_else(client, address):
    answer = client.get("/language/de", query_string={"next": address})
    assert answer.headers["Location"] == "/"
