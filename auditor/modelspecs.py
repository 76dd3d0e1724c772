"""The models that auditor brings along, and what each can do: other code asks for that, never for a model by its name.

It imports nothing that takes time; :mod:`auditor.models.registry` makes the classifiers themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from auditor.vocabulary import ModelName


@dataclass(frozen=True)
class ModelSpec:
    """What a model is, and can do.

    Attributes
    ----------
    name : str
    adjective : str
        Before "model" in a sentence.
    about : str
        What it is, in a few words.
    takes : {"texts", "vectors"}
        What it learns from; vectors are the frozen encoder's.
    is_cheap : bool
        It is trained in seconds, and so several times.
    has_base : bool
        It starts from pretrained weights, which must be found first.
    keeps_dynamics : bool
        It keeps what it said of the rows after each epoch.
    gives_vectors : bool
        It gives vectors of its own for the rows that it did not see.
    saved_as : {"transformers", "arrays"}
        A folder that ``transformers`` loads, or arrays that auditor alone does.
    """

    name: ModelName
    adjective: str
    about: str
    takes: Literal["texts", "vectors"] = "texts"
    is_cheap: bool = True
    has_base: bool = False
    keeps_dynamics: bool = False
    gives_vectors: bool = False
    saved_as: Literal["transformers", "arrays"] = "arrays"


_SPECS = (
    ModelSpec("features", "feature-based", "logistic regression on the encoder's vectors", takes="vectors"),
    ModelSpec("lexical", "lexical", "logistic regression on TF-IDF words"),
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
"""By name, in the order in which they are trained."""
CHEAP = ",".join(spec.name for spec in _SPECS if spec.is_cheap)
"""The cheap ones, as the option ``--models`` takes them."""


def specs_of(names: Iterable[str]) -> tuple[ModelSpec, ...]:
    """Those of some models, as far as they are auditor's own."""
    return tuple(MODELS[name] for name in names if name in MODELS)


def earlier_epochs(model: str) -> str:
    """What the consensus calls the expert that stands for a model before its last epoch."""
    return f"{model}, earlier epochs"


def neighbours_by(spec: ModelSpec) -> str:
    """What the consensus calls the votes of the nearest rows by a model's own vectors."""
    return f"neighbours by the {spec.adjective} model"
