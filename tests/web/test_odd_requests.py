"""Requests that no browser sends, from whoever reaches the port: each is answered, briefly."""

import socket

import pytest
from web_stage import PATIENCE, devserver_in, execute, server_of

from devserver.web import WebSettings

TOKEN = "teacher-0123456789abcdef"

HEAD = "Host: 127.0.0.1\r\nConnection: close\r\n"
ODD = {
    "TRACE": f"TRACE / HTTP/1.1\r\n{HEAD}Cookie: secret=1\r\n\r\n",
    "CONNECT": f"CONNECT example.org:443 HTTP/1.1\r\n{HEAD}\r\n",
    "an unknown method": f"BREW / HTTP/1.1\r\n{HEAD}\r\n",
    "an address of another server": f"GET http://evil.example/ HTTP/1.1\r\n{HEAD}\r\n",
    "a path of 30 KiB": f"GET /{'a' * 30_000} HTTP/1.1\r\n{HEAD}\r\n",
    "a query of 30 KiB": f"GET /?{'a=1&' * 7_500} HTTP/1.1\r\n{HEAD}\r\n",
    "8000 languages": f"GET / HTTP/1.1\r\n{HEAD}Accept-Language: {'de,' * 10_000}de\r\n\r\n",
    "a cookie of 30 KiB": f"GET / HTTP/1.1\r\n{HEAD}Cookie: {'a=b; ' * 6_000}devserver_login=x.y.z\r\n\r\n",
    "a path that climbs": f"GET /static/../../access/key HTTP/1.1\r\n{HEAD}\r\n",
    "a path that climbs in disguise": f"GET /static/%2e%2e/%2e%2e/access/key HTTP/1.1\r\n{HEAD}\r\n",
    "HTTP/1.0": "GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n",
    "HTTP/9.9": "GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": f"GET / HTTP/1.1\r\n{HEAD}Host: evil.example\r\n\r\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server that asks for a token."""
    with (
        devserver_in(tmp_path_factory.mktemp("data")) as devserver,
        server_of(devserver, WebSettings(token=TOKEN)) as client,
    ):
        yield client


@pytest.mark.parametrize("sent", ODD.values(), ids=ODD.keys())
def test_an_odd_request_is_refused_briefly(server, sent, caplog):
    """With less than a page, nothing of what was sent in it, and nothing in the log."""
    with socket.create_connection((server.base_url.host, server.base_url.port), timeout=PATIENCE) as client:
        client.sendall(sent.encode())
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    status = int(answer.split(b" ", 2)[1])
    assert status in (400, 401, 404, 405, 421)
    assert len(answer) < 5_000
    assert b"secret=1" not in answer
    assert b"a" * 300 not in answer
    assert not caplog.records
    assert server.get("/healthz").status_code == 200


RANGES = {
    "many": "bytes=" + ",".join(f"{number}-" for number in range(3_000)),
    "overlapping": "bytes=0-,0-,0-,0-",
    "backwards": "bytes=9-3",
    "far away": "bytes=999999999999-",
    "of digits": "bytes=" + "9" * 20_000 + "-",
}


@pytest.mark.parametrize("wanted", RANGES.values(), ids=RANGES.keys())
def test_ranges_of_a_medium_give_no_more_than_the_medium(client, wanted):
    run = execute(client, "image_comparison").get_json()
    record = client.get(run["record_url"]).get_json()
    picture = next(item["media"] for item in record["items"] if item["media"])
    answer = client.get(f"{run['record_url']}/media/{picture['sha256']}", headers={"Range": wanted})
    assert answer.status_code in (200, 206, 416)
    assert len(answer.get_data()) <= max(picture["bytes"], 500)


def test_a_form_for_the_token_takes_no_more_than_a_token(server):
    """Before the login nothing larger is read."""
    answer = server.post("/login", data={"token": "x" * 100_000})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "where", ["http://[", "//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example/"]
)
def test_a_change_of_language_leads_nowhere_else(client, where):
    answer = client.get("/language/de", query_string={"next": where})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
