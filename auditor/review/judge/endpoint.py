"""Endpoint: one request to an OpenAI-compatible server, bounded in time and size, without redirects.

The key comes from an environment variable, is sent to the endpoint alone, and stands in no message.
"""

from __future__ import annotations

import ipaddress
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import httpx2

from auditor.errors import ConfigError, EndpointError
from auditor.review.judge.prompt import label_in, request_body

KEY = "AUDITOR_API_KEY"
"""Environment variable that holds the endpoint's key."""
MAX_BYTES = 1_000_000
"""Maximum bytes of an answer."""
ATTEMPTS = 3
"""Number of attempts if the server is busy."""
LONGEST_WAIT = 60.0
"""Maximum seconds between two attempts."""
_BUSY = {408, 425, 429, 500, 502, 503, 504, 529}
_SHOWN = 200
_LONGEST_NAME = 90

Status = Literal["label", "refused", "invalid", "cut", "slow", "too large"]


@dataclass(frozen=True)
class Reply:
    """Answer of a model about one text.

    Attributes
    ----------
    status : str
        ``label``, or why there is none.
    label : str or None
    tokens_in, tokens_out : int
        As the server counts them; 0 where it does not.
    seconds : float
    """

    status: Status
    label: str | None
    tokens_in: int
    tokens_out: int
    seconds: float


class Endpoint:
    """Connection to a server.

    Parameters
    ----------
    url : str
        Address of the API, such as ``http://localhost:11434/v1``.
    model : str
        Name of the model there.
    timeout : float
        Maximum seconds of a request, its answer included.
    key : str, optional
        Default: that of the environment.
    sleep : callable
        Waits before another attempt.

    Raises
    ------
    ConfigError
        If the address or the key cannot be used.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        timeout: float = 60.0,
        key: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not model.strip() or not model.isprintable() or len(model) > _LONGEST_NAME:
            raise ConfigError(
                f"--model is {model[:80]!a}, which is not a name.",
                f"Name a model that the endpoint serves, in at most {_LONGEST_NAME} printable characters.",
            )
        self.model, self._timeout, self._sleep = model, timeout, sleep
        self._url = _checked_url(url)
        key = (os.environ.get(KEY, "") if key is None else key).strip()
        if key and not (key.isascii() and key.isprintable() and " " not in key):
            raise ConfigError(f"{KEY} does not hold a valid key.", "Set it to the key alone.")
        if key and self._url.scheme == "http" and not self.is_local:
            raise ConfigError(
                f"The key in {KEY} would be sent to {self.host} without encryption.",
                f"Use an https:// address, or unset {KEY}.",
            )
        self._key = key
        headers = {"Accept-Encoding": "identity"}  # a packed answer could unfold beyond any limit
        headers |= {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.Client(headers=headers, timeout=timeout, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @property
    def host(self) -> str:
        """Host and port, for messages."""
        return self._url.host + (f":{self._url.port}" if self._url.port else "")

    @property
    def is_local(self) -> bool:
        """Whether the server is this computer."""
        if self._url.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self._url.host).is_loopback
        except ValueError:
            return False

    def ask(self, instruction: str, text: str, labels: Sequence[str]) -> Reply:
        """Ask the model for the label of a text.

        Raises
        ------
        EndpointError
            If the server cannot be reached, refuses the request, redirects it, or stays busy.
        """
        body = request_body(self.model, instruction, text, labels)
        for attempt in range(1, ATTEMPTS + 1):
            started = time.monotonic()
            try:
                status, headers, data = self._post(body, started)
            except httpx2.TimeoutException:
                return Reply("slow", None, 0, 0, time.monotonic() - started)
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                raise EndpointError(
                    f"{self.host} cannot be reached ({type(error).__name__}).",
                    "Check --endpoint, and whether the server is running. Then run the same command again.",
                ) from None
            seconds = time.monotonic() - started
            if status not in _BUSY or attempt == ATTEMPTS:
                break
            self._sleep(_wait(headers, attempt))
        if status != 200:
            raise self._refused(status, headers, data)
        if data is None:
            return Reply("too large", None, 0, 0, seconds)
        return _read(data, labels, seconds)

    def _post(self, body: dict[str, Any], started: float) -> tuple[int, httpx2.Headers, bytes | None]:
        """Return status, headers and body, None for a body that is too large."""
        with self._client.stream("POST", self._url, json=body) as response:
            data = bytearray()
            for part in response.iter_raw():
                data += part
                if len(data) > MAX_BYTES:
                    return response.status_code, response.headers, None
                if time.monotonic() - started > self._timeout:  # an answer that drips in
                    raise httpx2.ReadTimeout("too slow")
            return response.status_code, response.headers, bytes(data)

    def _refused(self, status: int, headers: httpx2.Headers, data: bytes | None) -> EndpointError:
        if 300 <= status < 400:
            return EndpointError(
                f"{self.host} redirects the request (HTTP {status}); texts are sent nowhere else.",
                "Give the final address with --endpoint, such as https://host/v1.",
            )
        reason = self._reason(data)
        what = f"{self.host} answers HTTP {status}{f': {reason}' if reason else ''}."
        if status in (401, 403):
            return EndpointError(what, f"Set {KEY} to a valid key.")
        if status == 404:
            return EndpointError(what, "Check the address, which ends in /v1 for most servers, and --model.")
        if status in _BUSY:
            return EndpointError(what, "Run the same command again later: it continues where it stopped.")
        return EndpointError(what, "Check --endpoint and --model.")

    def _reason(self, data: bytes | None) -> str:
        """Return the server's message on one line, without the key."""
        try:
            error = json.loads(data or b"").get("error")
            message = error.get("message") if isinstance(error, dict) else error
        except (ValueError, RecursionError, AttributeError):
            return ""
        if not isinstance(message, str):
            return ""
        line = "".join(character if character.isprintable() else " " for character in message)
        if self._key:
            line = line.replace(self._key, "…")
        return line[:_SHOWN].strip().rstrip(".")


def _checked_url(given: str) -> httpx2.URL:
    """Return the address of chat completions."""
    try:
        url = httpx2.URL(given.strip())
    except (httpx2.InvalidURL, ValueError):
        url = httpx2.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError("--endpoint is not the address of a server.", "Give one such as http://localhost:11434/v1.")
    if url.userinfo or url.query or url.fragment:
        raise ConfigError(
            "--endpoint has a user name, a query or a fragment, where keys do not belong.",
            f"Give the address alone, and the key in the environment variable {KEY}.",
        )
    path = url.path.rstrip("/")
    return url.copy_with(path=path if path.endswith("/chat/completions") else f"{path}/chat/completions")


def _wait(headers: httpx2.Headers, attempt: int) -> float:
    try:
        wanted = float(headers.get("retry-after", ""))
    except ValueError:
        wanted = 2.0**attempt
    return min(max(wanted, 0.0), LONGEST_WAIT) if wanted == wanted else 2.0**attempt


def _read(data: bytes, labels: Sequence[str], seconds: float) -> Reply:
    """Read an answer; whatever is not as it should be makes it invalid."""
    try:
        answer = json.loads(data)
        choice = answer["choices"][0]
        message = choice["message"]
        usage = answer.get("usage")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return Reply("invalid", None, 0, 0, seconds)
    counts = usage if isinstance(usage, dict) else {}
    tokens = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    finish = choice.get("finish_reason")
    content = message.get("content") if isinstance(message, dict) else None
    label = label_in(content, labels)
    status: Status
    if (isinstance(message, dict) and message.get("refusal")) or finish == "content_filter":
        status = "refused"
    elif finish == "length":
        status = "cut"
    else:
        status = "label" if label is not None else "invalid"
    return Reply(status, label if status == "label" else None, *tokens, seconds)


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value <= 10**9 else 0
