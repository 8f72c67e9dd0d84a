"""Whoever reaches the port without a token, with many connections or large ones: others are served all the same."""

import contextlib
import http.client
import os
import re
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from attackers import KINDS, attackers
from looking_again import a_moment

ROOT = Path(__file__).parents[2]
TOKEN = "teacher-0123456789abcdef"
PAGE_SECONDS, POST_SECONDS = 2.0, 5.0
"""What is promised: within that time a pupil has a page, and a sender an answer."""

EMPTY = {"Content-Type": "application/x-protobuf"}


class Server:
    """One of the two commands in a process of its own."""

    def __init__(self, command, data_dir, token=""):
        self.token = token
        self._own, self._temporary = data_dir.parent, data_dir.parent / "tmp"
        self._log = (data_dir.parent / f"{command}.log").open("w+")
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DEVSERVER_TOKEN": token,
            "DEVSERVER_COLLECT_TOKEN": token,
            "DEVSERVER_JOURNAL": "off",
            "TMPDIR": str(self._temporary),
        }
        self._temporary.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "devserver.cli", command, "--port", "0", "--data", str(data_dir)],
            cwd=ROOT,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            stdout=self._log,
            stderr=self._log,
        )
        self.address = self._address()

    def _address(self):
        while self.process.poll() is None:
            if found := re.search(r"http://\S+?:\d+", self.log()):
                return found[0]
            a_moment()
        raise AssertionError(self.log())

    def log(self):
        return Path(self._log.name).read_text()

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def headers(self):
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def memory(self):
        """Its resident memory in MiB, the most it ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024

    def temporary_files(self):
        """What it has open below a directory for temporary files, deleted or not."""
        files: list[Path] = []
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            try:
                files.append(entry.readlink())
            except FileNotFoundError:
                continue
        return [path for path in files if self._is_temporary(path)]

    def _is_temporary(self, path):
        if path.name.endswith("(deleted)") or path.is_relative_to(self._temporary):
            return True
        return path.is_relative_to("/tmp") and not path.is_relative_to(self._own)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)


@pytest.fixture
def start(tmp_path):
    """A function that starts `serve` or `collect`; what still runs afterwards is ended."""
    started = []

    def start(command, **options):
        started.append(Server(command, tmp_path / "data", **options))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()


@pytest.mark.alone
@pytest.mark.parametrize("token", ["", TOKEN], ids=["open", "with_token"])
def test_a_page_is_shown_within_two_seconds_among_500_bad_clients(start, token):
    """Half heads, half bodies, trickling bytes, silence, endless chunks, and those who do not read their answers."""
    server = start("serve", token=token)
    with attackers(server.address, 500, *KINDS):
        in_time = [is_shown_in_time(server) for _ in range(10)]
    # A machine that does something else for a moment makes one late, or two; bad clients that are in the way, all.
    assert sum(in_time) >= 8
    assert len(server.log()) < 10_000


def is_shown_in_time(server):
    try:
        with httpx.Client(trust_env=False, headers=server.headers(), timeout=PAGE_SECONDS) as pupil:
            answer = pupil.get(server.address)
    except httpx.TimeoutException:
        return False
    assert answer.status_code == 200
    return True


@pytest.mark.alone
@pytest.mark.parametrize("token", ["", TOKEN], ids=["open", "with_token"])
def test_a_sender_is_answered_within_five_seconds_among_500_bad_clients(start, token):
    server = start("collect", token=token)
    with attackers(server.address, 500, *KINDS):
        in_time = [is_answered_in_time(server) for _ in range(10)]
    assert sum(in_time) >= 8
    assert len(server.log()) < 10_000


def is_answered_in_time(server):
    try:
        with httpx.Client(trust_env=False, headers={**EMPTY, **server.headers()}, timeout=POST_SECONDS) as sender:
            answer = sender.post(f"{server.address}/v1/traces", content=b"")
    except httpx.TimeoutException:
        return False
    assert answer.status_code == 200
    return True


@pytest.mark.alone
def test_watchers_see_their_run_to_its_end_among_500_bad_clients(start):
    """Fifteen of them, each over a connection that lasts."""
    server = start("serve", token=TOKEN)

    def ask(method, address, **more):
        return httpx.request(method, server.address + address, headers=server.headers(), timeout=60, **more)

    with attackers(server.address, 500, *KINDS), ThreadPoolExecutor(15) as pool:
        body = {"schema": "dada", "input_text": "Eine Blume", "async": True}
        run = ask("POST", "/api/schema/pipeline/execute", json=body).json()
        told = list(pool.map(lambda _: ask("GET", run["live_url"]).text, range(15)))
    assert all("event: finished" in text for text in told)


def heads_of_large_bodies(server, count, length):
    """Connections that say how much they will send, and have begun to send it."""
    clients = []
    for _ in range(count):
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        client.putrequest("POST", "/v1/traces")
        client.putheader("Content-Type", "application/x-protobuf")
        client.putheader("Content-Length", str(length))
        client.endheaders()
        clients.append(client)
    return clients


def send_zeros(client, length):
    """As much of a body as the server lets itself be sent."""
    piece = b"\0" * 2**18
    with contextlib.suppress(OSError):
        for _ in range(length // len(piece)):
            if length > 2**25 and select.select([client.sock], [], [], 0)[0]:
                return  # answered already
            client.send(piece)


@pytest.mark.parametrize("command", ["serve", "collect"])
@pytest.mark.parametrize(("count", "length"), [(60, 19 * 2**20), (1, 900 * 2**20)], ids=["60_of_19", "one_of_900"])
def test_a_body_without_a_token_is_not_taken(start, command, count, length):
    """It is answered with 401 on its head: no memory, no file; however many there are, however large they are."""
    server = start(command, token=TOKEN)
    before = server.memory()
    clients = heads_of_large_bodies(server, count, length)
    for client in clients:
        send_zeros(client, length)
        assert not server.temporary_files()
    assert {client.getresponse().status for client in clients} == {401}
    assert server.memory() - before < 30
