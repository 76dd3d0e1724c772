"""Datasets on the Hugging Face Hub → parts, and what it answers → our errors."""

from __future__ import annotations

from auditor.config import ReadConfig
from auditor.data.formats.files.parts import select
from auditor.data.formats.tables.memory import dataset_parts
from auditor.data.source import Source, listed
from auditor.errors import AuditorError, HubError, HubMissingError, HubUnreachableError, SourceError
from auditor.hub.errors import chain
from auditor.hub.repo import PATIENCE

_BUILDERS = {"arrow", "cache", "csv", "json", "parquet"}
_HERE = "A file or folder of that name is not here either."


def read_hub(name: str, config: ReadConfig) -> Source:
    """Load a dataset of Parquet, Arrow, CSV or JSON files from the Hub, or from its local cache.

    Raises
    ------
    HubUnreachableError
        If the Hub cannot be reached, and the dataset is not in the cache.
    HubMissingError
        If the Hub has no such dataset, revision, configuration or split; those that it has are listed.
    SourceError
        If the dataset is of another kind, or its files are damaged.
    """
    import datasets  # takes seconds
    from datasets.load import load_dataset_builder

    if name in datasets.packaged_modules._PACKAGED_DATASETS_MODULES:
        # `datasets` would take these for its own readers.
        raise SourceError(f"{name} does not exist.", "Name a file, a folder, or a dataset on the Hub (user/name).")
    _ask(name, config)
    try:
        builder = load_dataset_builder(name, config.config, revision=config.revision)
        if builder.name not in _BUILDERS:
            raise SourceError(
                f"The Hub dataset {name} is made of {builder.name} files; Parquet, CSV or JSON files are read.",
                "Download it, make a file of one text and one label a row, and name that file.",
            )
        if builder.name == "cache" and not builder.hash.startswith(config.revision or ""):
            raise _unreachable(name, f"revision {config.revision!r} is not in the local cache")
        builder.download_and_prepare()
        loaded = builder.as_dataset()
    except AuditorError:
        raise
    except Exception as error:  # `datasets` raises whatever its parts raise, down to the HTTP library's own errors
        raise hub_error(error, name, config) from error
    parts = dataset_parts(loaded)
    try:
        chosen = select([part.split for part in parts], config.split, f"The Hub dataset {name}")
    except SourceError as error:
        raise HubMissingError(error.what, error.todo) from None
    options = {"config": builder.config.name, "revision": config.revision, "commit": builder.hash}
    notes = [f"The Hub was not reached: {name} comes from the local cache (commit {builder.hash})."]
    return Source(
        name,
        "hub",
        parts=tuple(part for part in parts if part.split in chosen),
        options=options,
        notes=tuple(notes if builder.name == "cache" else ()),
    )


def _ask(name: str, config: ReadConfig) -> None:
    """Ask the Hub once whether the dataset is there: `datasets` would try for half a minute where nobody answers."""
    from huggingface_hub import HfApi

    try:
        HfApi().dataset_info(name, revision=config.revision, timeout=PATIENCE)
    except Exception as error:  # down to the HTTP library's own errors, as below
        meaning = hub_error(error, name, config)
        if not isinstance(meaning, HubUnreachableError) or not _is_cached(name):
            raise meaning from error


def _is_cached(name: str) -> bool:
    from datasets.load import CachedDatasetModuleFactory

    try:
        CachedDatasetModuleFactory(name).get_module()
    except FileNotFoundError:
        return False
    return True


def hub_error(error: Exception, name: str, config: ReadConfig) -> AuditorError:
    """Tell what an exception of ``datasets`` or ``huggingface_hub`` means for the user.

    Parameters
    ----------
    error : Exception
        As ``load_dataset`` raises it; what it was raised from counts as well.
    name : str
        The dataset's name.
    config : ReadConfig

    Returns
    -------
    HubUnreachableError, HubMissingError, HubError or SourceError
    """
    import huggingface_hub.errors as hub
    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError
    from datasets.load import EmptyDatasetError

    errors = list(chain(error))
    message = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    if any(isinstance(e, hub.RevisionNotFoundError) for e in errors):
        return HubMissingError(
            f"The Hub dataset {name} has no revision {config.revision!r}; it has {_revisions(name)}.",
            "Name a branch, a tag or a commit with --revision, or leave it out.",
        )
    if isinstance(error, DataFilesNotFoundError | EmptyDatasetError):
        return HubMissingError(f"The Hub dataset {name} has no data files.", "Name another dataset.")
    if isinstance(error, DatasetNotFoundError | hub.RepositoryNotFoundError):
        if "gated" in message or any(isinstance(e, hub.GatedRepoError) for e in errors):
            return HubMissingError(
                f"The Hub dataset {name} is gated.", f"Ask for access at its page, then log in: hf auth login. {_HERE}"
            )
        return HubMissingError(
            f"The Hub has no dataset {name}, or it is private.",
            f"Check the name, or log in to see private ones: hf auth login. {_HERE}",
        )
    if isinstance(error, ValueError) and "config" in message.casefold() and "data files" not in message.casefold():
        asked = f"no configuration {config.config!r}" if config.config else "several configurations"
        return HubMissingError(
            f"The Hub dataset {name} has {asked}; it has {_configurations(name, config)}.", "Name one with --config."
        )
    failure = next((e for e in errors if isinstance(e, hub.HfHubHTTPError) or _is_no_answer(e)), None)
    if isinstance(failure, hub.HfHubHTTPError):
        status = failure.response.status_code
        if status == 429 or status >= 500:
            return _unreachable(name, f"it answers with status {status}")
        return HubError(f"The Hub refused {name} with status {status}: {message}.", "Check your access rights.")
    if failure is not None:
        return _unreachable(name, str(failure) or type(failure).__name__)
    return SourceError(f"The Hub dataset {name} cannot be read: {message}.", "Name another dataset, or a file.")


def _is_no_answer(error: BaseException) -> bool:
    import huggingface_hub.errors as hub

    kinds = (ConnectionError, TimeoutError, hub.LocalEntryNotFoundError)
    return isinstance(error, (*kinds, hub.HTTPError))  # type: ignore[attr-defined]  # the last: of the HTTP library


def _unreachable(name: str, why: str) -> HubUnreachableError:
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return HubUnreachableError(
            f"The Hub is not asked for the dataset {name}: HF_HUB_OFFLINE is set, and it is not in the local cache.",
            f"Unset HF_HUB_OFFLINE, or name a local file. {_HERE}",
        )
    return HubUnreachableError(
        f"The Hub ({constants.ENDPOINT}) cannot be reached for the dataset {name}: {why.splitlines()[0]}.",
        f"Check the network and try again, or name a local file. {_HERE}",
    )


def _configurations(name: str, config: ReadConfig) -> str:
    import datasets

    try:
        return listed(datasets.get_dataset_config_names(name, revision=config.revision))
    except Exception:  # whatever it is, the message goes without the list
        return "others"


def _revisions(name: str) -> str:
    from huggingface_hub import HfApi

    try:
        refs = HfApi().list_repo_refs(name, repo_type="dataset")
    except OSError:  # of which all HTTP errors are
        return "others"
    return listed([ref.name for ref in [*refs.branches, *refs.tags]])
