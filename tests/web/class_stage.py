"""The stage set of the tests about a class: a server that asks for tokens, a teacher, pupils with their browsers."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
from web_stage import PATIENCE, client_of, devserver_in

from devserver.web import WebSettings

TOKEN, CLASS_TOKEN = "teacher-0123456789abcdef", "class-0123456789abcdef"
TOKENS = {"token": TOKEN, "class_token": CLASS_TOKEN}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class Someone:
    """A browser (or a program without cookies) that sends one of the tokens with everything."""

    def __init__(self, app, token, *, keeps_cookies=True):
        self._client, self._headers = app.test_client(use_cookies=keeps_cookies), bearer(token)

    def get(self, path, **more):
        return self._client.get(path, headers={**self._headers, **more.pop("headers", {})}, **more)

    def post(self, path, **more):
        return self._client.post(path, headers={**self._headers, **more.pop("headers", {})}, **more)

    def execute(self, schema="stillepost", input_text="Eine Blume", query="", **fields):
        body = {"schema": schema, "input_text": input_text, **fields}
        return self.post(f"/api/schema/pipeline/execute{query}", json=body)

    def begin(self, **fields):
        answer = self.execute(query="?wait=0", **fields)
        assert answer.status_code == 202, answer.text
        return answer.get_json()


class Class:
    """A teacher, and pupils as many as are asked for."""

    def __init__(self, app):
        self.app = app
        self.teacher = Someone(app, TOKEN)

    def pupil(self, **options):
        return Someone(self.app, CLASS_TOKEN, **options)


@contextmanager
def class_in(data_dir, settings=None, **engines):
    with (
        devserver_in(data_dir, **engines) as devserver,
        client_of(devserver, settings or WebSettings(**TOKENS)) as client,
    ):
        yield Class(client.application)


@contextmanager
def a_server(data_dir, mode, port=0):
    """A server in a process of its own, and a teacher's client of it; killed with the block."""
    here = Path(__file__).parent
    process = subprocess.Popen(
        [sys.executable, str(here / "a_server.py"), str(data_dir), mode, str(port)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parents[1])])},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = process.stdout.readline().strip()
        with httpx.Client(base_url=address, timeout=2 * PATIENCE, trust_env=False, headers=bearer(TOKEN)) as client:
            yield client
    finally:
        process.kill()
        process.communicate()
