"""The model card: what a fine-tuned model was trained on, how well it does, and how to ask it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import ModelCardData

from auditor.config import FinetunedConfig
from auditor.correction.push.markdown import code
from auditor.data.source import counted

CARD = "README.md"
SECTION = "model"
"""Name of our part of a card."""
_SCORES = {"accuracy": "accuracy", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}
_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class About:
    """What the model card tells of a model's training.

    Attributes
    ----------
    dataset : str
        What was audited: the source's name.
    rows, changed, excluded : int
        Trained on; of these, with a label that people have changed; left out of the training rows.
    hub_dataset : bool
        Whether ``dataset`` is the name of a dataset on the Hub.
    seed : int
    tested_on : int
        Rows that ``scores`` are of; 0 when there are none.
    scores : mapping of str to float
        On the corrected labels of those rows: ``accuracy``, ``weighted_f1``, ``macro_f1``.
    """

    dataset: str
    rows: int
    changed: int = 0
    excluded: int = 0
    hub_dataset: bool = False
    seed: int = 0
    tested_on: int = 0
    scores: Mapping[str, float] = field(default_factory=dict)


def write_card(folder: Path, about: About, label_names: Sequence[str], config: FinetunedConfig) -> None:
    """Write ``README.md``, our part between marks; names from the data stand in it as code, never as markup."""
    base = config.base_model if _is_hub_name(config.base_model) else None
    data = ModelCardData(
        library_name="transformers",
        pipeline_tag="text-classification",
        base_model=base,
        datasets=[about.dataset] if about.hub_dataset and _HUB_NAME.fullmatch(about.dataset) else None,
        tags=["text-classification", "label-auditor"],
    )
    section = (
        f"<!-- auditor:begin {SECTION} -->\n{_prose(about, label_names, config, base)}<!-- auditor:end {SECTION} -->"
    )
    (folder / CARD).write_text(f"---\n{data.to_yaml()}\n---\n\n{section}\n", "utf-8")


def _prose(about: About, label_names: Sequence[str], config: FinetunedConfig, base: str | None) -> str:
    start = f"[{base}](https://huggingface.co/{base})" if base else code(Path(config.base_model).name)
    lines = [
        f"# Text classifier, trained on corrected labels of {code(about.dataset)}",
        "",
        f"{start}, fine-tuned on {counted(about.rows, 'text')} whose labels were audited with `auditor`:"
        f" {about.changed:,} of them have a label that people have changed, and"
        f" {counted(about.excluded, 'further row')} {'was' if about.excluded == 1 else 'were'} left out.",
        "",
        "## How to ask it",
        "",
        "```python",
        "from transformers import pipeline",
        "",
        'classify = pipeline("text-classification", model="…", truncation=True)  # the name or folder of this model',
        'classify("So glad that you came!", top_k=None)',
        "```",
        "",
        'or, in a terminal, `auditor predict MODEL "So glad that you came!"`.',
        "",
        "## Classes",
        "",
        *(f"- {code(name)}" for name in label_names),
        "",
    ]
    if about.tested_on:
        lines += [
            "## How well it does",
            "",
            f"On {counted(about.tested_on, 'test row')} with corrected labels, as far as people have judged them:",
            "",
            "| " + " | ".join(_SCORES[name] for name in _SCORES if name in about.scores) + " |",
            "|" + " --- |" * sum(name in about.scores for name in _SCORES),
            "| " + " | ".join(f"{about.scores[name]:.3f}" for name in _SCORES if name in about.scores) + " |",
            "",
        ]
    return "\n".join([*lines, *_training(about, config), ""])


def _training(about: About, config: FinetunedConfig) -> list[str]:
    return [
        "## Training",
        "",
        f"{counted(config.epochs, 'epoch')}, batches of {config.batch_size}, learning rate {config.learning_rate:g},"
        f" weight decay {config.weight_decay:g}, texts cut at {config.max_length} tokens, seed {about.seed}.",
        "",
        "## Limits",
        "",
        "It knows these classes alone, and gives every text one of them. Rows that nobody has judged keep the labels"
        " that they came with. For what it may be used, see the licences of the base model and of the dataset.",
    ]


def _is_hub_name(model: str) -> bool:
    return _HUB_NAME.fullmatch(model) is not None and not Path(model).is_dir()
