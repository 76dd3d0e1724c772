"""Every option and every default, in one place.

An :class:`AuditConfig` is frozen. Each part goes to the package it is named after, and the run's manifest records its
values. When a part changes, only the stages that depend on it run again.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from auditor.effort import Effort, with_preset, without_preset
from auditor.errors import ConfigError
from auditor.modelspecs import MODELS, ModelSpec, specs_of
from auditor.validation import Settings, share_of_cards, split_labels
from auditor.vocabulary import DEFAULT_ENCODER, MODEL_NAMES, TOOL_NAMES

PROBABILITY_FLOOR = 1e-6
"""Probabilities are floored here and renormalised before any logarithm."""

TRAININGS = 3
"""Trainings of each model on each version of the labels, in a retraining."""
CORRECTED = "corrected"
"""Configuration name under which a push stores the corrected labels, as ``load_dataset`` takes it."""
LOCALHOST = "127.0.0.1"
"""Default host of the review page."""

_RESERVED = frozenset({"dummy", *MODEL_NAMES, "consensus", "neighbours"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_ADDRESS = re.compile(r"I(\.I)*:I(\.I)*".replace("I", "[A-Za-z_][A-Za-z0-9_]*"))
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def is_address(model: str) -> bool:
    """Return whether a model is the user's own code, given as ``package.module:Name``."""
    return _ADDRESS.fullmatch(model) is not None


def short_name(model: str) -> str:
    """Return a model's name in columns and files: ``package.module:MyModel`` becomes ``my_model``."""
    if not is_address(model):
        return model
    return _WORD.sub("_", model.replace(":", ".").split(".")[-1]).lower().strip("_")


def _address_of(given: Any) -> Any:
    if callable(given) and hasattr(given, "__qualname__"):
        return f"{given.__module__}:{given.__qualname__}"
    if not isinstance(given, str):
        raise ConfigError(
            f"{given!r:.120} is an object of {type(given).__name__}; expected a name or a class.",
            "Pass the class itself, which is instantiated for each fold, or its name as module:Name.",
        )
    return given


def _split_names(given: Any) -> Any:
    return tuple(name.strip() for name in given.split(",")) if isinstance(given, str) else given


def _split_label_names(given: Any) -> Any:
    return split_labels(given) if isinstance(given, str) else given


def _check_model(model: str) -> str:
    if model not in MODEL_NAMES and not is_address(model):
        raise ConfigError(
            f"There is no model {model!r:.120}.",
            f"Choose from {', '.join(MODEL_NAMES)}, or name your own class, at the top of a module: module:Name.",
        )
    return model


def _check_tool(tool: str | None) -> str | None:
    if tool not in (None, "columns", *TOOL_NAMES):
        raise ConfigError(
            f"{tool!r:.120} is not an annotation tool whose exports can be read.",
            f"Choose from {', '.join(TOOL_NAMES)}, or columns to read the columns as they are.",
        )
    return tool


def _check_signal(address: str) -> str:
    if not is_address(address):
        raise ConfigError(
            f"{address!r:.120} is not a signal.", "Name your own class, at the top of a module: module:Name."
        )
    return address


Model = Annotated[str, BeforeValidator(_address_of), AfterValidator(_check_model)]
"""One of ``MODEL_NAMES``, or the address of the user's own classifier; a class stands for its address."""
OwnSignal = Annotated[str, BeforeValidator(_address_of), AfterValidator(_check_signal)]
"""The address of the user's own signal; a class stands for its address."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(ge=1)]


OrNone = Annotated[str | None, BeforeValidator(lambda given: None if given == "" else given)]
"""A string; an empty string counts as None."""


class ReadConfig(Settings):
    """How a source is read; see :func:`auditor.data.read`."""

    text: OrNone = None
    """Name of the text column; guessed from the usual names when None."""
    label: str | None = None
    """Name of the label column; guessed from the usual names when None. With ``votes``, an empty string means that no
    column holds labels: the given label is then the majority label, as it is when no column has a usual name."""
    id: OrNone = None
    """Name of the column of unique ids; ids are made from split and row when None."""
    annotator: OrNone = None
    """Name of the column of raters, where each row is one vote; the rows of a text are merged into one."""
    votes: Annotated[str | tuple[str, ...] | None, BeforeValidator(lambda given: given or None)] = None
    """Name of the column of all votes on a text, or comma-separated names of columns with one rater's votes each."""
    tool: Annotated[str | None, AfterValidator(_check_tool)] = None
    """Annotation tool that wrote the export; detected from its keys when None, not detected when ``columns``."""
    delimiter: OrNone = None
    """Delimiter of CSV-like files; detected when None."""
    quoting: Literal["auto", "minimal", "none"] = "auto"
    """Whether fields of CSV-like files may be double-quoted; ``auto`` inspects all fields first."""
    header: bool = True
    """Whether the first row of CSV-like files names the columns."""
    columns: tuple[str, ...] = ()
    """Names of the columns of CSV-like files that have no header."""
    sheet: str | None = None
    """Sheet of an Excel workbook; the first non-empty sheet when None."""
    encoding: str = "utf-8"
    drop_invalid: bool = False
    """Set aside rows without a text or a label instead of refusing the dataset."""
    missing_labels: Annotated[tuple[str, ...], BeforeValidator(_split_label_names)] = ()
    """Labels that mean "no label", such as ``nan``; ``*`` matches any characters."""
    mirrors: bool = True
    """Correct columns that mirror the label, such as ``label_text``, along with it."""
    config: str | None = None
    """Configuration of a Hub dataset."""
    split: tuple[str, ...] = ()
    """Splits to read from a source that has several; all when empty."""
    revision: str | None = None
    """Revision of a Hub dataset."""

    def reading(self) -> dict[str, Any]:
        """Return the options that another version of the dataset must be read with; no part or version is named."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude={"config", "split", "revision"})


class DuplicatesConfig(Settings):
    """What counts as a near duplicate (MinHash over character shingles of the normalised text)."""

    jaccard: Fraction = 0.8
    """Least (estimated) Jaccard similarity of the shingles of two near duplicates."""
    shingle: Positive = 5
    """Characters in a shingle; a Chinese or Japanese one counts as two and a half."""
    permutations: Positive = 128
    max_share: Fraction = 0.02
    """Chains of near duplicates over this share of the rows (and over 50 texts) are reduced to exact duplicates."""


class EncoderConfig(Settings):
    """The frozen encoder."""

    name: str = DEFAULT_ENCODER
    pooling: Literal["mean", "cls"] = "mean"
    max_length: Positive = 128
    """Tokens per text; longer texts are truncated."""
    token_budget: Positive | None = None
    """Tokens per batch, padding included. It changes the low bits of the vectors. Default: 1,024 on a CPU that does not
    multiply bfloat16 matrices, where small batches are quicker, else 4,096; the manifest's stage records the number."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """``auto`` is bfloat16 where the hardware reports that it multiplies bfloat16 matrices, else float32."""


class LogisticConfig(Settings):
    """Logistic regression whose regularisation strength is chosen by log-loss inside the training folds."""

    strengths: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)
    """The grid of scikit-learn's ``C``."""
    max_iter: Positive = 300
    choose_rows: Positive = 20_000
    """Most training rows that the strength is chosen on; the seed draws them."""


class LexicalConfig(LogisticConfig):
    """TF-IDF words + logistic regression; in scripts without spaces, n-grams of characters are words too."""

    strengths: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 100.0)
    ngrams: Positive = 1
    """Words in the longest n-gram."""
    min_rows: Positive = 2
    """Fewest training rows that an n-gram must occur in."""
    max_features: Positive = 100_000


class FeaturesConfig(LogisticConfig):
    """Standardised vectors + logistic regression."""

    strengths: tuple[float, ...] = (0.0001, 0.001, 0.01, 0.1)


class FinetunedConfig(Settings):
    """Fine-tuning of the whole transformer with Hugging Face's Trainer."""

    base_model: str = DEFAULT_ENCODER
    epochs: Positive = 2
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    """Number of lowest layers that are not trained; the highest layer always is."""
    batch_size: Positive = 32
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Fraction = 0.1
    """Share of the steps in which the learning rate rises."""
    max_length: Positive = 128
    freeze_embeddings: bool = True
    """Do not train the token embeddings, which are half the parameters and a fifth of the time."""
    choose_epoch: bool = False
    """Keep the epoch with the lowest log-loss on a tenth of the training rows, instead of the last one."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class ConsensusConfig(Settings):
    """How the evidence on a row is pooled; see :mod:`auditor.detection.consensus.consensus`."""

    robustness: Fraction = 0.5
    """Robustness of the loss that the experts' weights minimise: 0 is the log-loss, 1 the error rate."""
    neighbourhoods: Fraction = 0.2
    """Share of the neighbourhood model in the pool, beside all experts."""
    largest_shift: Annotated[float, Field(ge=1)] = 2.0
    """Largest factor by which a label's share is corrected."""


class DetectionConfig(Settings):
    """Consensus, neighbours, map and groups."""

    consensus: ConsensusConfig = ConsensusConfig()

    neighbours: Positive = 20
    exact_neighbours_to: Positive = 100_000
    """Most rows for exact neighbours; above, they are approximate (PyNNDescent)."""
    map_rows: Positive = 50_000
    """Most rows on the 2-D map; the seed draws a sample of more."""
    map_neighbours: Annotated[int, Field(ge=2)] = 15
    max_clusters: Positive = 12
    """Most clusters of the vectors within one pair given → suggested."""
    cluster_rows: Positive = 25
    """Issues per cluster of a pair, roughly."""
    raters: Literal["dawid_skene", "crowdlab"] = "dawid_skene"
    """How raters' votes are weighed against each other and the models; see :mod:`auditor.signals.crowd`."""


class QueueConfig(Settings):
    """How the default queue of the review page mixes its cards."""

    order: Literal["learnt", "static"] = "learnt"
    """Order that a reviewer starts with: the learnt one, mixed as set below, or the static one alone."""
    blind: Annotated[float, Field(ge=0, le=1), BeforeValidator(share_of_cards)] = 1 / 20
    """Share of cards drawn at random from the rows that nobody has judged."""
    opening: Annotated[int, Field(ge=0, le=1000)] = 80
    """Cards in the opening; every second one is drawn evenly over the given labels."""
    sample: Annotated[int, Field(ge=1)] | None = None
    """Number of cards to be judged in a random sample; until then, no other cards are served."""
    overlap: Annotated[int, Field(ge=1, le=50)] = 1
    """Number of people who judge each card."""
    open: bool = False
    """Whether a card shows the verdicts of others before the reviewer's own."""
    gold: Path | None = None
    """File of rows whose answers are known, with the columns id and label."""
    gold_cards: Annotated[int, Field(ge=1, le=1000)] = 20
    """Known answers mixed into the first cards of each reviewer."""
    certify: str | None = None
    """Id of the plan whose cards are served, and no others; None for the usual cards."""
    assign: str | None = None
    """How the rows are split among the accounts: ``evenly``, ``class``, ``split``, or a JSON file; None if not."""


class AuditConfig(Settings):
    """All options of an audit."""

    read: ReadConfig = ReadConfig()
    models: Annotated[tuple[Model, ...], BeforeValidator(_split_names)] = MODEL_NAMES
    """Models to cross-validate: from ``MODEL_NAMES``, or ``package.module:Name`` of the user's own classifier."""
    probabilities: tuple[str, ...] = ()
    """Names of the models whose probabilities the user supplies; :func:`auditor.audit` sets them."""
    signals: Annotated[tuple[OwnSignal, ...], BeforeValidator(_split_names)] = ()
    """``package.module:Name`` of the user's own signals."""
    effort: Effort = "default"
    """Preset of ``folds``, ``finetuned.epochs`` and ``finetuned.frozen_layers``; each can be set beside it."""
    folds: Annotated[int, Field(ge=2, le=100)] = 3
    """Number of cross-validation folds."""
    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    """Trainings of each model, each on other folds and from another seed. They steady the consensus and measure how
    stable the flags are."""
    cheap_repeats: Annotated[int, Field(ge=1, le=100)] = 3
    """Fewest trainings of each model that trains in seconds."""
    train_rows: Positive | None = None
    """Most rows that a model learns from. Default: all, or 50,000 of a dataset of more than 100,000 rows."""
    train_on: tuple[str, ...] = ()
    """Splits to train on instead of cross-validation; requires ``audit``."""
    audit: tuple[str, ...] = ()
    """Splits to audit with models trained on ``train_on``."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Random seed. Each fold adds its number, and NumPy accepts seeds below 2**32."""
    device: str = "auto"
    """``auto`` (a GPU when there is one), ``cpu``, ``cuda``, ``mps``."""
    threads: Positive | None = 2
    """Threads of each fine-tuning on a CPU; None for torch's own number. They change the last bits of the results, so
    that the default is not the number of cores: folds are trained side by side instead."""
    duplicates: DuplicatesConfig = DuplicatesConfig()
    encoder: EncoderConfig = EncoderConfig()
    features: FeaturesConfig = FeaturesConfig()
    lexical: LexicalConfig = LexicalConfig()
    finetuned: FinetunedConfig = FinetunedConfig()
    detection: DetectionConfig = DetectionConfig()

    @property
    def pooled(self) -> tuple[str, ...]:
        """Names of all models in the consensus."""
        return (*map(short_name, self.models), *self.probabilities)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """Specifications of the chosen models that are auditor's own."""
        return specs_of(self.models)

    @property
    def tuned(self) -> ModelSpec | None:
        """The chosen model that provides vectors and keeps its training dynamics; None without one."""
        return next((spec for spec in self.specs if spec.gives_vectors and spec.keeps_dynamics), None)

    @model_validator(mode="before")
    @classmethod
    def _fill_in_effort(cls, given: Any) -> Any:
        """Fill in the settings of the effort. A run records all settings, so this changes no run that is read."""
        return with_preset(given, given.get("effort", "default")) if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _names_are_clean(self) -> Self:
        """Check that model names are valid and unique: they become columns and files."""
        seen = {name.casefold() for name in _RESERVED - {*self.models}}
        for name in self.pooled:
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"{name!r:.120} is not a valid model name.",
                    "Rename its file or class: up to 40 letters, digits, _ and -, starting with a letter.",
                )
            if name.casefold() in seen:
                raise ConfigError(
                    f"The model name {name!r} is taken, by another model or by auditor itself.",
                    f"Rename the file or the class. Reserved names: {', '.join(sorted(_RESERVED))}.",
                )
            seen.add(name.casefold())
        return self

    def times(self, model: str) -> int:
        """Return how often a model is trained."""
        if model in self.probabilities:
            return 1
        # On fixed splits, a cheap model has no randomness: every training would give the same result.
        cheap = model in MODELS and MODELS[model].is_cheap and not self.train_on
        return max(self.repeats, self.cheap_repeats) if cheap else self.repeats

    @property
    def trainings(self) -> int:
        """Most trainings of any model, repeats included."""
        return max(map(self.times, self.pooled))

    def updated(self, **options: Any) -> AuditConfig:
        """Return a checked copy with some fields changed; within a part, only the fields that are passed change.

        Raises
        ------
        InputError
            If a field does not exist, or its value is not allowed.
        """
        current = self.model_dump()
        if options.get("effort", self.effort) != self.effort:
            current = without_preset(current, self.effort)
        parts = {
            name: {**current[name], **value} for name, value in options.items() if _is_part(current.get(name), value)
        }
        return AuditConfig(**{**current, **options, **parts})


def _is_part(current: Any, value: Any) -> bool:
    return isinstance(current, dict) and isinstance(value, dict)


DEFAULTS = AuditConfig()
"""The default configuration."""
