"""Errors of pushes to the Hub, of datasets and of models, in plain words."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from auditor.errors import (
    AuditorError,
    HubError,
    HubMissingError,
    HubMovedError,
    HubRefusedError,
    HubUnreachableError,
    StorageError,
)

RETRY = "Nothing was committed. Run the same command again."
"""Files that were uploaded are not sent twice: the Hub identifies them by their hash."""
_TOKEN = re.compile(r"hf_\w{4,}")


def push_error(error: BaseException, name: str, todo: str = RETRY, lost: str | None = None) -> AuditorError:
    """Return the error that tells the user what an exception of ``huggingface_hub`` means.

    Parameters
    ----------
    error : Exception
        The library's exception; its causes are considered too.
    name : str
        Name of the target in messages, such as ``"the dataset user/name"``.
    todo : str
        State of the repository, and what to do.
    lost : str, optional
        Used instead of ``todo`` if a request was sent and no answer came: the Hub may have carried it out.

    Returns
    -------
    AuditorError
        ``HubRefusedError`` (no token, no permission), ``HubMovedError`` (someone was quicker), ``HubUnreachableError``
        (network, rate limit, server errors), ``HubMissingError``, ``StorageError`` or another ``HubError``.
        None of them contains the token.
    """
    import httpx2
    import huggingface_hub.errors as hub

    for cause in chain(error):
        if isinstance(cause, AuditorError):
            return cause
        if isinstance(cause, hub.LocalTokenNotFoundError):
            return HubRefusedError(
                f"There is no token, which is required to push to {name}.",
                "Log in with `hf auth login`, or set HF_TOKEN; the token needs write permission.",
            )
        if isinstance(cause, UnicodeEncodeError):  # from the headers, where only the token is the user's
            return HubRefusedError("The token contains an invalid character.", f"Log in again: hf auth login. {todo}")
        if isinstance(cause, hub.OfflineModeIsEnabled):
            return HubUnreachableError(f"HF_HUB_OFFLINE is set, so {name} was not contacted.", "Unset HF_HUB_OFFLINE.")
        if isinstance(cause, hub.HfHubHTTPError):
            return _answered(cause, name, lost if lost and cause.response.status_code >= 500 else todo)
        if isinstance(cause, httpx2.HTTPError | ConnectionError | TimeoutError):
            why = _line(str(cause)) or type(cause).__name__
            return HubUnreachableError(f"The connection to the Hub for {name} was lost: {why}.", lost or todo)
        if isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}:
            return StorageError("The disk is too full for the files to push.", f"Free some disk space. {todo}")
    return HubError(f"The push to {name} failed: {_line(str(error)) or type(error).__name__}.", todo)


@contextmanager
def asking(what: str, todo: str = RETRY, lost: str | None = None) -> Iterator[None]:
    """Turn exceptions into the errors of :func:`push_error`."""
    try:
        yield
    except Exception as error:  # includes network errors that the library lets through
        raise push_error(error, what, todo, lost) from error


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, each once."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _answered(error: object, name: str, todo: str) -> AuditorError:
    """Return the error for an HTTP response of the Hub."""
    import huggingface_hub.errors as hub

    assert isinstance(error, hub.HfHubHTTPError)
    status = error.response.status_code
    reason = _line(error.server_message or "")
    if status == 401 and not isinstance(error, hub.RepositoryNotFoundError):
        return HubRefusedError(
            "The Hub rejects the token: it is mistyped, expired or revoked.",
            f"Create a new token on the Hub's settings page and log in again: hf auth login. {todo}",
        )
    if isinstance(error, hub.RepositoryNotFoundError):
        return HubMissingError(
            f"The Hub has no {name.removeprefix('the ')}, or this token may not see it.",
            "Check the name and the token's permissions: hf auth whoami.",
        )
    if status in {402, 403}:
        or_propose = ", or propose the change with --create-pr" if name.startswith("the dataset ") else ""
        return HubRefusedError(
            f"The Hub refuses to write to {name}: {reason or 'the token lacks the permission'}.",
            f"Use a token with write permission{or_propose}. {todo}",
        )
    if status in {409, 412}:
        return HubMovedError(
            f"Someone else changed {name} in the meantime.",
            f"{todo} It takes the changes into account.",
        )
    if status == 429:
        wait = _seconds(error)
        return HubUnreachableError(
            f"The Hub's rate limit is reached for {name}{f': {reason}' if reason else ''}.",
            f"Wait {f'{wait} seconds' if wait else 'a few minutes'}. {todo}",
        )
    if status >= 500:
        return HubUnreachableError(f"The Hub failed on a request for {name}: status {status}.", f"Wait a while. {todo}")
    return HubError(f"The Hub rejected a request for {name} (status {status}): {reason or 'no reason given'}.", todo)


def _seconds(error: object) -> int | None:
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

    headers = error.response.headers  # type: ignore[attr-defined]
    limit = parse_ratelimit_headers(headers)
    if limit is not None and limit.remaining == 0:  # every response has these headers; only an exhausted limit counts
        return limit.reset_in_seconds
    after = str(headers.get("Retry-After", ""))
    return int(after) if after.isdecimal() else None


def _line(message: str) -> str:
    """Return the first line of a message, with any token masked."""
    first = (message.strip().splitlines() or [""])[0]
    return _TOKEN.sub("hf_…", first)[:300].rstrip(". ")
