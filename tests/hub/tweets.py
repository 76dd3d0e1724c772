"""Tweets with ``ClassLabel`` numbers in two splits, and the decisions of two people on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets

from auditor.actions import corrections
from auditor.correction.decide.policy import Policy
from auditor.correction.export.tables import as_dataset_dict, corrected_tables
from auditor.run import Run
from tests.hub.runs import judge, read_run
from tests.hub.store import Person

TOKENS = {
    "hf_annannann": Person("ann", organisations=("us",)),
    "hf_readreadread": Person("rea", role="read"),
    "hf_finefinefine": Person("fin", role="fineGrained", writes=("fin/allowed",)),
}
NAMES = ["joy", "love", "an|ger"]
_SIZES = {"train": 30, "test": 9}
_VERDICTS: dict[str, tuple[str, ...]] = {
    "train-0": ("relabel", "love"),
    "train-1": ("keep",),
    "train-3": ("exclude",),
    "train-4": ("none_fits", "envy"),
    "test-2": ("relabel", "joy"),
}
_OF_BOB: dict[str, tuple[str, ...]] = {"train-0": ("relabel", "love"), "train-1": ("relabel", "love")}


def source() -> datasets.DatasetDict:
    """The dataset."""
    label = datasets.ClassLabel(names=NAMES)
    features = datasets.Features(
        {"tweet": datasets.Value("string"), "emotion": label, "likes": datasets.Value("int16")}
    )
    return datasets.DatasetDict(
        {
            split: datasets.Dataset.from_dict(
                {
                    "tweet": [f"{split} says that day {row} was {NAMES[row % 3]} and no other" for row in range(size)],
                    "emotion": [row % 3 for row in range(size)],
                    "likes": list(range(size)),
                },
                features=features,
            )
            for split, size in _SIZES.items()
        }
    )


def judged_run(directory: Path) -> Run:
    """Write a run of it with all decisions."""
    made = read_run(source(), directory, text="tweet", label="emotion")
    judge(made, _VERDICTS)
    judge(made, _OF_BOB, reviewer="bob")
    return made


def exported(run: Run, **policy: Any) -> datasets.DatasetDict:
    """What an export of a run holds."""
    return as_dataset_dict(corrected_tables(corrections(run, Policy(**policy))))


def same(loaded: dict[str, Any], expected: datasets.DatasetDict) -> bool:
    """Whether a client has loaded the same rows and features."""
    rows = {split: dataset.to_list() for split, dataset in expected.items()}
    features = {split: dataset.features.to_dict() for split, dataset in expected.items()}
    return bool(loaded["rows"] == rows and loaded["features"] == features)
