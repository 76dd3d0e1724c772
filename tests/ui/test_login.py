"""Reviewing with a login: nothing without one, and the reviewer's name from nowhere else."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from auditor_ui.app import _public_key
from auditor_ui.login import reviewer
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from starlette.requests import HTTPConnection

from auditor.access.accounts import Accounts
from auditor.access.throttle import Throttle
from auditor.access.turns import Turns
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from tests.ui.conftest import PASSWORD, asked, browser, make_app
from tests.ui.listening import listening


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
    assert "too many failures" in caplog.text
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
    app.state.throttle = Throttle(free=1, clock=lambda: 0.0)
    assert [log_in(near, "ann", "wrong guess") for _ in range(2)] == [401, 429]
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
    assert "can be read by users other than its owner" in caplog.text


@pytest.mark.parametrize(
    ("believed", "secure", "place"),
    [("", False, "127.0.0.1"), ("127.0.0.1", True, "192.0.2.7"), ("10.0.0.0/8, 127.0.0.0/8", True, "192.0.2.7")],
)
def test_a_proxy_is_believed_when_it_is_named(
    app: FastAPI, caplog: pytest.LogCaptureFixture, believed: str, secure: bool, place: str
) -> None:
    head = (
        "POST /login HTTP/1.1\r\nHost: audits.example\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nX-Forwarded-For: 203.0.113.1, 192.0.2.7\r\n"
        "X-Forwarded-Proto: https\r\nContent-Length: {}\r\n\r\n{}"
    )
    with listening(app, proxies=believed) as server:
        said = [
            server.ask(head.format(len(body), body).encode())
            for body in (f"name=ann&password={PASSWORD.replace(' ', '+')}", "name=ann&password=wrong")
        ]
    cookie = next(line for line in said[0].decode().splitlines() if line.lower().startswith("set-cookie"))
    assert ("secure" in cookie.lower().split("; ")) is secure
    assert "httponly" in cookie.lower().split("; ")
    assert f"login of 'ann' from {place} failed" in caplog.text


@pytest.mark.slow
def test_a_flood_of_made_up_names_keeps_the_right_password_out_for_no_time(
    run: Run, log: DecisionLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_hashes: Callable[..., bytes]
) -> None:
    monkeypatch.setattr(hashlib, "scrypt", quick_hashes)  # the costly one, for which tries stand in line
    accounts = Accounts(tmp_path / "reviewers.json")
    accounts.add("ann", PASSWORD)
    app = make_app(run, log, accounts=accounts, hosts=None)
    over = threading.Event()

    def flood(thread: int) -> None:
        for number in count():
            if over.is_set():
                return
            assert log_in(browser(app), f"made up {thread} {number}", "guess") in {401, 429}

    with ThreadPoolExecutor(4) as pool:
        floods = [pool.submit(flood, thread) for thread in range(4)]
        try:
            codes = [log_in(browser(app)) for _ in range(3)]
        finally:
            over.set()
        for one in floods:
            one.result()
    assert codes == [303] * 3


def test_a_browser_in_which_a_name_has_logged_in_is_not_locked_out_by_others(app: FastAPI) -> None:
    app.state.throttle = Throttle(free=1, clock=lambda: 0.0)
    mine, another = browser(app), browser(app)
    assert log_in(mine) == 303
    assert mine.post("/logout").status_code == 303
    assert [log_in(another, "ann", "guess") for _ in range(2)] == [401, 429]
    assert log_in(another) == 429
    assert log_in(mine) == 303
    assert log_in(mine, "bob", "guess") == 401  # which is no name of this browser's
    assert log_in(another, "bob") == 429
    assert mine.post("/logout").status_code == 303
    assert [log_in(mine, "ann", "guess") for _ in range(2)] == [401, 429]


def test_a_browser_is_known_by_the_password_that_was_replaced_no_longer(app: FastAPI, accounts: Accounts) -> None:
    app.state.throttle = Throttle(free=1, clock=lambda: 0.0)
    accounts.add("old", PASSWORD)
    client = browser(app)
    assert log_in(client, "old") == 303
    accounts.add("old", "another password", replace=True)
    assert log_in(browser(app), "old", "guess") == 401
    assert log_in(client, "old", "another password") == 429


def test_a_line_that_is_full_is_said_and_counts_as_no_try(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    app.state.turns = Turns(at_once=0, line=0)
    answers = [
        browser(app).post("/login", data={"name": f"ann{'x' * 150}", "password": PASSWORD, "query": "tab=map"})
        for _ in range(10)
    ]
    assert {answer.status_code for answer in answers} == {429}
    assert answers[0].headers["Retry-After"] == "1"
    assert "Too many people are logging in" in answers[0].text
    assert 'value="tab=map"' in answers[0].text
    assert f"login of 'ann{'x' * 97}' from" in caplog.text
    assert not any(tries.count for tries in app.state.throttle._tries.values())


def test_the_password_of_whoever_has_gone_is_not_checked(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(request: Request) -> bool:
        return True

    monkeypatch.setattr(Request, "is_disconnected", gone)
    monkeypatch.setattr(app.state.accounts, "verify", None)
    assert [log_in(browser(app)) for _ in range(10)] == [429] * 10
    assert app.state.turns._free == Turns()._free


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nann\r\n--x--',
            415,
        ),
        ("application/json", b"{}", 415),
        ("", b"name=ann", 415),
        ("application/x-www-form-urlencoded", b"name=ann&query=" + b"x" * 17_000, 413),
        ("application/x-www-form-urlencoded", b"&" * 16_000, 401),
        ("application/x-www-form-urlencoded", b"name=a&" * 2_000, 400),
        ("application/x-www-form-urlencoded;charset=utf-7", b"name=%ff%00%ed%a0%80&password=%", 401),
    ],
)
def test_the_form_takes_a_small_form_and_nothing_else(app: FastAPI, kind: str, body: bytes, status: int) -> None:
    client = browser(app)
    for path, expected in (("/login", status), ("/logout", status if status in {413, 415} else 401)):
        assert client.post(path, content=body, headers={"Content-Type": kind}).status_code == expected


def test_without_a_login_no_body_is_read(app: FastAPI) -> None:
    headers = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", "Content-Length": "16000000"}
    for path in ("name", "events", "selection", "export/push", "nothing"):
        assert asked(app, "POST", f"/api/{path}", headers, [b" " * 100_000] * 160) == (401, 0)


def test_an_address_too_long_to_come_back_to_is_dropped(app: FastAPI) -> None:
    client = browser(app)
    answer = client.get("/?" + "given=%C3%A9%C3%A9&" * 800)
    assert answer.headers["Location"] == "login"
    page = client.get("/login", params={"query": "a=%C3%A9&" * 500})
    assert 'name="query" value=""' in page.text
    assert log_in(client, query="a=%C3%A9&" * 300) == 303


SESSIONS = (
    b"nonsense",
    b"[]",
    b'"ann"',
    b"null",
    b"1e999",
    b'{"reviewer": null}',
    b'{"reviewer": {"a": 1}}',
    b'{"reviewer": ["ann"]}',
    b'{"reviewer": ""}',
    b'{"reviewer": " ann"}',
    b'{"reviewer": "a\\nb"}',
    b'{"reviewer": "\\u202eann"}',
    b'{"reviewer": "\\ud800"}',
    b'{"reviewer": "' + b"a" * 101 + b'"}',
    b'{"reviewer": "ann", "mark": 1}',
    b"[" * 5_000,
    b"\xff",
)


def test_a_session_that_anybody_can_sign_holds_a_name_or_nothing(run: Run, log: DecisionLog) -> None:
    client = browser(make_app(run, log))
    signer = TimestampSigner(_public_key(log.run_id))
    cookie = f"auditor-{log.run_id[:16]}"

    def asked(data: bytes) -> tuple[int, str | None]:
        answer = client.get("/api/session", headers={"Cookie": f"{cookie}={signer.sign(data).decode()}"})
        return answer.status_code, answer.json().get("reviewer")

    for session in SESSIONS:
        assert asked(base64.b64encode(session)) == (200, None), session
    assert asked(b"no base64") == asked(b"") == (200, None)
    assert asked(base64.b64encode(b'{"reviewer": "ann"}')) == (200, "ann")


def test_a_session_of_other_accounts_or_too_old_is_none(app: FastAPI, log: DecisionLog, accounts: Accounts) -> None:
    class Old(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - 15 * 86_400

    session = base64.b64encode(json.dumps({"reviewer": "ann", "mark": accounts.mark("ann")}).encode())
    cookie = f"auditor-{log.run_id[:16]}"

    def asked(secret: str, name: str = cookie, signer: type[TimestampSigner] = TimestampSigner) -> int:
        signed = signer(secret).sign(session).decode()
        return browser(app).get("/api/session", headers={"Cookie": f"{name}={signed}"}).status_code

    assert asked(accounts.secret) == 200
    assert asked(accounts.secret, "auditor-another-run") == 401
    assert asked(_public_key(log.run_id)) == 401
    assert asked(accounts.secret, signer=Old) == 401


def test_a_session_without_a_mark_is_nobodys_when_its_account_is_gone(accounts: Accounts) -> None:
    connection = HTTPConnection({"type": "http", "headers": [], "session": {"reviewer": "gone", "mark": None}})
    assert accounts.mark("gone") is None
    assert reviewer(connection, accounts) is None
