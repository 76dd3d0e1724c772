"""Datasets on the Hugging Face Hub → parts, and errors of the Hub → our errors."""

from __future__ import annotations

from auditor.compat import packaged_datasets
from auditor.config import ReadConfig
from auditor.data.formats.files.parts import select
from auditor.data.formats.tables.memory import dataset_parts
from auditor.data.source import Source
from auditor.errors import AuditorError, HubError, HubMissingError, HubUnreachableError, SourceError
from auditor.hub.errors import chain
from auditor.hub.repo import PATIENCE
from auditor.wording import listed

_BUILDERS = {"arrow", "cache", "csv", "json", "parquet"}
_HERE = "There is no local file or folder of that name either."


def read_hub(name: str, config: ReadConfig) -> Source:
    """Load a dataset of Parquet, Arrow, CSV or JSON files from the Hub, or from its local cache.

    Raises
    ------
    HubUnreachableError
        If the Hub cannot be reached and the dataset is not in the cache.
    HubMissingError
        If the dataset, revision, configuration or split does not exist; the message lists those that do.
    SourceError
        If the dataset has another format, or its files are damaged.
    """
    from datasets.load import load_dataset_builder

    if name in packaged_datasets():
        # `datasets` would use its own readers for these names.
        raise SourceError(f"{name} does not exist.", "Choose a file, a folder, or a dataset on the Hub (user/name).")
    _ask(name, config)
    try:
        builder = load_dataset_builder(name, config.config, revision=config.revision)
        if builder.name not in _BUILDERS:
            raise SourceError(
                f"The Hub dataset {name} has {builder.name} files; expected Parquet, CSV or JSON files.",
                "Download it and convert it to a file with one text and one label per row.",
            )
        if builder.name == "cache" and not builder.hash.startswith(config.revision or ""):
            raise _unreachable(name, f"revision {config.revision!r} is not in the local cache")
        builder.download_and_prepare()
        loaded = builder.as_dataset()
    except AuditorError:
        raise
    except Exception as error:  # `datasets` passes on errors of all its dependencies, even of the HTTP library
        raise hub_error(error, name, config) from error
    parts = dataset_parts(loaded)
    try:
        chosen = select([part.split for part in parts], config.split, f"The Hub dataset {name}")
    except SourceError as error:
        raise HubMissingError(error.what, error.todo) from None
    options = {"config": builder.config.name, "revision": config.revision, "commit": builder.hash}
    notes = [f"The Hub could not be reached: {name} was read from the local cache (commit {builder.hash})."]
    return Source(
        name,
        "hub",
        parts=tuple(part for part in parts if part.split in chosen),
        options=options,
        notes=tuple(notes if builder.name == "cache" else ()),
    )


def _ask(name: str, config: ReadConfig) -> None:
    """Ask the Hub once whether the dataset exists: without an answer, `datasets` would retry for half a minute."""
    from huggingface_hub import HfApi

    try:
        HfApi().dataset_info(name, revision=config.revision, timeout=PATIENCE)
    except Exception as error:  # includes errors of the HTTP library
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
    """Return the error that tells the user what an exception of ``datasets`` or ``huggingface_hub`` means.

    Parameters
    ----------
    error : Exception
        An exception of ``load_dataset``; its causes are considered too.
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
            "Choose a branch, a tag or a commit with --revision, or omit it.",
        )
    if isinstance(error, DataFilesNotFoundError | EmptyDatasetError):
        return HubMissingError(f"The Hub dataset {name} has no data files.", "Choose another dataset.")
    if isinstance(error, DatasetNotFoundError | hub.RepositoryNotFoundError):
        if "gated" in message or any(isinstance(e, hub.GatedRepoError) for e in errors):
            return HubMissingError(
                f"The Hub dataset {name} is gated.", f"Request access on its page, then log in: hf auth login. {_HERE}"
            )
        return HubMissingError(
            f"The Hub has no dataset {name}, or it is private.",
            f"Check the name, or log in to access private datasets: hf auth login. {_HERE}",
        )
    if isinstance(error, ValueError) and "config" in message.casefold() and "data files" not in message.casefold():
        asked = f"no configuration {config.config!r}" if config.config else "several configurations"
        return HubMissingError(
            f"The Hub dataset {name} has {asked}; it has {_configurations(name, config)}.", "Choose one with --config."
        )
    failure = next((e for e in errors if isinstance(e, hub.HfHubHTTPError) or _is_no_answer(e)), None)
    if isinstance(failure, hub.HfHubHTTPError):
        status = failure.response.status_code
        if status == 429 or status >= 500:
            return _unreachable(name, f"it responds with status {status}")
        return HubError(f"The Hub refused {name} with status {status}: {message}.", "Check your access rights.")
    if failure is not None:
        return _unreachable(name, str(failure) or type(failure).__name__)
    return SourceError(f"The Hub dataset {name} cannot be read: {message}.", "Choose another dataset, or a file.")


def _is_no_answer(error: BaseException) -> bool:
    import huggingface_hub.errors as hub

    kinds = (ConnectionError, TimeoutError, hub.LocalEntryNotFoundError)
    return isinstance(error, (*kinds, hub.HTTPError))  # type: ignore[attr-defined]  # the last: of the HTTP library


def _unreachable(name: str, why: str) -> HubUnreachableError:
    from huggingface_hub import constants

    if constants.is_offline_mode():
        return HubUnreachableError(
            f"The dataset {name} is not in the local cache, and HF_HUB_OFFLINE prevents downloading it.",
            f"Unset HF_HUB_OFFLINE, or choose a local file. {_HERE}",
        )
    return HubUnreachableError(
        f"The Hub ({constants.ENDPOINT}) cannot be reached for the dataset {name}: {why.splitlines()[0]}.",
        f"Check the network and try again, or choose a local file. {_HERE}",
    )


def _configurations(name: str, config: ReadConfig) -> str:
    import datasets

    try:
        return listed(datasets.get_dataset_config_names(name, revision=config.revision))
    except Exception:  # on any error, the message omits the list
        return "others"


def _revisions(name: str) -> str:
    from huggingface_hub import HfApi

    try:
        refs = HfApi().list_repo_refs(name, repo_type="dataset")
    except OSError:  # the base class of all HTTP errors
        return "others"
    return listed([ref.name for ref in [*refs.branches, *refs.tags]])
