"""A trained model as a folder, and back: safetensors and JSON alone, whole or not taken.

``auditor.json`` says what the model is and holds the hash of each of its files. It is written last: without it, a
folder is no model of ours.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from auditor.config import AuditConfig, EncoderConfig, FinetunedConfig, LexicalConfig
from auditor.errors import InputError, ModelError, StorageError
from auditor.evaluation.saved.linear import features_from, lexical_from, taken_apart
from auditor.evaluation.saved.modelcard import About, write_card
from auditor.evaluation.saved.predictor import Predictor
from auditor.models.logistic import Logistic
from auditor.models.transformer.encoder import Encoder
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import Weights, find_weights, quiet
from auditor.storage import hash_file
from auditor.validation import first_fault
from auditor.vocabulary import ModelName

RECORD = "auditor.json"
_ARRAYS, _WORDS = "classifier.safetensors", "vocabulary.json"
_SETTINGS: dict[str, type[BaseModel]] = {
    "finetuned": FinetunedConfig,
    "features": EncoderConfig,
    "lexical": LexicalConfig,
}
_DECIDE_VECTORS = ("*.safetensors", "tokenizer.json", "vocab.*", "merges.txt", "*.model")
"""Files of an encoder: of the same model, the Hub and packages of others carry different files beside these."""

_Words = TypeAdapter(list[str])
_Hashes = dict[Annotated[str, Field(pattern=r"^\w[\w.-]*$")], Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


class Record(BaseModel):
    """What stands in ``auditor.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    format: Literal[1] = 1
    kind: ModelName
    label_names: Annotated[list[str], Field(min_length=1)]
    unseen: list[Annotated[int, Field(ge=0)]]
    """Codes of classes without a training row: their probability is 0."""
    settings: dict[str, Any]
    """Of the encoder, else of the model: what its predictions depend on."""
    encoder: _Hashes = {}
    files: _Hashes = {}


def save_model(
    classifier: Finetuned | Logistic,
    folder: Path,
    *,
    name: ModelName,
    label_names: Sequence[str],
    config: AuditConfig,
    about: About,
    encoder: Weights | None = None,
) -> None:
    """Write a trained classifier into a folder, which is made.

    A fine-tuned one is written as ``transformers`` does, with a model card: ``transformers.pipeline`` loads it.

    Parameters
    ----------
    classifier : Finetuned or Logistic
        Trained.
    folder : Path
        New, or empty.
    name : str
        ``finetuned``, ``features`` or ``lexical``.
    label_names : sequence of K str
    config : AuditConfig
        What it was trained with.
    about : About
        For the model card.
    encoder : Weights, optional
        Of the frozen encoder that made the vectors; ``features`` needs it.

    Raises
    ------
    StorageError
        If the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings: BaseModel = config.lexical
    hashes: dict[str, str] = {}
    if isinstance(classifier, Finetuned):
        settings = config.finetuned.model_copy(update={"base_model": public_name(config.finetuned.base_model)})
        unseen = np.flatnonzero(~classifier.learned)
        _write_transformer(classifier, folder, config.finetuned.max_length)
        write_card(folder, about, label_names, config.finetuned)
    else:
        arrays, words = taken_apart(classifier)
        unseen = np.setdiff1d(np.arange(len(label_names)), arrays["classes"])
        (folder / _ARRAYS).write_bytes(save_arrays(arrays))
        if name == "lexical":
            _write_json(folder / _WORDS, words)
        elif encoder is not None:
            settings, hashes = config.encoder, _hashes(encoder.folder)
        else:
            raise ValueError("a classifier of vectors needs the encoder that made them")
    record = Record(
        kind=name,
        label_names=list(label_names),
        unseen=unseen.tolist(),
        settings=settings.model_dump(mode="json"),
        encoder=hashes,
        files={path.name: hash_file(path) for path in sorted(folder.iterdir()) if path.suffix != ".md"},
    )
    _write_json(folder / RECORD, record.model_dump())


def load_model(folder: Path, device: str = "auto") -> Predictor:
    """Load a model that :func:`save_model` has written.

    Raises
    ------
    ModelError
        If it is damaged, of another version, or needs an encoder that is not here.
    """
    record = read_record(folder)
    try:
        settings: Any = _SETTINGS[record.kind](**record.settings)
    except InputError as error:
        raise _damaged(folder, f"{RECORD}: settings: {error.what.removesuffix('.')}") from None
    if record.kind == "finetuned":
        return _transformer(folder, record, settings, device)
    return _linear(folder, record, settings, device)


def read_record(folder: Path) -> Record:
    """Read what a folder holds, and check that its files are those that were written.

    Raises
    ------
    ModelError
        If it holds no model, or they are not.
    """
    try:
        record = Record.model_validate_json((folder / RECORD).read_bytes())
        _check(folder, record)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder} holds no model: it has no {RECORD}.", "Name a folder that `auditor retrain` has written."
        ) from None
    except OSError as error:
        raise ModelError(
            f"{error.filename or folder} cannot be read: {error.strerror or error}.", "Check the folder's permissions."
        ) from None
    except ValidationError as error:
        raise _damaged(folder, f"{RECORD}: {first_fault(error, Record)}") from None
    return record


def _check(folder: Path, record: Record) -> None:
    num_classes = len(record.label_names)
    if len(set(record.label_names)) < num_classes or max(record.unseen, default=-1) >= num_classes:
        raise _damaged(folder, f"{RECORD}: its label names are not unique, or too few")
    for name, recorded in record.files.items():
        if not (folder / name).is_file() or hash_file(folder / name) != recorded:
            raise _damaged(folder, f"{name} is missing, or not the file that was written")


def public_name(model: str) -> str:
    """Name of a model, without the folders of this machine."""
    return Path(model).resolve().name if Path(model).is_dir() else model


def _write_transformer(classifier: Finetuned, folder: Path, max_length: int) -> None:
    tokenizer = classifier.tokenizer
    longest, tokenizer.model_max_length = tokenizer.model_max_length, min(max_length, tokenizer.model_max_length)
    try:
        with quiet():
            tokenizer.save_pretrained(folder)
            classifier.model.save_pretrained(folder)
        for weights in folder.glob("*.safetensors"):  # which safetensors lets nobody else read
            shutil.copymode(folder / "config.json", weights)
    except SafetensorError as error:  # what it makes of the operating system's word for a full disk
        raise StorageError(
            f"{folder} cannot be written: {str(error).splitlines()[0]}.",
            "Make room, then give the same command again: it goes on from here.",
        ) from None
    finally:
        tokenizer.model_max_length = longest


def _transformer(folder: Path, record: Record, settings: FinetunedConfig, device: str) -> Predictor:
    learned = np.ones(len(record.label_names), dtype=np.bool_)
    learned[record.unseen] = False
    model = Finetuned.restored(find_weights(str(folder)), settings, record.label_names, learned, device)
    if [model.model.config.id2label.get(code) for code in range(len(learned))] != record.label_names:
        raise _damaged(folder, f"config.json and {RECORD} name different labels")
    return Predictor(folder.name, tuple(record.label_names), model.predict_proba)


def _linear(folder: Path, record: Record, settings: Any, device: str) -> Predictor:
    num_classes = len(record.label_names)
    try:
        arrays = load_arrays((folder / _ARRAYS).read_bytes())
        if record.kind == "features":
            model = features_from(arrays, num_classes)
        else:
            words = _Words.validate_json((folder / _WORDS).read_bytes(), strict=True)
            model = lexical_from(arrays, words, settings, num_classes)
    except Exception as error:  # strange arrays and words lead to errors of every kind
        raise _damaged(folder, (str(error).strip() or type(error).__name__).splitlines()[0]) from None
    names = tuple(record.label_names)
    if record.kind == "lexical":
        return Predictor(folder.name, names, model.predict_proba)
    encoder = _encoder(folder, record, settings, device)
    if "mean" in arrays and len(arrays["mean"]) != encoder.dimensions:
        raise _damaged(folder, f"weights for {len(arrays['mean'])} dimensions, of {encoder.dimensions}")

    def ask(texts: Sequence[str]) -> Any:
        with tempfile.TemporaryDirectory() as space:
            vectors = np.load(encoder.encode(texts, Path(space)), allow_pickle=False)
        return model.predict_proba(vectors)

    return Predictor(folder.name, names, ask)


def _encoder(folder: Path, record: Record, settings: EncoderConfig, device: str) -> Encoder:
    """The encoder that the vectors were made with, or none."""
    weights = find_weights(settings.name)
    found = _hashes(weights.folder)
    shared = found.keys() & record.encoder.keys()
    if not any(name.endswith(".safetensors") for name in shared) or any(
        found[name] != record.encoder[name] for name in shared
    ):
        raise ModelError(
            f"The encoder {settings.name!r} ({weights.folder}) is not the one that {folder} was trained with.",
            "Give it the same files again, or train again: auditor retrain.",
        )
    return Encoder(weights, settings, device)


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: hash_file(path) for pattern in _DECIDE_VECTORS for path in sorted(folder.glob(pattern))}


def _write_json(path: Path, value: Mapping[str, Any] | Sequence[str]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _damaged(folder: Path, why: str) -> ModelError:
    return ModelError(f"The model in {folder} is damaged: {why}.", "Write it again: auditor retrain.")
