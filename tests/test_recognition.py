from __future__ import annotations

import pytest

from auditor.config import AuditConfig
from auditor.recognition import LEAST_RECALL, Unrecognised, in_words, undertrained, unrecognised

NAMES = ("joy", "love", "fear", "absent")


def scores_of(*rows: tuple[int, ...]) -> dict[str, object]:
    return {"consensus": {"confusion": [list(row) for row in rows]}}


def test_classes_that_the_models_seldom_predict_are_named_the_least_recognised_first() -> None:
    scores = scores_of((90, 10, 0, 0), (8, 2, 0, 0), (40, 0, 0, 0), (0, 0, 0, 0))
    assert unrecognised(scores, NAMES) == [Unrecognised("fear", 40, 0), Unrecognised("love", 10, 2)]


def test_the_border() -> None:
    least = round(100 * LEAST_RECALL)
    assert unrecognised(scores_of((least, 100 - least)), ("joy",)) == []
    assert unrecognised(scores_of((least - 1, 101 - least)), ("joy",)) == [Unrecognised("joy", 100, least - 1)]


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ([], None),
        (
            [Unrecognised("fear", 57, 3)],
            "The models cannot recognise fear: they predict it for 3 of its 57 rows, so flags on it say little.",
        ),
        (
            [Unrecognised("fear", 1, 0), Unrecognised("joy", 1_000, 200)],
            "The models cannot recognise 2 of the labels, so flags on these say little: fear (0 of 1 row recognised), "
            "joy (200 of 1,000 rows recognised).",
        ),
    ],
)
def test_it_is_said_in_one_sentence(classes: list[Unrecognised], sentence: str | None) -> None:
    assert in_words(classes) == sentence


def test_a_long_label_is_cut() -> None:
    assert len(str(Unrecognised("x" * 10_000, 9, 1))) < 200
    assert len(in_words([Unrecognised("x" * 10_000, 9, 1)] * 5) or "") < 600


def test_many_classes_are_counted_and_not_all_named() -> None:
    sentence = in_words([Unrecognised(f"c{number}", 10, 0) for number in range(150)])
    assert sentence is not None
    assert sentence.startswith("The models cannot recognise 150 of the labels")
    assert len(sentence) < 300


def scored(f1: float | None, log_loss: float | None, rows: int = 9) -> dict[str, object]:
    return {"weighted_f1": f1, "log_loss": log_loss, "rows": rows}


@pytest.mark.parametrize(
    ("finetuned", "quick"),
    [
        (scored(0.5, 1.0), {"features": scored(0.4, 1.2), "lexical": scored(0.3, 1.3)}),
        (scored(0.4, 1.0), {"features": scored(0.5, 1.2)}),  # the better labels, the worse probabilities
        (scored(0.4, 1.2), {"features": scored(0.5, 1.3), "lexical": scored(0.3, 1.0)}),
        (scored(None, None, 0), {"features": scored(0.5, 1.0)}),
        (scored(0.4, 1.2), {"features": scored(None, None, 0)}),
        (scored(0.4, 1.2), {}),
    ],
)
def test_a_transformer_that_beats_a_quick_model_in_something_has_learnt(finetuned: object, quick: object) -> None:
    assert undertrained({"finetuned": finetuned, **quick}, AuditConfig()) is None  # type: ignore[dict-item]


def test_a_transformer_that_a_quick_model_beats_has_learnt_too_little() -> None:
    scores = {"features": scored(0.48, 1.3), "lexical": scored(0.45, 1.2), "finetuned": scored(0.31, 1.5)}
    assert undertrained(scores, AuditConfig()) == (
        "The fine-tuned model predicts the labels worse than the feature-based model does (weighted F1 0.31 and 0.48): "
        "2 epochs may be too few. Compare with twice as many."
    )
    assert undertrained(scores, AuditConfig(models=("features", "lexical"))) is None
