"""Behind a TLS proxy: cookies are secure and addresses are those that browsers know; nobody else is believed."""

import httpx
import pytest
from class_stage import CLASS_TOKEN, TOKENS
from web_stage import PATIENCE, devserver_in, server_of

from devserver.web import WebSettings

FORWARDED = {
    "X-Forwarded-For": "192.0.2.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "journeys.school.example",
}
ORIGIN = "https://journeys.school.example"


@pytest.fixture(params=["behind the proxy", "without one"])
def served(request, tmp_path):
    """A server that believes this machine, and one that believes nobody."""
    proxy = {"proxy": "127.0.0.1"} if request.param == "behind the proxy" else {}
    settings = WebSettings(**TOKENS, hostnames=("journeys.school.example",), **proxy)
    with devserver_in(tmp_path) as devserver, server_of(devserver, settings) as served:
        yield served, bool(proxy)


def test_cookies_are_secure_where_the_proxy_says_that_it_was_https(served):
    client, is_behind = served
    answer = client.get(f"/?token={CLASS_TOKEN}", headers=FORWARDED)
    page = client.get("/language/de", headers=FORWARDED)
    cookies = [*answer.headers.get_list("Set-Cookie"), *page.headers.get_list("Set-Cookie")]
    assert len(cookies) >= 2
    for cookie in cookies:
        said = [part.strip() for part in cookie.split(";")]
        assert ("Secure" in said) is is_behind
        assert {"HttpOnly", "SameSite=Lax"} <= set(said)


def test_a_cookie_is_taken_back_as_it_was_given(served):
    client, is_behind = served
    cookie = client.get(f"/?token={CLASS_TOKEN}", headers=FORWARDED).headers["Set-Cookie"].partition(";")[0]
    answer = client.post("/logout", headers={**FORWARDED, "Cookie": cookie})
    said = [part.strip() for part in answer.headers["Set-Cookie"].split(";")]
    assert (answer.status_code, said[0]) == (303, "devserver_login=")
    assert ("Secure" in said) is is_behind
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=0"} <= set(said)


def test_redirects_stay_on_the_name_that_the_browser_knows(served):
    client, _ = served
    answer = client.get(f"/runs?token={CLASS_TOKEN}", headers=FORWARDED)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs")


def test_a_form_of_the_page_is_taken_under_the_name_that_the_proxy_has(served):
    """The page's origin is the proxy's name; where the proxy is not believed, that is another site's page."""
    client, is_behind = served
    headers = {**FORWARDED, "Origin": ORIGIN}
    answer = client.post("/login", data={"token": CLASS_TOKEN}, headers=headers)
    assert answer.status_code == (303 if is_behind else 403)
    assert (
        client.post(
            "/login", data={"token": CLASS_TOKEN}, headers={**headers, "Origin": "https://evil.example"}
        ).status_code
        == 403
    )


def test_a_name_that_is_not_ours_is_refused_from_a_proxy_too(served):
    client, is_behind = served
    answer = client.get("/healthz", headers={**FORWARDED, "X-Forwarded-Host": "evil.example"})
    assert answer.status_code == (421 if is_behind else 200)


def test_a_proxy_that_says_nothing_of_the_name_passes_it_on_as_it_came(served):
    client, is_behind = served
    headers = {"X-Forwarded-Proto": "https", "Host": "journeys.school.example", "Origin": ORIGIN}
    answer = client.post("/login", data={"token": CLASS_TOKEN}, headers=headers)
    assert answer.status_code == 303
    assert ("Secure" in answer.headers["Set-Cookie"]) is is_behind


def test_another_address_than_the_proxys_is_not_believed(tmp_path):
    settings = WebSettings(**TOKENS, proxy="192.0.2.1")
    with (
        devserver_in(tmp_path) as devserver,
        server_of(devserver, settings) as served,
        httpx.Client(base_url=served.base_url, timeout=PATIENCE, trust_env=False) as client,
    ):
        answer = client.get(f"/?token={CLASS_TOKEN}", headers={**FORWARDED, "X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 303
    assert "Secure" not in answer.headers["Set-Cookie"]
