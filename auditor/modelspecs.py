"""The built-in models and what each can do. Other code asks for capabilities, never for a model by its name.

This module imports nothing slow; :mod:`auditor.models.registry` makes the classifiers themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from auditor.vocabulary import ModelName


@dataclass(frozen=True)
class ModelSpec:
    """A model and its capabilities.

    Attributes
    ----------
    name : str
    adjective : str
        Word before "model" in a sentence.
    about : str
        Short description.
    takes : {"texts", "vectors"}
        Input of the model; vectors are the frozen encoder's.
    is_cheap : bool
        The model trains in seconds, and is therefore trained several times.
    has_base : bool
        The model starts from pretrained weights, which must be found first.
    keeps_dynamics : bool
        The model keeps its outputs for the rows after each epoch.
    gives_vectors : bool
        The model provides its own vectors of held-out rows.
    has_strength : bool
        The model tries several strengths of regularisation, and keeps the best.
    saved_as : {"transformers", "arrays"}
        A folder that ``transformers`` loads, or arrays that only auditor loads.
    """

    name: ModelName
    adjective: str
    about: str
    takes: Literal["texts", "vectors"] = "texts"
    is_cheap: bool = True
    has_base: bool = False
    keeps_dynamics: bool = False
    gives_vectors: bool = False
    has_strength: bool = False
    saved_as: Literal["transformers", "arrays"] = "arrays"


_SPECS = (
    ModelSpec(
        "features", "feature-based", "logistic regression on the encoder's vectors", takes="vectors", has_strength=True
    ),
    ModelSpec("lexical", "lexical", "logistic regression on TF-IDF words", has_strength=True),
    ModelSpec(
        "finetuned",
        "fine-tuned",
        "the whole transformer trained",
        is_cheap=False,
        has_base=True,
        keeps_dynamics=True,
        gives_vectors=True,
        saved_as="transformers",
    ),
)
MODELS: dict[str, ModelSpec] = {spec.name: spec for spec in _SPECS}
"""Models by name, in the order of training."""
CHEAP = ",".join(spec.name for spec in _SPECS if spec.is_cheap)
"""Names of the cheap models, as the option ``--models`` takes them."""
LOADABLE = " or ".join(spec.name for spec in _SPECS if spec.saved_as == "transformers")
"""Names of the models that ``transformers`` can load, for messages."""
DYNAMIC = " or ".join(spec.name for spec in _SPECS if spec.keeps_dynamics)
"""Names of the models that keep dynamics, for messages."""


def specs_of(names: Iterable[str]) -> tuple[ModelSpec, ...]:
    """Return the specifications of those models that are auditor's own."""
    return tuple(MODELS[name] for name in names if name in MODELS)


def earlier_epochs(model: str) -> str:
    """Return the name of the expert for a model's epochs before the last."""
    return f"{model}, earlier epochs"


def neighbours_by(spec: ModelSpec) -> str:
    """Return the name of the expert for the nearest rows by a model's own vectors."""
    return f"neighbours by the {spec.adjective} model"
