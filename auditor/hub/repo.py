"""Repo: a repository at the Hub as it is now, and the token that may write to it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import HubError, HubRefusedError
from auditor.hub.errors import asking

CARD = "README.md"
"""A repository's card."""
PATIENCE = 20.0
"""Seconds to wait for an answer before the Hub counts as unreachable."""


@dataclass(frozen=True)
class Target:
    """A repository to push to, as it is now.

    Attributes
    ----------
    name : str
        ``user/name``.
    commit : str or None
        Its newest; None where there is no repository yet.
    private : bool
    card : str or None
        Its README.md.
    files : frozenset of str
        Paths.
    """

    name: str
    commit: str | None = None
    private: bool = True
    card: str | None = None
    files: frozenset[str] = frozenset()

    @property
    def what(self) -> str:
        """What messages call it."""
        return f"the dataset {self.name}"


def find_target(api: Any, repo: str, *, for_writing: bool) -> Target:
    """Look at a repository; one that is not there is yet to be made.

    Parameters
    ----------
    api : huggingface_hub.HfApi
    repo : str
        ``user/name``, or ``name`` of one's own.
    for_writing : bool
        Ask whose token it is, and whether it may write at all.

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
        files = frozenset(each.rfilename for each in info.siblings or ())
        card = _download_card(api, info.id, info.sha) if CARD in files else None
        return Target(info.id, info.sha, bool(info.private), card, files)


def full_name(api: Any, repo: str, *, for_writing: bool = True) -> str:
    """Give a repository its owner's name where it lacks one, after asking whose token it is.

    Raises
    ------
    HubRefusedError
        If the token may only read.
    """
    user = api.whoami()
    if for_writing and user.get("auth", {}).get("accessToken", {}).get("role") == "read":
        raise HubRefusedError(
            f"The token of {user['name']} may read but not write: nothing can be pushed to {repo}.",
            "Make a token with the right to write, and log in again: hf auth login.",
        )
    return repo if "/" in repo else f"{user['name']}/{repo}"


def _download_card(api: Any, repo: str, commit: str) -> str:
    with tempfile.TemporaryDirectory(prefix="auditor-card-") as folder:
        path = api.hf_hub_download(repo, CARD, repo_type="dataset", revision=commit, cache_dir=folder)
        try:
            # Line ends are kept as they are.
            return Path(path).read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise HubError(f"The card of {repo} is no UTF-8 text.", "Mend its README.md there.") from None


@contextmanager
def quiet_library() -> Iterator[None]:
    """Have ``huggingface_hub`` say when it waits, and nothing else: its other words hold addresses that are secrets."""
    import datasets.utils
    import huggingface_hub.utils

    def waits(record: logging.LogRecord) -> bool:
        return record.getMessage().startswith(("Rate limited", "Retrying"))

    loggers = [logging.getLogger(f"huggingface_hub.{name}") for name in ("utils._http", "hf_api", "_commit_api")]
    with_bars = [each for each in (datasets.utils, huggingface_hub.utils) if not each.are_progress_bars_disabled()]
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
