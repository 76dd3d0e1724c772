"""Model card of a fine-tuned model: training data, results and usage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import ModelCardData

from auditor.config import FinetunedConfig
from auditor.correction.push.markdown import code
from auditor.wording import counted

CARD = "README.md"
SECTION = "model"
"""Name of our section in a card."""
_SCORES = {"accuracy": "accuracy", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}
_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class About:
    """Facts on a model's training for the card.

    Attributes
    ----------
    dataset : str
        Name of the audited source.
    rows, changed, excluded : int
        Number of rows trained on; of these, with a corrected label; and of rows left out.
    hub_dataset : bool
        Whether ``dataset`` is the name of a dataset on the Hub.
    seed : int
    class_changes : tuple of str
        Changes of the dataset's classes before training, in words.
    tested_on : int
        Number of rows that ``scores`` are measured on; 0 without scores.
    scores : mapping of str to float
        Scores on the corrected labels of those rows: ``accuracy``, ``weighted_f1``, ``macro_f1``.
    """

    dataset: str
    rows: int
    changed: int = 0
    excluded: int = 0
    hub_dataset: bool = False
    seed: int = 0
    tested_on: int = 0
    class_changes: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)


def write_card(folder: Path, about: About, label_names: Sequence[str], config: FinetunedConfig) -> None:
    """Write ``README.md`` with our section between marks. Names from the data are formatted as code."""
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
        f" {about.changed:,} of them have a corrected label, and"
        f" {counted(about.excluded, 'further row')} {'was' if about.excluded == 1 else 'were'} left out.",
        "",
        "## How to use it",
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
        *_changes(about.class_changes),
    ]
    if about.tested_on:
        lines += [
            "## Results",
            "",
            f"On {counted(about.tested_on, 'test row')} with corrected labels, as far as people have judged them:",
            "",
            "| " + " | ".join(_SCORES[name] for name in _SCORES if name in about.scores) + " |",
            "|" + " --- |" * sum(name in about.scores for name in _SCORES),
            "| " + " | ".join(f"{about.scores[name]:.3f}" for name in _SCORES if name in about.scores) + " |",
            "",
        ]
    return "\n".join([*lines, *_training(about, config), ""])


def _changes(changes: Sequence[str]) -> list[str]:
    if not changes:
        return []
    return [f"The dataset's classes were changed before training: {', '.join(map(code, changes))}.", ""]


def _training(about: About, config: FinetunedConfig) -> list[str]:
    return [
        "## Training",
        "",
        f"{counted(config.epochs, 'epoch')}, batches of {config.batch_size}, learning rate {config.learning_rate:g},"
        f" weight decay {config.weight_decay:g}, texts cut at {config.max_length} tokens, seed {about.seed}.",
        "",
        "## Limits",
        "",
        "The model knows only these classes, and assigns every text one of them. Rows that nobody has judged keep their"
        " given labels. For permitted uses, see the licences of the base model and the dataset.",
    ]


def _is_hub_name(model: str) -> bool:
    return _HUB_NAME.fullmatch(model) is not None and not Path(model).is_dir()
