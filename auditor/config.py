"""Every option and every default, in one place.

An :class:`AuditConfig` is frozen; its parts are handed to the rooms that they are named after, and their values are
recorded in the run's manifest. A part that changes makes exactly those stages run again that depend on it.
"""

from __future__ import annotations

import fractions
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from auditor.errors import ConfigError
from auditor.modelspecs import MODELS, ModelSpec, specs_of
from auditor.validation import Settings, split_labels
from auditor.vocabulary import DEFAULT_ENCODER, MODEL_NAMES, TOOL_NAMES

PROBABILITY_FLOOR = 1e-6
"""Probabilities are floored here and renormalised before any logarithm."""

TRAININGS = 3
"""Of a retraining: how often each model is trained on each version of the labels."""
CORRECTED = "corrected"
"""What a push calls the corrected labels, as ``load_dataset`` takes it."""
LOCALHOST = "127.0.0.1"
"""Where the review page is served."""

_RESERVED = frozenset({"dummy", *MODEL_NAMES, "consensus", "neighbours"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_ADDRESS = re.compile(r"I(\.I)*:I(\.I)*".replace("I", "[A-Za-z_][A-Za-z0-9_]*"))
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def is_address(model: str) -> bool:
    """Whether it is ``package.module:Name``, and so code of the user's own."""
    return _ADDRESS.fullmatch(model) is not None


def short_name(model: str) -> str:
    """What a model is called in columns and files: ``package.module:MyModel`` is ``my_model``."""
    if not is_address(model):
        return model
    return _WORD.sub("_", model.replace(":", ".").split(".")[-1]).lower().strip("_")


def _address_of(given: Any) -> Any:
    if callable(given) and hasattr(given, "__qualname__"):
        return f"{given.__module__}:{given.__qualname__}"
    if not isinstance(given, str):
        raise ConfigError(
            f"{given!r:.120} is an object of {type(given).__name__}; a name or a class is expected.",
            "Give the class itself, which is made anew for each fold, or its name as module:Name.",
        )
    return given


def _several(given: Any) -> Any:
    return tuple(name.strip() for name in given.split(",")) if isinstance(given, str) else given


def _labels(given: Any) -> Any:
    return split_labels(given) if isinstance(given, str) else given


def _known_model(model: str) -> str:
    if model not in MODEL_NAMES and not is_address(model):
        raise ConfigError(
            f"There is no model {model!r:.120}.",
            f"Choose of {', '.join(MODEL_NAMES)}, or name a class of your own, at the top of a module: module:Name.",
        )
    return model


def _known_tool(tool: str | None) -> str | None:
    if tool not in (None, "columns", *TOOL_NAMES):
        raise ConfigError(
            f"There is no annotation tool {tool!r:.120} whose exports are read.",
            f"Choose from {', '.join(TOOL_NAMES)}, or columns to read the columns as they are.",
        )
    return tool


def _own_signal(address: str) -> str:
    if not is_address(address):
        raise ConfigError(
            f"{address!r:.120} names no signal.", "Name a class of your own, at the top of a module: module:Name."
        )
    return address


Model = Annotated[str, BeforeValidator(_address_of), AfterValidator(_known_model)]
"""One of ``MODEL_NAMES``, or the address of a classifier of one's own; a class stands for its address."""
OwnSignal = Annotated[str, BeforeValidator(_address_of), AfterValidator(_own_signal)]
"""The address of a signal of one's own; a class stands for its address."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(ge=1)]


OrNone = Annotated[str | None, BeforeValidator(lambda given: None if given == "" else given)]
"""A string; an empty one counts as None."""


class ReadConfig(Settings):
    """How a source is read; see :func:`auditor.data.read`."""

    text: OrNone = None
    """Name of the text column; guessed from the usual names when None."""
    label: str | None = None
    """Name of the label column; guessed from the usual names when None. With ``votes``, an empty string says that no
    column holds labels: the given label is then the one that most raters chose, as it is where no name is usual."""
    id: OrNone = None
    """Name of a column of unique ids; made from split and row when None."""
    annotator: OrNone = None
    """Name of the column of raters, where each row is one vote: the rows of a text become one then."""
    votes: Annotated[str | tuple[str, ...] | None, BeforeValidator(lambda given: given or None)] = None
    """Name of a column of all votes on a text; or names of several, each with one rater's votes, in one string with a
    comma between them."""
    tool: Annotated[str | None, AfterValidator(_known_tool)] = None
    """Annotation tool whose export is read; recognised by its keys when None, and never looked for when ``columns``."""
    delimiter: OrNone = None
    """Of CSV-like files; found when None."""
    quoting: Literal["auto", "minimal", "none"] = "auto"
    """Whether fields of CSV-like files may stand between double quotes; ``auto`` looks at all of them first."""
    header: bool = True
    """Whether the first row of CSV-like files names the columns."""
    columns: tuple[str, ...] = ()
    """Names of the columns of CSV-like files that have no header."""
    sheet: str | None = None
    """Sheet of an Excel workbook; the first with something in it when None."""
    encoding: str = "utf-8"
    drop_invalid: bool = False
    """Set rows without a text or a label aside, instead of refusing the dataset."""
    missing_labels: Annotated[tuple[str, ...], BeforeValidator(_labels)] = ()
    """Labels that mean "no label", such as ``nan``; ``*`` matches any characters."""
    mirrors: bool = True
    """Correct other columns that say the same as the label along with it, such as ``label_text``."""
    config: str | None = None
    """Configuration of a Hub dataset."""
    split: tuple[str, ...] = ()
    """Splits to read, of a source that has several; all when empty."""
    revision: str | None = None
    """Revision of a Hub dataset."""

    def reading(self) -> dict[str, Any]:
        """What must be known to read another version of the dataset alike; not which part or version is read."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude={"config", "split", "revision"})


class DuplicatesConfig(Settings):
    """What counts as a near duplicate (MinHash over character shingles of the normalised text)."""

    jaccard: Fraction = 0.8
    """Two texts are near duplicates when the (estimated) Jaccard similarity of their shingles reaches this."""
    shingle: Positive = 5
    """Characters in a shingle."""
    permutations: Positive = 128
    max_share: Fraction = 0.02
    """A chain of near duplicates over this share of the rows (and over 50 texts) is cut down to exact duplicates."""


class EncoderConfig(Settings):
    """The frozen encoder."""

    name: str = DEFAULT_ENCODER
    pooling: Literal["mean", "cls"] = "mean"
    max_length: Positive = 128
    """Tokens; longer texts are cut."""
    token_budget: Positive = 4096
    """Tokens in a batch, padding included. Part of the configuration, since it changes low bits of the vectors."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """``auto`` is bfloat16 where the hardware multiplies bfloat16 matrices: it is asked, not guessed, nor timed."""


class LogisticConfig(Settings):
    """Logistic regression whose strength is chosen inside the training folds by log-loss."""

    strengths: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)
    """The grid of scikit-learn's ``C``."""
    max_iter: Positive = 300
    choose_rows: Positive = 20_000
    """The strength is chosen on so many training rows at most, drawn by seed."""


class LexicalConfig(LogisticConfig):
    """TF-IDF words + logistic regression."""

    strengths: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 100.0)
    ngrams: Positive = 1
    """Longest run of words that is a feature."""
    min_rows: Positive = 2
    """A run of words in fewer training rows than this is no feature."""
    max_features: Positive = 100_000


class FeaturesConfig(LogisticConfig):
    """Standardised vectors + logistic regression."""

    strengths: tuple[float, ...] = (0.0001, 0.001, 0.01, 0.1)


class FinetunedConfig(Settings):
    """Fine-tuning of the whole transformer with Hugging Face's Trainer."""

    base_model: str = DEFAULT_ENCODER
    epochs: Positive = 3
    batch_size: Positive = 32
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Fraction = 0.1
    """Share of the steps in which the learning rate rises."""
    max_length: Positive = 128
    freeze_embeddings: bool = True
    """Leave the table of token embeddings as it is: half the parameters, a fifth of the time."""
    choose_epoch: bool = False
    """Keep the epoch with the lowest log-loss on a tenth of the training rows, instead of the last one."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


class ConsensusConfig(Settings):
    """How all that is known of a row is pooled; :func:`auditor.detection.consensus.consensus` says what each does."""

    robustness: Fraction = 0.5
    """Of the loss that the models' weights are learnt by: 0 is the log-loss, 1 the share of misses."""
    neighbourhoods: Fraction = 0.2
    """What the model of the neighbourhoods weighs beside all experts."""
    largest_shift: Annotated[float, Field(ge=1)] = 2.0
    """A label's share is corrected by this factor at most."""


class DetectionConfig(Settings):
    """Consensus, neighbours, map and groups."""

    consensus: ConsensusConfig = ConsensusConfig()

    neighbours: Positive = 20
    exact_neighbours_to: Positive = 100_000
    """Rows up to which the neighbours are exact; approximate (PyNNDescent) above."""
    map_rows: Positive = 50_000
    """Rows on the 2-D map at most; of more, a sample drawn by seed."""
    map_neighbours: Annotated[int, Field(ge=2)] = 15
    max_clusters: Positive = 12
    """Clusters of the vectors within one pair given → suggested, at most."""
    cluster_rows: Positive = 25
    """A pair is cut into about one cluster for so many issues."""
    raters: Literal["dawid_skene", "crowdlab"] = "dawid_skene"
    """How several raters' votes are weighed against each other and the models; see :mod:`auditor.signals.crowd`."""


def _share(given: Any) -> Any:
    """Read ``1/20``, ``5%``, ``all`` or ``off``."""
    if not isinstance(given, str):
        return given
    if given in ("all", "off"):
        return float(given == "all")
    try:
        return float(fractions.Fraction(given.strip().removesuffix("%"))) / (100 if given.strip().endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise ConfigError(
            f"blind: {given!r:.80} is no share of cards.", "Give a number from 0 to 1, such as 1/20, or all, or off."
        ) from None


class QueueConfig(Settings):
    """How the default queue of the review page mixes its cards."""

    order: Literal["learnt", "static"] = "learnt"
    """Where a reviewer starts: the learnt order with all that is below, or the static one alone."""
    blind: Annotated[float, Field(ge=0, le=1), BeforeValidator(_share)] = 1 / 20
    """Share of the cards that are drawn at random from all rows that nobody has judged."""
    opening: Annotated[int, Field(ge=0, le=1000)] = 80
    """Cards of the opening: every second one is drawn evenly over the given labels."""
    sample: Annotated[int, Field(ge=1)] | None = None
    """Serve only cards drawn at random until so many are judged."""
    overlap: Annotated[int, Field(ge=1, le=50)] = 1
    """How many people judge each card."""
    open: bool = False
    """Whether a card shows the verdicts of others before one's own."""


class AuditConfig(Settings):
    """One audit, whole."""

    read: ReadConfig = ReadConfig()
    models: Annotated[tuple[Model, ...], BeforeValidator(_several)] = MODEL_NAMES
    """To be cross-validated: of ``MODEL_NAMES``, or ``package.module:Name`` of a classifier of one's own."""
    probabilities: tuple[str, ...] = ()
    """Names of the models whose probabilities are given ready-made; :func:`auditor.audit` sets them."""
    signals: Annotated[tuple[OwnSignal, ...], BeforeValidator(_several)] = ()
    """``package.module:Name`` of signals of one's own."""
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    """How often each model is trained, each time on other folds and from other seeds: it steadies the consensus, and
    says how stable the flags are."""
    cheap_repeats: Annotated[int, Field(ge=1, le=100)] = 3
    """The same of the models that are trained in seconds, at least."""
    train_on: tuple[str, ...] = ()
    """Splits to train on; with ``audit``, instead of cross-validation."""
    audit: tuple[str, ...] = ()
    """Splits to audit by models that were trained on ``train_on``."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Each fold adds its number to it, and NumPy takes no seed from 2**32 on."""
    device: str = "auto"
    """``auto`` (a GPU when there is one), ``cpu``, ``cuda``, ``mps``."""
    duplicates: DuplicatesConfig = DuplicatesConfig()
    encoder: EncoderConfig = EncoderConfig()
    features: FeaturesConfig = FeaturesConfig()
    lexical: LexicalConfig = LexicalConfig()
    finetuned: FinetunedConfig = FinetunedConfig()
    detection: DetectionConfig = DetectionConfig()

    @property
    def pooled(self) -> tuple[str, ...]:
        """Names of all models that have a say in the consensus."""
        return (*map(short_name, self.models), *self.probabilities)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """What the chosen models can do, those of the user's own left out."""
        return specs_of(self.models)

    @property
    def tuned(self) -> ModelSpec | None:
        """The chosen model that gives vectors of its own, and keeps what it said after each epoch; None without one."""
        return next((spec for spec in self.specs if spec.gives_vectors and spec.keeps_dynamics), None)

    @model_validator(mode="after")
    def _names_are_clean(self) -> Self:
        """Names become columns and files, and each is one model's."""
        seen = {name.casefold() for name in _RESERVED - {*self.models}}
        for name in self.pooled:
            if not _NAME.fullmatch(name):
                raise ConfigError(
                    f"{name!r:.120} cannot be the name of a model.",
                    "Give it (its file or its class) another one: up to 40 letters, digits, _ and -, a letter first.",
                )
            if name.casefold() in seen:
                raise ConfigError(
                    f"Two models are called {name!r}, or auditor itself calls one so.",
                    f"Rename the file or the class; taken are {', '.join(sorted(_RESERVED))}.",
                )
            seen.add(name.casefold())
        return self

    def times(self, model: str) -> int:
        """How often a model, by its name, is trained."""
        if model in self.probabilities:
            return 1
        # Trained on the same splits, a model without chance in it comes out alike each time.
        cheap = model in MODELS and MODELS[model].is_cheap and not self.train_on
        return max(self.repeats, self.cheap_repeats) if cheap else self.repeats

    @property
    def trainings(self) -> int:
        """How often any model is trained: the first time, and each repeat."""
        return max(map(self.times, self.pooled))

    def updated(self, **options: Any) -> AuditConfig:
        """Another configuration with some fields changed, checked; of a part, only the fields that are given.

        Raises
        ------
        InputError
            If there is no such field, or its value is not allowed.
        """
        known = self.model_dump()
        parts = {name: {**known[name], **value} for name, value in options.items() if _is_part(known.get(name), value)}
        return AuditConfig(**{**known, **options, **parts})


def _is_part(known: Any, value: Any) -> bool:
    return isinstance(known, dict) and isinstance(value, dict)


DEFAULTS = AuditConfig()
"""What holds where nothing else is said."""
