"""A login ends by itself, at its owner's wish and at the teacher's; wrong tokens are heard a few times a minute."""

import json
import stat

import pytest
from web_stage import client_of, devserver_in

from devserver.web import WebSettings
from devserver.web.visitors.access import COOKIE
from devserver.web.visitors.attempts import Attempts
from devserver.web.visitors.roles import Role
from devserver.web.visitors.sessions import MOST_SESSIONS, RENEW_SECONDS, SESSION_SECONDS, Sessions

TOKEN, CLASS_TOKEN = "teacher-0123456789abcdef", "class-0123456789abcdef"
TOKENS = [(TOKEN, Role.ADMIN), (CLASS_TOKEN, Role.PUPIL)]
SETTINGS = WebSettings(token=TOKEN, class_token=CLASS_TOKEN)


class Clock:
    """A clock that is told."""

    def __init__(self):
        self.now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(tmp_path):
    """An application that asks for a token."""
    with devserver_in(tmp_path) as devserver, client_of(devserver, SETTINGS) as client:
        yield client.application


def logged_in(app, token):
    client = app.test_client()
    assert client.post("/login", data={"token": token}).status_code == 303
    return client


# The end of a session


def test_a_cookie_counts_for_twelve_hours(tmp_path, clock):
    sessions = Sessions(tmp_path, TOKENS, clock=clock)
    session, cookie = sessions.begin(CLASS_TOKEN, "192.0.2.1")
    clock.now += SESSION_SECONDS - 1
    assert sessions.of_cookie(cookie) == session
    clock.now += 2
    assert sessions.of_cookie(cookie) is None
    assert sessions.all() == []


def test_a_cookie_that_is_used_is_renewed(tmp_path, clock):
    """Once an hour; the old one ends when it would have."""
    sessions = Sessions(tmp_path, TOKENS, clock=clock)
    session, cookie = sessions.begin(TOKEN, "192.0.2.1")
    assert sessions.renewed(cookie) is None
    clock.now += RENEW_SECONDS + 1
    fresh = sessions.renewed(cookie)
    clock.now += SESSION_SECONDS - 10
    assert sessions.of_cookie(cookie) is None
    assert sessions.of_cookie(fresh).name == session.name


def with_another_signature(cookie):
    """Not its last sign: of that only four bits count."""
    return cookie[:-5] + ("A" if cookie[-5] != "A" else "B") + cookie[-4:]


@pytest.mark.parametrize(
    "change", [with_another_signature, lambda c: c.partition(".")[0], lambda c: "", lambda c: "ä.b.c"]
)
def test_a_cookie_of_ones_own_making_opens_nothing(tmp_path, clock, change):
    sessions = Sessions(tmp_path, TOKENS, clock=clock)
    _, cookie = sessions.begin(TOKEN, "192.0.2.1")
    assert sessions.of_cookie(change(cookie)) is None


def test_a_cookie_is_not_made_from_the_token_alone(tmp_path, clock):
    """Another server with the same token gives and takes others."""
    one, other = Sessions(tmp_path / "a", TOKENS, clock=clock), Sessions(tmp_path / "b", TOKENS, clock=clock)
    _, cookie = one.begin(TOKEN, "192.0.2.1")
    assert other.of_cookie(cookie) is None


def test_a_session_outlives_a_restart_and_nothing_private_is_readable(tmp_path, clock):
    """The files are their owner's alone, and hold neither token nor cookie."""
    session, cookie = Sessions(tmp_path, TOKENS, clock=clock).begin(TOKEN, "192.0.2.1")
    assert Sessions(tmp_path, TOKENS, clock=clock).of_cookie(cookie) == session
    files = [path for path in (tmp_path / "access").iterdir() if path.is_file()]
    assert {path.name for path in files} == {"key", "sessions.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "access").stat().st_mode) == 0o700
    kept = (tmp_path / "access" / "sessions.json").read_text()
    assert TOKEN not in kept
    assert cookie.partition(".")[0] not in kept


def test_a_session_ends_with_its_token(tmp_path, clock):
    _, cookie = Sessions(tmp_path, TOKENS, clock=clock).begin(CLASS_TOKEN, "192.0.2.1")
    changed = Sessions(tmp_path, [(TOKEN, Role.ADMIN), ("another-class-0123456789", Role.PUPIL)], clock=clock)
    assert changed.of_cookie(cookie) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"a": 1}', b'{"a": {"name": "x"}}', b"\xff"])
def test_a_damaged_file_of_sessions_asks_everybody_again(tmp_path, clock, content):
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "sessions.json").write_bytes(content)
    sessions = Sessions(tmp_path, TOKENS, clock=clock)
    _, cookie = sessions.begin(TOKEN, "192.0.2.1")
    assert sessions.of_cookie(cookie)


def test_many_logins_of_the_class_do_not_log_the_teacher_out(tmp_path, clock, monkeypatch):
    monkeypatch.setattr("devserver.web.visitors.sessions.MOST_SESSIONS", 5)
    assert MOST_SESSIONS > 1000
    sessions = Sessions(tmp_path, TOKENS, clock=clock)
    _, cookie = sessions.begin(TOKEN, "192.0.2.1")
    for _ in range(20):
        clock.now += 1
        sessions.begin(CLASS_TOKEN, "192.0.2.2")
    assert sessions.of_cookie(cookie)
    assert len(sessions.all()) == 5


# Taken back


def test_who_logs_out_is_out(app):
    """The cookie opens nothing any more, wherever a copy of it is."""
    client = logged_in(app, CLASS_TOKEN)
    copy = client.get_cookie(COOKIE).value
    assert client.post("/logout").status_code == 303
    assert client.get("/").status_code == 401
    thief = app.test_client()
    thief.set_cookie(COOKIE, copy)
    assert thief.get("/").status_code == 401


def test_a_teacher_ends_one_login_and_no_other(app):
    """That of a laptop that was lost."""
    teacher, lost, other = logged_in(app, TOKEN), logged_in(app, CLASS_TOKEN), logged_in(app, CLASS_TOKEN)
    name = app.extensions["access"].sessions.of_cookie(lost.get_cookie(COOKIE).value).name
    page = teacher.get("/sessions").get_data(as_text=True)
    assert page.count('method="post"') == 4  # one per session, and to log out
    assert f'action="/sessions/{name}/end"' in page
    assert teacher.post(f"/sessions/{name}/end").status_code == 303
    assert [client.get("/").status_code for client in (teacher, lost, other)] == [200, 401, 200]


def test_students_neither_see_nor_end_logins(app):
    teacher, student = logged_in(app, TOKEN), logged_in(app, CLASS_TOKEN)
    name = app.extensions["access"].sessions.of_cookie(teacher.get_cookie(COOKIE).value).name
    assert student.get("/sessions").status_code == 403
    assert student.post(f"/sessions/{name}/end").status_code == 403
    assert "/sessions" not in student.get("/").get_data(as_text=True)
    assert teacher.get("/").status_code == 200


# Wrong tokens


@pytest.fixture
def strict(tmp_path):
    """An application that hears three wrong tokens a minute from one address."""
    settings = WebSettings(token=TOKEN, class_token=CLASS_TOKEN, most_wrong_tokens=3)
    with devserver_in(tmp_path) as devserver, client_of(devserver, settings) as client:
        yield client.application


def ask(app, address, **options):
    return app.test_client().post("/login", environ_base={"REMOTE_ADDR": address}, **options).status_code


def test_after_a_few_wrong_tokens_an_address_waits(strict):
    """Right ones too: whoever guesses would learn otherwise. Others, and those who are in, notice nothing."""
    inside = logged_in(strict, CLASS_TOKEN)
    wrong = [ask(strict, "192.0.2.1", data={"token": "x"}) for _ in range(5)]
    assert wrong == [401, 401, 401, 429, 429]
    assert ask(strict, "192.0.2.1", data={"token": TOKEN}) == 429
    assert ask(strict, "192.0.2.2", data={"token": TOKEN}) == 303
    assert inside.get("/", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


@pytest.mark.parametrize("way", ["bearer", "link", "form"])
def test_every_way_in_is_counted(strict, way):
    def once():
        client = strict.test_client()
        if way == "bearer":
            return client.get("/api/runs", headers={"Authorization": "Bearer wrong"})
        return client.get("/?token=wrong") if way == "link" else client.post("/login", data={"token": "wrong"})

    answers = [once() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].headers["Retry-After"] == "60"


def test_a_class_comes_in_at_once(strict):
    """Right tokens are not counted."""
    assert {ask(strict, "192.0.2.1", data={"token": CLASS_TOKEN}) for _ in range(30)} == {303}


def test_many_addresses_together_are_heard_only_so_often():
    """One that has not been wrong is always heard."""
    attempts = Attempts(2)
    for number in range(30):
        attempts.note_wrong(f"192.0.2.{number}")
    assert attempts.are_too_many("192.0.2.1")
    assert not attempts.are_too_many("198.51.100.1")


# The audit log


def lines_of(tmp_path, name="audit"):
    path = tmp_path / "access" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_who_came_in_exported_cancelled_and_went_is_kept(app, tmp_path):
    client = logged_in(app, TOKEN)
    run = client.post("/api/schema/pipeline/execute", json={"schema": "dada", "input_text": "Anna Müller"}).get_json()
    client.get(f"/api/runs/{run['execution_id']}/export/csv")
    client.get(f"/api/runs/{run['execution_id']}")
    client.post("/logout")
    app.test_client().post("/login", data={"token": "guessed-0123456789"})
    lines = lines_of(tmp_path)
    assert [line["act"] for line in lines] == ["login", "export", "export", "logout"]
    assert len({line["session"] for line in lines}) == 1
    assert {(line["role"], line["address"]) for line in lines} == {("admin", "127.0.0.1")}
    assert [(line.get("execution_id"), line.get("format")) for line in lines[1:3]] == [
        (run["execution_id"], "csv"),
        (run["execution_id"], "record"),
    ]
    assert all(line["time"].endswith("+00:00") for line in lines)
    refused = lines_of(tmp_path, "refused")
    assert [(line["act"], line["role"]) for line in refused] == [("login_refused", "nobody")]


def test_the_audit_log_holds_no_text_and_no_token(app, tmp_path):
    client = logged_in(app, TOKEN)
    run = client.post("/api/schema/pipeline/execute", json={"schema": "dada", "input_text": "Anna Müller"}).get_json()
    client.get(f"/api/runs/{run['execution_id']}/export/html")
    client.post("/login", data={"token": "guessed-0123456789"})
    for path in (tmp_path / "access").glob("*.jsonl"):
        text = path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not [word for word in ("Anna", "guessed", TOKEN) if word in text]
