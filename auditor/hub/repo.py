"""A repository on the Hub in its current state, and the token's permission to write to it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.compat import HUB_LOGGERS
from auditor.errors import HubError, HubRefusedError
from auditor.hub.errors import asking

CARD = "README.md"
"""File name of a repository's card."""
PATIENCE = 20.0
"""Seconds to wait for an answer before the Hub counts as unreachable."""


@dataclass(frozen=True)
class Target:
    """A repository to push to, in its current state.

    Attributes
    ----------
    name : str
        ``user/name``.
    commit : str or None
        Newest commit; None if the repository does not exist.
    private : bool
    card : str or None
        Contents of README.md.
    files : frozenset of str
        Paths in the repository.
    """

    name: str
    commit: str | None = None
    private: bool = True
    card: str | None = None
    files: frozenset[str] = frozenset()

    @property
    def what(self) -> str:
        """Name in messages."""
        return f"the dataset {self.name}"


def find_target(api: Any, repo: str, *, for_writing: bool) -> Target:
    """Look up a repository, which need not exist.

    Parameters
    ----------
    api : huggingface_hub.HfApi
    repo : str
        ``user/name``, or ``name`` for the user's own repository.
    for_writing : bool
        Check who owns the token and that it may write.

    Raises
    ------
    HubRefusedError, HubUnreachableError, HubError
    """
    from huggingface_hub.errors import RepositoryNotFoundError

    with asking(f"the dataset {repo}"):
        if for_writing or "/" not in repo:
            repo = full_name(api, repo, for_writing=for_writing)
        try:
            info = api.dataset_info(repo, timeout=PATIENCE)
        except RepositoryNotFoundError:
            return Target(repo)
        files = frozenset(file.rfilename for file in info.siblings or ())
        card = _download_card(api, info.id, info.sha) if CARD in files else None
        return Target(info.id, info.sha, bool(info.private), card, files)


def full_name(api: Any, repo: str, *, for_writing: bool = True) -> str:
    """Return a repository's full name; a bare name gets the name of the token's owner.

    Raises
    ------
    HubRefusedError
        If the token may only read.
    """
    user = api.whoami()
    if for_writing and user.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise HubRefusedError(
            f"The token of {user['name']} may only read, so nothing can be pushed to {repo}.",
            "Create a token with write permission and log in again: hf auth login.",
        )
    return repo if "/" in repo else f"{user['name']}/{repo}"


def _download_card(api: Any, repo: str, commit: str) -> str:
    with tempfile.TemporaryDirectory(prefix="auditor-card-") as folder:
        path = api.hf_hub_download(repo, CARD, repo_type="dataset", revision=commit, cache_dir=folder)
        try:
            # Line ends are kept as they are.
            return Path(path).read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise HubError(f"The card of {repo} is not UTF-8 text.", "Fix its README.md on the Hub.") from None


@contextmanager
def quiet_library() -> Iterator[None]:
    """Silence ``huggingface_hub`` except for notes on waiting: its other messages contain secret URLs."""
    import datasets.utils
    import huggingface_hub.utils

    def waits(record: logging.LogRecord) -> bool:
        return record.getMessage().startswith(("Rate limited", "Retrying"))

    loggers = [logging.getLogger(name) for name in HUB_LOGGERS]
    with_bars = [
        library for library in (datasets.utils, huggingface_hub.utils) if not library.are_progress_bars_disabled()
    ]
    for logger in loggers:
        logger.addFilter(waits)
    for library in with_bars:
        library.disable_progress_bars()
    try:
        yield
    finally:
        for library in with_bars:
            library.enable_progress_bars()
        for logger in loggers:
            logger.removeFilter(waits)
