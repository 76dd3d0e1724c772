"""Proxies: which ones are trusted to state a client's address and scheme."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from auditor.errors import ReviewError

_log = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks_of(addresses: str) -> list[Network]:
    """Parse addresses and networks separated by commas.

    Raises
    ------
    ReviewError
        If one is not an address, or matches everyone: a trusted proxy can claim any client address.
    """
    found = []
    for address in filter(None, map(str.strip, addresses.split(","))):
        try:
            network = ipaddress.ip_network(address)
        except ValueError:
            network = None
        if network is None or network.prefixlen == 0:
            raise ReviewError(
                f"--forwarded-allow-ips has {address!r}; expected the address of a proxy, or of its network.",
                "Name it like 127.0.0.1 or 10.0.0.0/24; separate several by commas.",
            )
        found.append(network)
    return found


class Proxies:
    """Reads the ``X-Forwarded-`` headers of trusted proxies, and removes those of everyone else.

    Gradio would read them from anyone.

    Parameters
    ----------
    app : ASGI application
    believed : sequence of networks
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app, self._trusted = app, trusted
        self._forwarding = ProxyHeadersMiddleware(app, [str(network) for network in trusted])  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client = _address_of(scope)
        if any(client in network for network in self._trusted if client):
            scope["client"] = str(client), scope["client"][1]
            await self._forwarding(scope, receive, send)  # type: ignore[arg-type]
            return
        headers = [header for header in scope["headers"] if not header[0].startswith((b"x-forwarded-", b"x-gradio-"))]
        if any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
            _log.warning(
                "X-Forwarded-For from %s is not trusted: if that is your proxy, name it with --forwarded-allow-ips",
                client,
            )
        await self._app({**scope, "headers": headers}, receive, send)


def _address_of(scope: Scope) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the client's address. A socket for IPv6 and IPv4 reports IPv4 clients as mapped IPv6 addresses."""
    try:
        found = ipaddress.ip_address(scope["client"][0] if scope.get("client") else "")
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
