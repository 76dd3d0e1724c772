"""What proxies say of whom they ask for, and who is believed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from auditor_ui.proxies import Proxies, networks_of
from starlette.types import Receive, Scope, Send

from auditor.errors import ReviewError

FORWARDED = {
    "x-forwarded-for": "203.0.113.1, 192.0.2.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "evil.example",
    "x-forwarded-port": "1",
    "x-gradio-server": "https://evil.example",
}


def seen(client: Any, believed: str, headers: dict[str, str]) -> Scope:
    """What the app sees of a request."""
    found: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope)

    scope = {
        "type": "http",
        "client": client,
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in {"host": "here", **headers}.items()],
    }
    asyncio.run(Proxies(app, networks_of(believed))(scope, None, None))  # type: ignore[arg-type]
    return found[0]


@pytest.mark.parametrize(
    ("client", "believed"),
    [
        (("127.0.0.1", 1), ""),
        (("::1", 1), ""),
        (None, ""),
        (None, "127.0.0.1"),
        (("", 0), "127.0.0.1"),
        (("/tmp/socket", 0), "127.0.0.1"),
        (("10.0.1.1", 1), "10.0.0.0/24,127.0.0.1"),
        (("203.0.113.1", 1), "127.0.0.1"),
    ],
)
def test_of_everybody_else_nothing_is_left(client: Any, believed: str, caplog: pytest.LogCaptureFixture) -> None:
    scope = seen(client, believed, FORWARDED)
    assert (scope["client"], scope["scheme"], scope["headers"]) == (client, "http", [(b"host", b"here")])
    assert "--forwarded-allow-ips" in caplog.text


@pytest.mark.parametrize(
    ("client", "believed"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("10.0.0.9", " 127.0.0.1 , 10.0.0.0/24,"),
        ("fd00::9", "fd00::/64"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
    ],
)
def test_who_is_named_is_believed(client: str, believed: str, caplog: pytest.LogCaptureFixture) -> None:
    scope = seen((client, 1), believed, FORWARDED)
    assert (scope["client"][0], scope["scheme"]) == ("192.0.2.7", "https")
    assert caplog.text == ""
    assert seen((client, 1), believed, {})["client"] == (client.removeprefix("::ffff:"), 1)


def test_several_proxies_in_a_row(caplog: pytest.LogCaptureFixture) -> None:
    headers = {"x-forwarded-for": "203.0.113.1, 192.0.2.7, 10.0.0.2"}
    assert seen(("10.0.0.1", 1), "10.0.0.0/24", headers)["client"][0] == "192.0.2.7"


@pytest.mark.parametrize(
    "addresses", ["*", "proxy.example", "0.0.0.0/0", "::/0", "127.0.0.1,*", "10.0.0.1/24", "10.0.0", "127.0.0.1:80"]
)
def test_everybody_and_what_is_no_address_is_refused(addresses: str) -> None:
    with pytest.raises(ReviewError, match="forwarded_allow_ips= has") as refused:
        networks_of(addresses)
    assert "10.0.0.0/24" in refused.value.todo
