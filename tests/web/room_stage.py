"""The stage set of the tests about rooms: a server with all four roles, a room, and pupils who join it by its code."""

from contextlib import contextmanager

from web_stage import client_of, devserver_in

from devserver.web import WebSettings
from devserver.web.rooms.badges import COOKIE

ROLE_TOKENS = {
    "token": "admin-0123456789abcdef",
    "researcher_token": "researcher-0123456789abcdef",
    "teacher_token": "teacher-0123456789abcdef",
    "class_token": "class-0123456789abcdef",
}


class Visitor:
    """A browser of somebody."""

    def __init__(self, app):
        self.client = app.test_client()
        self.get, self.post = self.client.get, self.client.post

    def log_in(self, role):
        assert self.post("/login", data={"token": ROLE_TOKENS[f"{role}_token" if role else "token"]}).status_code == 303
        return self

    def join(self, room, nickname=""):
        """Into a room, by its code."""
        answer = self.post("/join", data={"code": room.code, "nickname": nickname})
        assert answer.status_code == 303, answer.text
        return self

    def run(self, text="Eine Blume", schema="dada", **fields):
        """A run of theirs that is over."""
        body = {"schema": schema, "input_text": text, **fields}
        answer = self.post("/api/schema/pipeline/execute", json=body)
        assert "execution_id" in answer.get_json(), answer.text
        return answer.get_json()["execution_id"]

    def begin(self, text="Eine Blume", schema="stillepost"):
        """A run of theirs that goes on or waits."""
        body = {"schema": schema, "input_text": text}
        answer = self.post("/api/schema/pipeline/execute?wait=0", json=body)
        assert answer.status_code == 202, answer.text
        return answer.get_json()

    def listed(self, query=""):
        """The ids of the runs in their list."""
        return {row["execution_id"] for row in self.get(f"/api/runs{query}").get_json()["executions"]}

    def sees(self, run):
        """Whether a run is there for them, as every route says that it is."""
        routes = (f"/runs/{run}", f"/api/runs/{run}", f"/api/runs/{run}/export/html", f"/api/runs/{run}/live?after=r1")
        # 409: it is there, and may not leave its study yet.
        said = {self.get(route).status_code for route in routes} - {409}
        assert said in ({200}, {404}), said
        assert (run in self.listed()) == (said == {200})
        return said == {200}


class School:
    """An application, its rooms, and whoever comes in."""

    def __init__(self, app, teacher="teacher"):
        self.app = app
        self.book = app.extensions["rooms"]
        self.teacher = self.somebody(teacher)

    def somebody(self, role=None):
        """A browser that is logged in with the token of a role; `""` is the full token, None nobody."""
        visitor = Visitor(self.app)
        return visitor if role is None else visitor.log_in(role)

    def open(self, title="7b", **more):
        """A room that the teacher opens."""
        address = self.teacher.post("/rooms", data={"title": title, **more}).headers["Location"]
        return self.book.find(address.rpartition("/")[2])

    def pupil(self, room, nickname=""):
        """Somebody who joins a room."""
        return self.somebody().join(room, nickname)

    def says(self, room, did, run=None, status=303):
        """What the teacher says of a room, or of a run in it."""
        address = f"/rooms/{room.room_id}" + (f"/runs/{run}" if run else "")
        answer = self.teacher.post(address, data={"do": did})
        assert answer.status_code == status, answer.text
        return answer


@contextmanager
def school_in(data_dir, settings=None, **engines):
    """A school whose records go to `data_dir`."""
    settings = settings or WebSettings(**ROLE_TOKENS)
    with devserver_in(data_dir, **engines) as devserver, client_of(devserver, settings) as client:
        yield School(client.application)


def badge_of(visitor):
    """The cookie of somebody in a room."""
    return visitor.client.get_cookie(COOKIE)
