from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from auditor.detection.classes import definitions
from auditor.detection.classes.definitions import DefinitionEvidence, find_definition_problems

NAMES = ("joy", "love", "fear", "anger")
SURE = 0.9


class Case:
    """Rows, a hundred a label, that are what they are given; rows that might be of another label come on top."""

    def __init__(self, names: tuple[str, ...] = NAMES, each: int = 100) -> None:
        self.names = names
        self.given = [code for code in range(len(names)) for _ in range(each)]
        self.rows = [self._row({code: SURE}) for code in self.given]

    def _row(self, chances: dict[int, float]) -> list[float]:
        rest = (1 - sum(chances.values())) / max(1, len(self.names) - len(chances))
        return [chances.get(code, rest) for code in range(len(self.names))]

    def taken(self, given: int, best: int, count: int, sure: float) -> None:
        """Rows of one label whose likeliest label is another one."""
        self.given += [given] * count
        self.rows += [self._row({best: sure, given: 0.95 - sure})] * count

    def find(
        self, neighbours: Any = None, similarities: Any = None, duplicates: Any = None, judged: Any = None
    ) -> list[dict[str, Any]]:
        rows = len(self.given)
        known = DefinitionEvidence(
            rows=np.arange(rows) if judged is None else judged,
            labels=np.array(self.given, np.int32),
            consensus=np.array(self.rows, np.float32),
            neighbours=np.full((rows, 1), -1, np.int32) if neighbours is None else neighbours,
            similarities=np.ones((rows, 1), np.float32) if similarities is None else similarities,
            duplicates=np.arange(rows, dtype=np.int32) if duplicates is None else duplicates,
        )
        return find_definition_problems(known, self.names, [f"r{row}" for row in range(rows)])


def test_a_pair_that_shares_its_texts_is_found() -> None:
    case = Case()
    case.taken(0, 1, 12, 0.5)
    case.taken(1, 0, 9, 0.5)
    (found,) = case.find()
    assert (found["label_a"], found["label_b"]) == ("joy", "love")
    assert (found["a_as_b"], found["b_as_a"]) == (12, 9)
    assert found["symmetry"] == pytest.approx(9 / 12)
    assert found["uncertainty"] == pytest.approx(1 - 0.05 / 0.95, abs=1e-3)
    assert found["accuracy"] == pytest.approx(400 / 421)
    assert found["accuracy_merged"] == 1
    assert found["examples"] == [], "no text has a neighbour"
    assert json.loads(json.dumps([found], allow_nan=False)) == [found]


@pytest.mark.parametrize(
    ("ab", "ba", "sure"),
    [
        (20, 0, 0.5),  # one way: wrong labels
        (20, 4, 0.5),  # mostly one way
        (10, 10, 0.9),  # the models are sure: wrong labels too
        (3, 3, 0.5),  # few
    ],
)
def test_errors_are_no_matter_of_definition(ab: int, ba: int, sure: float) -> None:
    case = Case()
    case.taken(0, 1, ab, sure)
    case.taken(1, 0, ba, sure)
    assert case.find() == []


def test_what_is_many_depends_on_the_smaller_class() -> None:
    case = Case()
    case.given += [0] * 900
    case.rows += [case.rows[0]] * 900
    case.taken(0, 1, 6, 0.5)
    case.taken(1, 0, 6, 0.5)
    assert len(case.find()) == 1
    case.given += [1] * 900
    case.rows += [case.rows[100]] * 900
    assert case.find() == []


def test_pairs_come_by_their_number_and_in_the_order_of_the_labels() -> None:
    case = Case()
    for a, b, count in ((1, 0, 6), (2, 3, 10), (0, 2, 6)):
        case.taken(a, b, count, 0.5)
        case.taken(b, a, count, 0.5)
    found = case.find()
    assert [(one["label_a"], one["label_b"]) for one in found] == [("fear", "anger"), ("joy", "love"), ("joy", "fear")]


def test_two_classes_merged_leave_nothing_to_tell() -> None:
    case = Case(("no", "yes"))
    case.taken(0, 1, 8, 0.5)
    case.taken(1, 0, 8, 0.5)
    (found,) = case.find()
    assert found["accuracy_merged"] is None


def test_rows_that_are_not_judged_do_not_count() -> None:
    case = Case()
    case.taken(0, 1, 12, 0.5)
    case.taken(1, 0, 12, 0.5)
    case.given += [0] * 50
    case.rows += [[np.nan] * 4] * 50
    (found,) = case.find(judged=np.flatnonzero(~np.isnan(np.array(case.rows)).any(axis=1)))
    assert (found["a_as_b"], found["accuracy"]) == (12, pytest.approx(400 / 424))
    assert case.find(judged=np.empty(0, np.intp)) == []


def test_it_does_not_matter_which_of_the_two_is_a_little_likelier() -> None:
    case = Case()
    case.taken(0, 1, 12, 0.6)
    case.taken(1, 1, 9, 0.6)  # the given label is the likelier one
    case.rows[-9:] = [case._row({1: 0.6, 0: 0.35})] * 9
    (found,) = case.find()
    assert (found["a_as_b"], found["b_as_a"]) == (12, 9)


def test_a_third_label_that_is_likely_makes_no_pair() -> None:
    case = Case()
    for given, other in ((0, 1), (1, 0)):
        case.given += [given] * 20
        case.rows += [case._row({given: 0.35, other: 0.35, 2: 0.29})] * 20
    assert case.find() == []


@pytest.mark.parametrize("share", [0.5, 0.25])
def test_a_class_that_is_split_by_chance_is_found(share: float) -> None:
    rng = np.random.default_rng(0)
    case = Case(("a", "b"), each=0)
    case.given = (rng.random(400) < share).astype(int).tolist()
    case.rows = [[1 - chance, chance] for chance in np.clip(rng.normal(share, 0.03, 400), 0.01, 0.99)]
    assert len(case.find()) == 1


def test_examples_are_labelled_differently_the_most_alike_first() -> None:
    case = Case()
    case.taken(0, 1, 6, 0.6)  # rows 400 to 405
    case.taken(1, 0, 6, 0.5)  # rows 406 to 411
    neighbours, duplicates = np.full((412, 3), -1, np.int32), np.arange(412, dtype=np.int32)
    similarities = np.zeros((412, 3), np.float32)
    neighbours[406], similarities[406] = [110, 405, 7], [0.9, 0.8, 0.7]  # 110 has the same label: passed over
    neighbours[407], similarities[407] = [405, 9, -1], [0.7, 0.6, 0]  # 405 was shown
    neighbours[408], similarities[408] = [404, 11, 12], [0.99, 0.3, 0.2]  # 404 is a duplicate
    neighbours[409], similarities[409] = [210, -1, -1], [0.99, 0, 0]  # a label of neither
    neighbours[400], similarities[400] = [120, -1, -1], [0.65, 0, 0]
    duplicates[404] = 408
    (found,) = case.find(neighbours, similarities, duplicates)
    assert found["examples"] == [{"a": "r405", "b": "r406"}, {"a": "r400", "b": "r120"}, {"a": "r9", "b": "r407"}]
    neighbours[407] = -1
    (found,) = case.find(neighbours, similarities, duplicates)
    assert found["examples"] == [{"a": "r405", "b": "r406"}, {"a": "r400", "b": "r120"}, {"a": "r11", "b": "r408"}]


def test_one_class_overlaps_with_none() -> None:
    assert Case(("only",)).find() == []


def test_twenty_pairs_at_most() -> None:
    case = Case(tuple(f"class {code}" for code in range(14)))
    for a in range(14):
        for b in range(a + 1, min(a + 5, 14)):
            case.taken(a, b, 8, 0.5)
            case.taken(b, a, 8, 0.5)
    assert len(case.find()) == definitions._PAIRS == 20


def test_a_thousand_classes() -> None:
    case = Case(tuple(f"class {code}" for code in range(1000)), each=2)
    case.taken(998, 999, 7, 0.5)
    case.taken(999, 998, 7, 0.5)
    (found,) = case.find()
    assert (found["label_a"], found["label_b"]) == ("class 998", "class 999")
