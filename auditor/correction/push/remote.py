"""What is at the Hub already: the repository that is pushed to, and the card of the dataset that was audited."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.correction.push.card import Config, Taken, is_ours, taken_from
from auditor.correction.push.facts import HubSource
from auditor.correction.push.markdown import one_line
from auditor.correction.push.staging import CARD, SHARD_NAME, Staged
from auditor.errors import HubError, HubRefusedError
from auditor.hub.errors import AGAIN, push_error

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


@contextmanager
def asking(what: str, todo: str = AGAIN, lost: str | None = None) -> Iterator[None]:
    """Tell what goes wrong at the Hub in our words, as :func:`push_error` does."""
    try:
        yield
    except Exception as error:  # whatever the libraries let through, down to those of the network
        raise push_error(error, what, todo, lost) from error


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


def stale_files(target: Target, card: Any, staged: Staged) -> tuple[str, ...]:
    """Shards of an earlier push that this one does not write again.

    Raises
    ------
    HubError
        If the folder of one of our configurations holds somebody else's files.
    """
    configs = card.data.get("configs") or []
    ours = {config.get("config_name") for config in configs if is_ours(config)}
    stale = []
    for path in sorted(target.files - set(staged.files)):
        folder, _, rest = path.partition("/")
        if folder not in staged.splits or not rest:
            continue
        if folder not in ours:
            raise HubError(
                f"The repository {target.name} has a folder {folder}/ that holds other files.",
                "Choose another name with --config-name, or push to another repository.",
            )
        if SHARD_NAME.fullmatch(rest):
            stale.append(path)
    return tuple(stale)


def declare_data(target: Target, card: Any, token: Any) -> None:
    """Name the data that a repository has already in its card, so that it is found beside ours as before.

    As soon as a card has one configuration, files that no configuration names are found no more.

    Raises
    ------
    HubError
        If they are no Parquet files: ``datasets`` reads one kind of files in a repository.
    """
    import datasets
    from datasets.exceptions import DataFilesNotFoundError
    from datasets.load import EmptyDatasetError

    configs = card.data.get("configs") or []
    if configs and all(is_ours(config) for config in configs):
        return
    at = {"revision": target.commit, "token": token}
    try:
        names = datasets.get_dataset_config_names(target.name, **at)
        builder = datasets.load_dataset_builder(target.name, names[0], **at)
    except (DataFilesNotFoundError, EmptyDatasetError):
        return
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        raise HubError(
            f"What {target.name} holds now cannot be read: {one_line(str(error), 200)}.", "Push to another repository."
        ) from error
    if builder.name != "parquet":
        raise HubError(
            f"{target.name} is made of {builder.name} files, and `datasets` reads files of one kind in a repository: "
            "Parquet beside them could not be loaded.",
            f"Push to a repository of its own, such as {target.name}-corrected.",
        )
    card.data["configs"] = [
        config
        if is_ours(config) or config.get("data_files") or config.get("data_dir")
        else _with_files(config, target, at)
        for config in configs or [{"config_name": names[0]}]
    ]


def _with_files(config: Config, target: Target, at: dict[str, Any]) -> Config:
    """Name the files that ``datasets`` finds for a configuration by itself: all that look like data."""
    import datasets

    found = datasets.load_dataset_builder(target.name, config["config_name"], **at).config.data_files
    files = {str(split): [_in_repository(url) for url in urls] for split, urls in found.items()}
    return {**config, "data_files": [{"split": split, "path": paths} for split, paths in files.items()]}


def _in_repository(url: str) -> str:
    """``hf://datasets/user/name@commit/data/train.parquet`` → ``data/train.parquet``."""
    return url.split("@", 1)[1].split("/", 1)[1]


def check_patterns(target: Target, card: Any, staged: Path) -> None:
    """Refuse a configuration that is there and whose patterns would take our files in too.

    Raises
    ------
    HubError
    """
    from datasets.data_files import resolve_pattern, sanitize_patterns

    for config in card.data.get("configs") or []:
        if is_ours(config) or not config.get("data_files"):
            continue
        for pattern in {pattern for each in sanitize_patterns(config["data_files"]).values() for pattern in each}:
            with suppress(FileNotFoundError):
                resolve_pattern(pattern, str(staged))
                raise HubError(
                    f"The configuration {config['config_name']!r} of {target.name} takes in {pattern}: "
                    "the corrected files would be rows of it too.",
                    "Give it a narrower pattern there, or push to another repository.",
                )


def licence_of(api: Any, source: HubSource | None) -> tuple[Taken, str | None]:
    """Licence and languages of the dataset that was audited, and a note where they cannot be had."""
    if source is None:
        return Taken(), None
    try:
        with asking(f"the dataset {source.name}"):
            info = api.dataset_info(source.name, revision=source.commit, timeout=PATIENCE)
    except HubError as error:
        return Taken(), f"The licence of {source.name} is not known: {error.what}"
    return taken_from(info.card_data.to_dict() if info.card_data else {}), None
