"""Existing contents of a repository that a push must respect: files, configurations, licence."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from auditor.correction.push.card import Config, Taken, is_own, taken_from
from auditor.correction.push.facts import HubSource
from auditor.correction.push.markdown import one_line
from auditor.correction.push.staging import SHARD_NAME, Staged
from auditor.errors import HubError
from auditor.hub.errors import asking
from auditor.hub.repo import PATIENCE, Target


def stale_files(target: Target, card: Any, staged: Staged) -> tuple[str, ...]:
    """Return the shards of an earlier push that this one does not replace.

    Raises
    ------
    HubError
        If the folder of one of our configurations holds other files.
    """
    configs = card.data.get("configs") or []
    own_names = {config.get("config_name") for config in configs if is_own(config)}
    stale = []
    for path in sorted(target.files - set(staged.files)):
        folder, _, rest = path.partition("/")
        if folder not in staged.splits or not rest:
            continue
        if folder not in own_names:
            raise HubError(
                f"The repository {target.name} has a folder {folder}/ that holds other files.",
                "Choose another name with --config-name, or push to another repository.",
            )
        if SHARD_NAME.fullmatch(rest):
            stale.append(path)
    return tuple(stale)


def declare_data(target: Target, card: Any, token: Any) -> None:
    """Declare a repository's existing data in its card, so that it can still be loaded beside ours.

    Once a card has any configuration, files without one can no longer be loaded.

    Raises
    ------
    HubError
        If they are not Parquet files: ``datasets`` reads one kind of files per repository.
    """
    import datasets
    from datasets.exceptions import DataFilesNotFoundError
    from datasets.load import EmptyDatasetError

    configs = card.data.get("configs") or []
    if configs and all(is_own(config) for config in configs):
        return
    at = {"revision": target.commit, "token": token}
    try:
        names = datasets.get_dataset_config_names(target.name, **at)
        builder = datasets.load_dataset_builder(target.name, names[0], **at)
    except (DataFilesNotFoundError, EmptyDatasetError):
        return
    except (ValueError, RuntimeError, FileNotFoundError) as error:
        raise HubError(
            f"The present data of {target.name} cannot be read: {one_line(str(error), 200)}.",
            "Push to another repository.",
        ) from error
    if builder.name != "parquet":
        raise HubError(
            f"{target.name} consists of {builder.name} files, and `datasets` reads one kind of files per repository: "
            "Parquet files beside them could not be loaded.",
            f"Push to a separate repository, such as {target.name}-corrected.",
        )
    card.data["configs"] = [
        config
        if is_own(config) or config.get("data_files") or config.get("data_dir")
        else _with_files(config, target, at)
        for config in configs or [{"config_name": names[0]}]
    ]


def _with_files(config: Config, target: Target, at: dict[str, Any]) -> Config:
    """Declare the files that ``datasets`` finds for a configuration without patterns."""
    import datasets

    found = datasets.load_dataset_builder(target.name, config["config_name"], **at).config.data_files
    files = {str(split): [_in_repository(url) for url in urls] for split, urls in found.items()}
    return {**config, "data_files": [{"split": split, "path": paths} for split, paths in files.items()]}


def _in_repository(url: str) -> str:
    """``hf://datasets/user/name@commit/data/train.parquet`` → ``data/train.parquet``."""
    return url.split("@", 1)[1].split("/", 1)[1]


def check_patterns(target: Target, card: Any, staged: Path) -> None:
    """Refuse an existing configuration whose patterns would include our files.

    Raises
    ------
    HubError
    """
    from datasets.data_files import resolve_pattern, sanitize_patterns

    for config in card.data.get("configs") or []:
        if is_own(config) or not config.get("data_files"):
            continue
        for pattern in {
            pattern for patterns in sanitize_patterns(config["data_files"]).values() for pattern in patterns
        }:
            with suppress(FileNotFoundError):
                resolve_pattern(pattern, str(staged))
                raise HubError(
                    f"The configuration {config['config_name']!r} of {target.name} includes {pattern}: "
                    "the corrected files would become part of it.",
                    "Narrow the pattern in its card, or push to another repository.",
                )


def licence_of(api: Any, source: HubSource | None) -> tuple[Taken, str | None]:
    """Return licence and languages of the audited dataset, and a note if they are unavailable."""
    if source is None:
        return Taken(), None
    try:
        with asking(f"the dataset {source.name}"):
            info = api.dataset_info(source.name, revision=source.commit, timeout=PATIENCE)
    except HubError as error:
        return Taken(), f"The licence of {source.name} is unknown: {error.what}"
    return taken_from(info.card_data.to_dict() if info.card_data else {}), None
