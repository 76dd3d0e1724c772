from __future__ import annotations

from typing import Any

import numpy as np

from auditor.evaluation.comparison.caveats import caveats
from auditor.evaluation.comparison.compare import compare
from auditor.evaluation.comparison.results import ModelResult, Part, Retraining, Setting

LABELS = np.array([0, 1, 0, 1])


def made(random: bool = False, seeds: int = 3, test: dict[str, int] | None = None, **changes: Any) -> Retraining:
    right = np.eye(2)[np.stack([LABELS] * seeds)]
    found = compare({"original": right, "corrected": right}, {"original": LABELS, "corrected": LABELS}, "ab", draws=20)
    setting = Setting(
        **{
            "split": "by hand",
            "train": Part(rows=16, judged=2, changed=1, excluded=0),
            "test": Part(**{"rows": 4, "judged": 2, "changed": 1, "excluded": 0, **(test or {})}),
            "leaks": 0,
            "seeds": tuple(range(seeds)),
            "ranked_by": ("features", "lexical"),
            "sources": {"queue": 3, "random": 1},
            "judged": 4,
            "changed": 2,
            "excluded": 0,
            "corrected": "",
            "policy": {},
            **changes,
        }
    )
    return Retraining(
        setting=setting, models=(ModelResult(name="lexical", comparison=found, random=found if random else None),)
    )


def test_it_is_said_which_models_chose_the_rows() -> None:
    first, *_ = caveats(made(), "my-run")
    assert first == (
        "The rows were ranked for review by the consensus of features and lexical. "
        "Of 4 rows judged, reviewers found 3 in the queue and 1 in a random sample."
    )
    first, *_ = caveats(made(ranked_by=("finetuned",)), "my-run")
    assert first.startswith("The rows were ranked for review by finetuned.")


def test_it_is_said_whom_a_cleaned_test_set_favours() -> None:
    chosen, drawn, none = (
        caveats(found, "my-run")[1] for found in (made(), made(random=True), made(test={"judged": 0, "changed": 0}))
    )
    assert "A test set cleaned by looking at one model's suspects favours that model" in chosen
    assert "every figure here is affected" in chosen
    assert "The 4 test rows of a random sample, which no model chose, are therefore reported separately." in drawn
    assert none.startswith("None of the 4 test rows was judged: both versions of them are the same")


def test_it_is_said_when_labels_are_the_models_own_word() -> None:
    told = caveats(made(policy={"unreviewed": "suggest-above"}, test={"judged": 0, "changed": 1}), "my-run")
    assert told[1].startswith("0 of the 4 test rows were judged (1 changed")
    assert "models are rewarded for agreeing with themselves" in told[2]


def test_what_is_left_out_is_counted_where_there_is_something() -> None:
    assert len(caveats(made(), "my-run")) == 4
    told = caveats(made(leaks=7, test={"excluded": 1}), "my-run")
    assert "Test rows in only one version are left out of the comparison: 1." in told
    assert any(sentence.endswith("among the test rows are not trained on: 7.") for sentence in told)


def test_changes_of_classes_are_in_both_versions() -> None:
    first, *_ = caveats(made(class_changes=("love merged into joy", "fear left out")), "my-run")
    assert first.startswith("Classes were changed in both versions alike: love merged into joy; fear left out. So the")


def test_it_is_said_what_the_intervals_cover() -> None:
    assert "the mean over 3 seeds, each interval covers 95 % of 20 draws" in caveats(made(), "my-run")[-1]
    assert "So few seeds" in caveats(made(), "my-run")[-1]
    assert "So few seeds" not in caveats(made(seeds=10), "my-run")[-1]
    assert "over a single seed" in caveats(made(seeds=1), "my-run")[-1]
