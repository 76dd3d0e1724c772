"""Save a trained model to a folder and load it: only safetensors and JSON, refused unless complete.

``auditor.json`` describes the model and holds the hash of each of its files. It is written last: without it, a folder
is not one of our models.
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
from auditor.evaluation.saved.linear import features_from, lexical_from, to_arrays
from auditor.evaluation.saved.modelcard import About, write_card
from auditor.evaluation.saved.predictor import Predictor
from auditor.models.logistic import Logistic
from auditor.models.transformer.encoder import Encoder
from auditor.models.transformer.encoding import encode
from auditor.models.transformer.finetuned import Finetuned
from auditor.models.transformer.weights import Weights, find_weights, quiet
from auditor.modelspecs import MODELS, ModelSpec
from auditor.storage import hash_file
from auditor.validation import first_fault
from auditor.vocabulary import ModelName

RECORD = "auditor.json"
_ARRAYS, _WORDS = "classifier.safetensors", "vocabulary.json"
_DECIDE_VECTORS = ("*.safetensors", "tokenizer.json", "vocab.*", "merges.txt", "*.model")
"""Files that determine an encoder's vectors. The Hub and packages differ in a model's other files."""

_Words = TypeAdapter(list[str])
_Hashes = dict[Annotated[str, Field(pattern=r"^\w[\w.-]*$")], Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


class Record(BaseModel):
    """Contents of ``auditor.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    format: Literal[1] = 1
    kind: ModelName
    label_names: Annotated[list[str], Field(min_length=1)]
    unseen: list[Annotated[int, Field(ge=0)]]
    """Codes of classes without training rows. Their probability is 0."""
    settings: dict[str, Any]
    """Settings of the encoder, or of the model, that predictions depend on."""
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
    """Write a trained classifier to a folder, which is created.

    A fine-tuned one is written in the format of ``transformers`` with a model card: ``transformers.pipeline`` loads it.

    Parameters
    ----------
    classifier : Finetuned or Logistic
        Trained classifier.
    folder : Path
        New or empty folder.
    name : str
        One of :data:`auditor.modelspecs.MODELS`.
    label_names : sequence of K str
    config : AuditConfig
        Configuration of the training.
    about : About
        Facts for the model card.
    encoder : Weights, optional
        Weights of the frozen encoder that made the vectors; required for ``features``.

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
        arrays, words = to_arrays(classifier)
        unseen = np.setdiff1d(np.arange(len(label_names)), arrays["classes"])
        (folder / _ARRAYS).write_bytes(save_arrays(arrays))
        if MODELS[name].takes == "texts":
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
    """Load a model written by :func:`save_model`.

    Raises
    ------
    ModelError
        If it is damaged, has another version, or needs an encoder that is not available.
    """
    record = read_record(folder)
    try:
        settings: Any = _settings_of(MODELS[record.kind])(**record.settings)
    except InputError as error:
        raise _damaged(folder, f"{RECORD}: settings: {error.what.removesuffix('.')}") from None
    if MODELS[record.kind].saved_as == "transformers":
        return _transformer(folder, record, settings, device)
    return _linear(folder, record, settings, device)


def _settings_of(spec: ModelSpec) -> type[BaseModel]:
    """Return what describes how a saved model takes texts: a transformer's, the frozen encoder's, or the words'."""
    if spec.saved_as == "transformers":
        return FinetunedConfig
    return EncoderConfig if spec.takes == "vectors" else LexicalConfig


def read_record(folder: Path) -> Record:
    """Read a folder's record, and check that its files are unchanged.

    Raises
    ------
    ModelError
        If the folder has no model, or a file has changed.
    """
    try:
        record = Record.model_validate_json((folder / RECORD).read_bytes())
        _check(folder, record)
    except (FileNotFoundError, NotADirectoryError):
        raise ModelError(
            f"{folder} is not a saved model: it has no {RECORD}.", "Name a folder written by `auditor retrain`."
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
            raise _damaged(folder, f"{name} is missing or has changed")


def public_name(model: str) -> str:
    """Return the name of a model without local folders."""
    return Path(model).resolve().name if Path(model).is_dir() else model


def _write_transformer(classifier: Finetuned, folder: Path, max_length: int) -> None:
    tokenizer = classifier.tokenizer
    longest, tokenizer.model_max_length = tokenizer.model_max_length, min(max_length, tokenizer.model_max_length)
    try:
        with quiet():
            tokenizer.save_pretrained(folder)
            classifier.model.save_pretrained(folder)
        for weights in folder.glob("*.safetensors"):  # safetensors makes them readable only by the owner
            shutil.copymode(folder / "config.json", weights)
    except SafetensorError as error:  # raised for a full disk
        raise StorageError(
            f"{folder} cannot be written: {str(error).splitlines()[0]}.",
            "Free disk space and run the same command again to continue.",
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
    num_classes, of_vectors = len(record.label_names), MODELS[record.kind].takes == "vectors"
    try:
        arrays = load_arrays((folder / _ARRAYS).read_bytes())
        if of_vectors:
            model = features_from(arrays, num_classes)
        else:
            words = _Words.validate_json((folder / _WORDS).read_bytes(), strict=True)
            model = lexical_from(arrays, words, settings, num_classes)
    except Exception as error:  # invalid arrays and words can raise any error
        raise _damaged(folder, (str(error).strip() or type(error).__name__).splitlines()[0]) from None
    names = tuple(record.label_names)
    if not of_vectors:
        return Predictor(folder.name, names, model.predict_proba)
    encoder = _encoder(folder, record, settings, device)
    if "mean" in arrays and len(arrays["mean"]) != encoder.dimensions:
        raise _damaged(folder, f"weights for {len(arrays['mean'])} dimensions; expected {encoder.dimensions}")

    def predict(texts: Sequence[str]) -> Any:
        with tempfile.TemporaryDirectory() as space:
            vectors = np.load(encode(encoder, texts, Path(space)), allow_pickle=False)
        return model.predict_proba(vectors)

    return Predictor(folder.name, names, predict)


def _encoder(folder: Path, record: Record, settings: EncoderConfig, device: str) -> Encoder:
    """Load the encoder that made the vectors, checked by its hashes."""
    weights = find_weights(settings.name)
    found = _hashes(weights.folder)
    shared = found.keys() & record.encoder.keys()
    if not any(name.endswith(".safetensors") for name in shared) or any(
        found[name] != record.encoder[name] for name in shared
    ):
        raise ModelError(
            f"The encoder {settings.name!r} ({weights.folder}) is not the one that {folder} was trained with.",
            "Restore its files, or train again: auditor retrain.",
        )
    return Encoder(weights, settings, device)


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: hash_file(path) for pattern in _DECIDE_VECTORS for path in sorted(folder.glob(pattern))}


def _write_json(path: Path, value: Mapping[str, Any] | Sequence[str]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _damaged(folder: Path, reason: str) -> ModelError:
    return ModelError(f"The model in {folder} is damaged: {reason}.", "Re-create it: auditor retrain.")
