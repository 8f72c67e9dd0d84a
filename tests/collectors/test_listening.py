"""What one connection, one address and all together may have of a server, and who gives way to whom."""

import contextlib
import http.client
import logging
import resource
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from children import run_python
from hypothesis import given
from hypothesis import strategies as st
from listening_stage import Application, Client, listening_with, request

from collectors.listening.places import Places, network_of, who_gives_way
from collectors.listening.turns import Turns


@pytest.fixture(scope="module")
def place():
    """A server that lasts."""
    with listening_with() as place:
        yield place


# Time


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nHost:", request("/sink", method="POST", Content_Length=500)],
    ids=["nothing", "half a head", "a head without its body"],
)
def test_who_begins_and_does_not_go_on_is_dropped(sent):
    with listening_with(head_seconds=0.2, body_seconds=0.2) as place:
        client = Client(place)
        client.send(sent or b"\r\n")  # with nothing at all it waits in the kernel
        assert client.all() == b""


def test_bytes_that_trickle_do_not_make_a_head_last_longer():
    """The time is that of the whole head."""
    with listening_with(head_seconds=0.5) as place:
        client = Client(place, b"GET / HTTP/1.1\r\n")
        dropped = threading.Event()
        threading.Thread(target=lambda: (client.all(), dropped.set()), daemon=True).start()
        try:
            while not dropped.wait(0.05):
                client.send(b"X-A: b\r\n")
        except ConnectionError:
            pass
        assert dropped.wait(30)


def test_a_body_that_trickles_is_not_waited_for():
    """It has to come at a rate."""
    with listening_with(body_seconds=0.3, slowest=10_000) as place:
        client = Client(place, request("/sink", method="POST", Content_Length=900_000))
        dropped = threading.Event()
        threading.Thread(target=lambda: (client.all(), dropped.set()), daemon=True).start()
        try:
            while not dropped.wait(0.02):
                client.send(b"x")
        except ConnectionError:
            pass
        assert dropped.wait(30)


def test_a_connection_that_is_kept_for_nothing_is_closed():
    with listening_with(idle_seconds=0.2) as place:
        client = Client(place, request())
        assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        assert client.all() == b""


def test_an_answer_that_nobody_fetches_is_dropped():
    with listening_with(answer_seconds=0.2, slowest=10**9) as place:
        client = Client(place)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(request("/large"))
        _served_until(lambda: _is_reset(client), place)


def _served_until(is_so, place):
    """Somebody else is answered until then."""
    other = Client(place)
    while not is_so():
        other.send(request())
        assert other.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 OK")


def _is_reset(client):
    """Whether the other end has closed, without reading anything of what it sent."""
    return client.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def test_readers_together_leave_only_so_much_unread():
    """Beyond that they go who have been behind for the longest."""
    with listening_with(most_unsent=8 * 2**20) as place:
        slow = [Client(place) for _ in range(4)]
        for client in slow:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.send(request("/large"))
        _served_until(lambda: any(map(_is_reset, slow)), place)
        assert not all(map(_is_reset, slow))
        for client in slow:
            client.socket.close()  # the server's end would wait for them


def test_a_stream_lasts_however_short_the_times_are():
    """Who is being answered is not waiting for anything."""
    application = Application()
    with listening_with(application, head_seconds=0.1, body_seconds=0.1, answer_seconds=0.1, idle_seconds=0.1) as place:
        watchers = [Client(place, request("/drip")) for _ in range(3)]
        assert all(b"first" in watcher.until(b"first") for watcher in watchers)
        idle = Client(place, b"GET /")
        assert idle.all() == b""
        application.go.set()
        assert all(b"last" in watcher.all() for watcher in watchers)


# The gate


def test_a_stranger_is_answered_before_the_body():
    """Nothing of it is read; the answer is the application's own."""
    with listening_with() as place:
        client = Client(place, request(method="POST", known=False, Content_Length=10**9))
        assert client.line() == "HTTP/1.1 401 Unauthorized"


def test_a_stranger_who_asks_first_is_told_no():
    """`Expect: 100-continue` is not answered with `Continue`."""
    with listening_with() as place:
        client = Client(place, request(method="POST", known=False, Content_Length=10**6, Expect="100-continue"))
        assert client.line() == "HTTP/1.1 401 Unauthorized"
        friend = Client(place, request(method="POST", Content_Length=2, Expect="100-continue"))
        assert friend.line() == "HTTP/1.1 100 Continue"


@pytest.mark.parametrize("length", [1001, 20 * 2**20])
def test_who_sends_too_much_reads_the_answer_all_the_same(length):
    """The body is thrown away while it comes, so that the answer is not taken back with the connection."""
    with listening_with() as place:
        client = http.client.HTTPConnection(*place, timeout=30)
        client.request("POST", "/", b"x" * length, {"Authorization": "Bearer friend"})
        answer = client.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (413, "close")


def test_a_body_without_a_length_ends_at_the_limit():
    """Chunks are counted while they come."""
    with listening_with() as place:
        client = Client(place, request(method="POST", Transfer_Encoding="chunked"))
        client.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
        assert client.line() == "HTTP/1.1 413 Content Too Large"


def test_the_bytes_behind_a_refused_body_are_not_another_request():
    """What is not read is not obeyed."""
    application = Application()
    with listening_with(application) as place:
        hidden = request("/hidden")
        client = Client(place, request(method="POST", body=b"x" * 2000 + hidden))
        assert client.all().count(b"HTTP/1.1") == 1


def test_all_bodies_together_have_a_bound():
    """Those that dawdle give way to one that comes; small ones are not kept out."""
    with listening_with(most_body_memory=3 * 2**18) as place:
        half = [Client(place, request("/sink", method="POST", Content_Length=900_000), b"x" * 1000) for _ in range(3)]
        assert Client(place, request("/sink", method="POST", body=b"y" * 1000)).line() == "HTTP/1.1 200 OK"
        assert half[0].all() == b""


def test_a_body_for_which_there_is_no_memory_is_told_to_come_again():
    with listening_with(most_body_memory=2**18) as place:
        client = http.client.HTTPConnection(*place, timeout=30)
        client.request("POST", "/sink", b"x" * 900_000, {"Authorization": "Bearer friend"})
        answer = client.getresponse()
        assert (answer.status, answer.getheader("Retry-After")) == (503, "2")


# Requests that others could read otherwise


ODD = {
    "length and chunks": request(method="POST", Content_Length=3, Transfer_Encoding="chunked") + b"0\r\n\r\n",
    "two lengths": request(method="POST", Content_Length=3).replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\n"),
    "a length of many digits": request(method="POST", Content_Length="9" * 5000),
    "a length below zero": request(method="POST", Content_Length=-1),
    "chunks in HTTP/1.0": request(method="POST", Transfer_Encoding="chunked").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "another encoding": request(method="POST", Transfer_Encoding="gzip, chunked"),
    "a chunk of no size": request(method="POST", Transfer_Encoding="chunked") + b"zz\r\nx\r\n",
    "a bare line feed": b"GET / HTTP/1.1\nHost: 127.0.0.1\r\n\r\n",
    "a name with a blank": b"GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n",
    "a head of a megabyte": b"GET / HTTP/1.1\r\nX: " + b"a" * 2**20 + b"\r\n\r\n",
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("sent", ODD.values(), ids=ODD.keys())
def test_a_request_that_can_be_read_in_two_ways_is_refused(sent, caplog):
    """With one answer, after which the connection is closed; nothing of it is in the log."""
    application = Application()
    with listening_with(application) as place:
        client = Client(place)
        with contextlib.suppress(ConnectionError):
            client.send(sent)
        answer = client.all()
        assert answer[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.0 400 ", b"HTTP/1.0 431 ", b"HTTP/1.1 501 ")
        assert answer.count(b"HTTP/1.") == 1
        assert not application.asked.acquire(blocking=False)
    assert not caplog.records


def test_chunks_of_one_byte_are_not_taken_without_end():
    """A body is mostly content: to take it apart would cost more than to send it."""
    with listening_with() as place:
        client = Client(place, request("/sink", method="POST", Transfer_Encoding="chunked"))
        with contextlib.suppress(ConnectionError):
            client.send(b"1\r\nx\r\n" * 100_000)
        assert client.line() == "HTTP/1.1 400 Bad Request"


@given(st.binary(max_size=300))
def test_no_bytes_disturb_the_server(place, sent):
    """It answers the next as before."""
    client = Client(place)
    with contextlib.suppress(OSError):
        client.send(sent)
        client.socket.shutdown(socket.SHUT_WR)
        client.all()
    assert Client(place, request(Connection="close")).line() == "HTTP/1.1 200 OK"


def test_a_client_that_sends_requests_without_reading_is_dropped():
    """Nobody may have more than a few answered at once."""
    with listening_with() as place:
        client = Client(place, request("/wait") * 20)
        assert client.all() == b""


# Places


def test_who_only_sits_there_gives_way_to_a_newcomer():
    """The oldest stranger; those we know keep their connections."""
    with listening_with(most_connections=16) as place:
        friends = [Client(place, request()) for _ in range(8)]
        assert all(friend.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200") for friend in friends)
        sitting = [Client(place, b"GET") for _ in range(40)]
        assert sitting[0].all() == b""
        newcomer = Client(place, request())
        assert newcomer.line() == "HTTP/1.1 200 OK"


def test_one_address_does_not_take_the_places_of_others():
    with listening_with(most_connections=100, most_per_address=4) as place:
        other = Client(place, b"GET /", source="127.0.0.2")
        greedy = [Client(place, b"GET", source="127.0.0.3") for _ in range(30)]
        assert greedy[0].all() == b""
        other.send(b" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer friend\r\n\r\n")
        assert other.line() == "HTTP/1.1 200 OK"


@dataclass(frozen=True)
class Sitting:
    """A connection as places see it."""

    is_known: bool = False
    is_asking: bool = False
    is_busy: bool = False
    arrived: float = 0.0
    turned: float = 0.0
    network: str = "n"


def test_the_order_in_which_connections_give_way():
    """Old strangers, known ones that ask nothing, young strangers, known ones that are sending; nobody busy."""
    now = 100.0
    order = [
        Sitting(arrived=1),
        Sitting(arrived=2),
        Sitting(is_known=True, arrived=0, turned=5),
        Sitting(is_known=True, arrived=0, turned=9),
        Sitting(arrived=99.9),
        Sitting(is_known=True, is_asking=True),
    ]
    left = [Sitting(is_busy=True), *reversed(order)]
    for expected in order:
        assert who_gives_way(left, now) is expected
        left.remove(expected)
    assert who_gives_way(left, now) is None


def test_places_of_a_proxy_are_not_those_of_one_client():
    places = Places(10, 2, unlimited=frozenset({"192.0.2.1"}))
    for network in ("192.0.2.1",) * 3 + ("192.0.2.2",) * 2:
        places.add(network)
    assert places.rivals("192.0.2.1", []) is None
    assert places.rivals("192.0.2.2", [Sitting(network="192.0.2.2"), Sitting()]) == [Sitting(network="192.0.2.2")]
    places.remove("192.0.2.2")
    assert places.rivals("192.0.2.2", []) is None
    assert len(places) == 4


def test_who_has_a_network_of_addresses_counts_once():
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::ffff") != network_of("2001:db8:1:3::4")
    assert network_of("fe80::1%eth0") == "fe80::"
    assert network_of("somewhere") == "somewhere"


def test_those_we_know_are_answered_before_strangers_and_few_strangers_at_once():
    given_back = []
    turns = Turns(lambda: given_back.append(1), strangers_at_once=1)
    strangers, friend = [Waiting(False), Waiting(False)], Waiting(True)
    for one in (*strangers, friend):
        turns.append(one)
    assert len(turns) == 2
    assert turns.popleft() is friend
    turn = turns.popleft()
    assert len(turns) == 0
    turn.service()
    assert (strangers[0].served, given_back) == (1, [1])


class Waiting:
    """A connection that counts how often it was answered."""

    def __init__(self, is_known):
        self.is_known, self.served = is_known, 0

    def service(self):
        self.served += 1


# Descriptors

WITHOUT_DESCRIPTORS = """
import contextlib, logging, os, resource, sys
sys.path.insert(0, os.path.join(sys.argv[1], "collectors"))
from listening_stage import Client, listening_with, request

logging.basicConfig(stream=sys.stdout, format="%(message)s")
with listening_with() as place:
    clients = [Client(place, b"GET") for _ in range(20)]
    assert Client(place, request()).line() == "HTTP/1.1 200 OK"
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    spare = []
    with contextlib.suppress(OSError):
        while True:
            spare.append(os.dup(0))
    os.close(spare.pop())  # one for the client, none for the server
    hungry = Client(place, request())
    # Somebody who only sat there gives way, and then there is a descriptor.
    assert hungry.line() == "HTTP/1.1 200 OK"
print("answered")
"""


def test_without_descriptors_one_line_is_logged_and_others_give_way():
    told = run_python(WITHOUT_DESCRIPTORS, Path(__file__).parents[1]).splitlines()
    assert told == ["connections cannot be taken (Too many open files); 1 times so far", "answered"]


def test_connections_stay_below_the_limit_of_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (180, hard))
    try:
        with listening_with() as place:
            sitting = [Client(place, b"GET") for _ in range(40)]
            assert sitting[0].all() == b""
            assert Client(place, request()).line() == "HTTP/1.1 200 OK"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# The log, and the end


def test_clients_that_leave_in_the_middle_leave_nothing_in_the_log(caplog):
    caplog.set_level(logging.INFO)
    with listening_with() as place:
        for sent in (b"", b"GET", request("/large"), request("/sink", method="POST", Content_Length=9) + b"x"):
            client = Client(place, sent)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.socket.close()
        assert Client(place, request()).line() == "HTTP/1.1 200 OK"
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_what_is_being_answered_at_the_end_is_answered_whole():
    """Even what its reader fetches only then."""
    application = Application()
    with listening_with(application) as place:
        client = Client(place, request("/large"))
        client.until(b"\r\n\r\n")
        late = Client(place, request("/wait"))
        for _ in range(2):
            assert application.asked.acquire(timeout=30)
        bytes_came = []
        reader = threading.Thread(target=lambda: bytes_came.append(len(client.all())))
        threading.Timer(0.2, lambda: (application.go.set(), reader.start())).start()
    assert late.line() == "HTTP/1.1 200 OK"
    reader.join(30)
    assert bytes_came[0] > 4 * 2**20
