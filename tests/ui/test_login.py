"""Reviewing with a login: nothing without one, and the reviewer's name from nowhere else."""

from __future__ import annotations

import base64
import logging
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from auditor.review.accounts import Accounts
from auditor.review.log import DecisionLog
from auditor.review.throttle import Throttle
from auditor.run import Run
from tests.ui.conftest import PASSWORD, browser, make_app


@pytest.fixture
def app(run: Run, log: DecisionLog, accounts: Accounts) -> FastAPI:
    """The page, with a login."""
    return make_app(run, log, accounts=accounts, hosts=None)


def log_in(client: TestClient, name: str = "ann", password: str = PASSWORD, query: str = "") -> int:
    return client.post("/login", data={"name": name, "password": password, "query": query}).status_code


@pytest.mark.parametrize("path", ["api/session", "api/queue", "api/x", "static/app.js", "theme.css", "assets/x.js"])
def test_nothing_passes_without_a_login(client: TestClient, path: str) -> None:
    answer = client.get(f"/{path}")
    assert answer.status_code == 401
    assert set(answer.json()) == {"what", "todo"}
    assert client.post("/api/events", json={"events": []}).status_code == 401


def test_the_page_sends_to_the_form_and_the_form_back_to_what_was_asked_for(client: TestClient) -> None:
    asked = "given=joy&pair=%5B%22joy%22%2C%20%22love%22%5D&tab=table"
    answer = client.get(f"/?{asked}")
    assert answer.status_code == 303
    form = client.get(answer.headers["Location"])
    assert form.status_code == 200
    kept = re.search(r'name="query" value="([^"]*)"', form.text)
    assert kept is not None
    query = kept[1].replace("&amp;", "&")
    answer = client.post("/login", data={"name": "ann", "password": PASSWORD, "query": query})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"./?{asked}")
    assert client.get("/").status_code == 200
    assert client.get("/login?query=x").headers["Location"] == "./?x"  # no need to log in twice


@pytest.mark.parametrize("query", ["//evil.example", "\r\nSet-Cookie: a=b", "https://evil.example", "\\evil", "@evil"])
def test_the_form_never_leads_elsewhere(client: TestClient, query: str) -> None:
    answer = client.post("/login", data={"name": "ann", "password": PASSWORD, "query": query})
    assert answer.headers["Location"].startswith("./?")
    assert "\n" not in answer.headers["Location"]
    assert len(answer.headers.get_list("set-cookie")) == 1


def test_the_form_escapes_what_it_shows_and_runs_no_script(client: TestClient) -> None:
    hostile = '"><script>alert(1)</script>'
    pages = [
        client.get("/login", params={"query": hostile}),
        client.post("/login", data={"name": hostile, "password": "x", "query": hostile}),
    ]
    for page in pages:
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_form_is_a_form_without_scripts(client: TestClient) -> None:
    page = client.get("/login").text
    assert '<html lang="en">' in page
    for field in ("name", "password"):
        assert f'<label for="{field}">' in page
        assert f'<input id="{field}"' in page
    assert client.get("/static/login.css").status_code == 200


def test_the_session_is_a_signed_cookie_that_scripts_cannot_read(client: TestClient) -> None:
    answer = client.post("/login", data={"name": "ann", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/api/session").json()["reviewer"] == "ann"
    name, value = next(iter(client.cookies.items()))
    said, when, signature = value.strip('"').split(".")
    bob = base64.b64encode(base64.b64decode(said).replace(b"ann", b"bob")).decode()
    client.cookies.clear()
    for forged in (
        f"{bob}.{when}.{signature}",
        f"{said}.{when}.{signature[::-1]}",
        f"{said}.zzzz.{signature}",
        "x",
        "",
    ):
        assert client.get("/api/session", headers={"Cookie": f"{name}={forged}"}).status_code == 401
    assert client.get("/api/session", headers={"Cookie": f"{name}={value}"}).status_code == 200


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(client: TestClient) -> None:
    pages = [client.post("/login", data={"name": name, "password": "wrong"}) for name in ("ann", "nobody")]
    assert [page.status_code for page in pages] == [401, 401]
    assert pages[0].text.replace("ann", "nobody") == pages[1].text
    assert 'role="alert"' in pages[0].text
    assert client.get("/api/session").status_code == 401


@pytest.mark.parametrize(
    ("name", "password"), [("", ""), ("ann", ""), ("", PASSWORD), ("\x00", "\ud800"), ("a" * 99, "x")]
)
def test_strange_names_and_passwords_are_only_wrong(client: TestClient, name: str, password: str) -> None:
    data = f"name={name}&password={password}".encode("utf-8", "surrogatepass")
    answer = client.post("/login", content=data, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 401


def test_too_many_wrong_tries_are_slowed_and_logged_without_the_password(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.app.state.throttle = Throttle(clock=lambda: 0.0)  # type: ignore[attr-defined]
    with caplog.at_level(logging.WARNING):
        codes = [log_in(client, "ann\n\x1b[31m", "my secret guess") for _ in range(6)]
    assert codes == [401] * 5 + [429]
    assert "ann" in caplog.text
    assert "too many wrong tries" in caplog.text
    assert "my secret guess" not in caplog.text
    assert "\x1b" not in caplog.text
    answer = client.post("/login", data={"name": "ann\n\x1b[31m", "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Wait 1 second, then try again" in answer.text


def test_another_site_cannot_log_anyone_in_or_out(client: TestClient) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "", "Origin": "http://evil.example"}):
        for path in ("/login", "/logout"):
            answer = client.post(path, data={"name": "ann", "password": PASSWORD}, headers=headers)
            assert answer.status_code == 403
    assert client.get("/api/session").status_code == 401


def test_the_name_is_the_sessions_whatever_a_request_says(client: TestClient, log: DecisionLog) -> None:
    assert log_in(client) == 303
    session = client.get("/api/session").json()
    assert (session["reviewer"], session["login"]) == ("ann", True)
    assert client.post("/api/name", json={"name": "bob"}).status_code == 403
    card = client.get("/api/queue?limit=1", headers={"X-Forwarded-User": "bob"}).json()["cards"][0]
    press = {"event_id": "e1", "kind": "decide", "item_id": card["id"], "item_hash": card["hash"], "verdict": "keep"}
    forged = client.post("/api/events", json={"run": log.run_id, "events": [{**press, "reviewer": "bob"}]}).json()[
        "results"
    ]
    assert forged[0]["status"] == "refused"
    assert client.post("/api/events", json={"run": log.run_id, "events": [press], "reviewer": "bob"}).status_code == 409
    assert list(log.all_events()) == []
    assert (
        client.post("/api/events", json={"run": log.run_id, "events": [press]}).json()["results"][0]["status"]
        == "saved"
    )
    assert [event.reviewer for event in log.standing()] == ["ann"]


def test_log_out(app: FastAPI) -> None:
    ann, bob = browser(app), browser(app)
    assert (log_in(ann), log_in(bob, "bob")) == (303, 303)
    assert ann.get("/logout").status_code == 404
    assert ann.post("/logout").headers["Location"] == "login"
    assert ann.get("/api/session").status_code == 401
    assert bob.get("/api/session").json()["reviewer"] == "bob"
    assert "Log out" in bob.get("/").text


def test_a_copy_of_the_cookie_is_worth_nothing_after_the_logout(app: FastAPI) -> None:
    ann, copy = browser(app), browser(app)
    assert log_in(ann) == 303
    copy.cookies.update(ann.cookies)
    assert copy.get("/api/session").json()["reviewer"] == "ann"
    ann.post("/logout")
    assert copy.get("/api/session").status_code == 401
    assert log_in(ann) == 303
    assert copy.get("/api/session").status_code == 401


def test_wrong_tries_of_a_name_lock_out_neither_its_owner_nor_others_nearby(
    run: Run, log: DecisionLog, accounts: Accounts
) -> None:
    app = make_app(run, log, accounts=accounts, hosts=None)
    near, away = (
        browser(app),
        TestClient(
            app,
            "http://127.0.0.1:7860",
            follow_redirects=False,
            client=("10.0.0.9", 1),
            headers=dict(browser(app).headers),
        ),
    )
    app.state.throttle = Throttle(clock=lambda: 0.0)
    assert [log_in(near, "ann", "wrong guess") for _ in range(6)] == [401] * 5 + [429]
    assert log_in(near, "bob") == 303
    assert log_in(away, "ann") == 303


def test_a_session_outlives_the_server_and_ends_with_its_password(
    client: TestClient, run: Run, log: DecisionLog, accounts: Accounts
) -> None:
    accounts.add("eve", PASSWORD)
    assert log_in(client, "eve") == 303
    restarted = browser(make_app(run, log, accounts=Accounts(accounts.path), hosts=None))
    restarted.cookies = client.cookies
    assert restarted.get("/api/session").json()["reviewer"] == "eve"
    Accounts(accounts.path).add("eve", "another password", replace=True)
    assert restarted.get("/api/session").status_code == 401
    assert log_in(restarted, "eve") == 401
    assert log_in(restarted, "eve", "another password") == 303


def test_with_a_login_the_page_may_have_any_name(client: TestClient) -> None:
    assert client.get("/login", headers={"Host": "audits.example.org"}).status_code == 200


def test_accounts_that_cannot_be_read_are_told_in_the_terminal_alone(
    run: Run, log: DecisionLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = Accounts(tmp_path / "reviewers.json")
    accounts.add("ann", PASSWORD)
    client = browser(make_app(run, log, accounts=accounts, hosts=None))
    accounts.path.chmod(0o644)
    answer = client.post("/login", data={"name": "ann", "password": PASSWORD})
    assert answer.status_code == 503
    assert "reviewers.json" not in answer.text
    assert "can be read by others" in caplog.text


@pytest.mark.parametrize(("proxy", "secure"), [("127.0.0.1", True), ("203.0.113.9", False)])
def test_behind_https_the_cookie_is_for_https_alone(app: FastAPI, proxy: str, secure: bool) -> None:
    served = ProxyHeadersMiddleware(app)  # as uvicorn puts it around: it believes this machine alone
    for scheme in ("https", "http"):
        client = TestClient(
            served,
            "http://127.0.0.1:7860",
            follow_redirects=False,
            headers={"Sec-Fetch-Site": "same-origin", "X-Forwarded-Proto": scheme},
            client=(proxy, 50_000),
        )
        cookie = client.post("/login", data={"name": "ann", "password": PASSWORD}).headers["set-cookie"]
        assert ("secure" in cookie.lower().split("; ")) is (secure and scheme == "https")
        assert "httponly" in cookie.lower().split("; ")
