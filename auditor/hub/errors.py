"""What a failed push to the Hub means for the user; of datasets and of models."""

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

AGAIN = "Nothing was committed: give the same command again."
"""What was uploaded before is not sent twice: the Hub knows files by their hash."""
_TOKEN = re.compile(r"hf_\w{4,}")


def push_error(error: BaseException, name: str, todo: str = AGAIN, lost: str | None = None) -> AuditorError:
    """Tell what an exception of ``huggingface_hub`` means for who pushes.

    Parameters
    ----------
    error : Exception
        As the library raises it; what it was raised from counts as well.
    name : str
        What is pushed to, as a message calls it: ``"the dataset user/name"``.
    todo : str
        How things stand at the Hub, and whether to repeat.
    lost : str, optional
        The same, where a request was sent and no answer came: the Hub may have done it.

    Returns
    -------
    AuditorError
        ``HubRefusedError`` (no token, no right), ``HubMovedError`` (somebody was quicker), ``HubUnreachableError``
        (network, rate limit, the Hub's own failures), ``HubMissingError``, ``StorageError`` or another ``HubError``.
        The token is in none of them.
    """
    import httpx2
    import huggingface_hub.errors as hub

    for each in chain(error):
        if isinstance(each, AuditorError):
            return each
        if isinstance(each, hub.LocalTokenNotFoundError):
            return HubRefusedError(
                f"There is no token, and without one nothing can be pushed to {name}.",
                "Log in with `hf auth login`, or set HF_TOKEN; the token needs the right to write.",
            )
        if isinstance(each, UnicodeEncodeError):  # of the headers, in which all else is ours
            return HubRefusedError(
                "The token holds a character that no token has.", f"Log in again: hf auth login. {todo}"
            )
        if isinstance(each, hub.OfflineModeIsEnabled):
            return HubUnreachableError(f"HF_HUB_OFFLINE is set: {name} is not asked for.", "Unset HF_HUB_OFFLINE.")
        if isinstance(each, hub.HfHubHTTPError):
            return _answered(each, name, lost if lost and each.response.status_code >= 500 else todo)
        if isinstance(each, httpx2.HTTPError | ConnectionError | TimeoutError):
            why = _line(str(each)) or type(each).__name__
            return HubUnreachableError(f"The connection to the Hub was lost, for {name}: {why}.", lost or todo)
        if isinstance(each, OSError) and each.errno in {errno.ENOSPC, errno.EDQUOT}:
            return StorageError("The disk has no room for the files that are to be pushed.", f"Make room. {todo}")
    return HubError(f"{name} cannot be pushed to: {_line(str(error)) or type(error).__name__}.", todo)


@contextmanager
def asking(what: str, todo: str = AGAIN, lost: str | None = None) -> Iterator[None]:
    """Tell what goes wrong at the Hub in our words, as :func:`push_error` does."""
    try:
        yield
    except Exception as error:  # whatever the libraries let through, down to those of the network
        raise push_error(error, what, todo, lost) from error


def chain(error: BaseException) -> Iterator[BaseException]:
    """Give an exception, and what it was raised from, each once."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _answered(error: object, name: str, todo: str) -> AuditorError:
    """Tell what an answer of the Hub means."""
    import huggingface_hub.errors as hub

    assert isinstance(error, hub.HfHubHTTPError)
    status = error.response.status_code
    said = _line(error.server_message or "")
    if status == 401 and not isinstance(error, hub.RepositoryNotFoundError):
        return HubRefusedError(
            "The Hub does not know the token: it is mistyped, expired or revoked.",
            f"Make a new one at its settings page, and log in again: hf auth login. {todo}",
        )
    if isinstance(error, hub.RepositoryNotFoundError):
        return HubMissingError(
            f"The Hub has no {name.removeprefix('the ')}, or this token may not see it.",
            "Check the name, and the token's rights: hf auth whoami.",
        )
    if status in {402, 403}:
        or_propose = ", or propose the change with --create-pr" if name.startswith("the dataset ") else ""
        return HubRefusedError(
            f"The Hub refuses to write to {name}: {said or 'this token has no right to'}.",
            f"Use a token with the right to write there{or_propose}. {todo}",
        )
    if status in {409, 412}:
        return HubMovedError(
            f"Somebody else has changed {name} meanwhile.",
            f"{todo} What is new there is taken into account then.",
        )
    if status == 429:
        wait = _seconds(error)
        return HubUnreachableError(
            f"The Hub takes no more requests from you for now (rate limit), for {name}{f': {said}' if said else ''}.",
            f"Wait {f'{wait} seconds' if wait else 'some minutes'}. {todo}",
        )
    if status >= 500:
        return HubUnreachableError(f"The Hub fails to answer for {name}: status {status}.", f"Wait a while. {todo}")
    return HubError(f"The Hub refuses what was sent to {name} (status {status}): {said or 'no reason given'}.", todo)


def _seconds(error: object) -> int | None:
    from huggingface_hub.utils import parse_ratelimit_headers  # type: ignore[attr-defined]

    headers = error.response.headers  # type: ignore[attr-defined]
    told = parse_ratelimit_headers(headers)
    if told is not None and told.remaining == 0:  # every answer has them: other limits are not theirs to tell of
        return told.reset_in_seconds
    after = str(headers.get("Retry-After", ""))
    return int(after) if after.isdecimal() else None


def _line(message: str) -> str:
    """First line of a message, without a token that somebody may have put into it."""
    first = (message.strip().splitlines() or [""])[0]
    return _TOKEN.sub("hf_…", first)[:300].rstrip(". ")
