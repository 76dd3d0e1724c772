"""Data that the tests of this room share: everything that a signal may want, of a few random rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor.data.labels.votes import Votes
from auditor.signals import Dynamics, Inputs, Signal, signals_for

MODELS = ("features", "lexical", "finetuned")


def names_of(classes: int) -> tuple[str, ...]:
    return tuple(f"class {code}" for code in range(classes))


def signals_of(classes: int) -> list[Signal]:
    """Every signal that there is."""
    return signals_for(MODELS, names_of(classes), Inputs.__annotations__)


def random_inputs(seed: int, rows: int = 60, classes: int = 4, present: int | None = None) -> Inputs:
    """With rows that are not judged, groups of duplicates, missing neighbours, and classes without a row."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, present or classes, rows).astype(np.int32)
    judged = rng.random(rows) > 0.1
    duplicates = rng.integers(0, max(1, rows * 2 // 3), rows).astype(np.int32)
    identical = (2 * duplicates + rng.integers(0, 2, rows)).astype(np.int32)
    neighbours, similarities = _nearest(rng, rows)
    tuned_neighbours, tuned_similarities = _nearest(rng, rows)
    probabilities = {name: _chances(rng, rows, classes, judged) for name in MODELS}
    votes = random_votes(seed, rows, classes)
    return Inputs(
        probabilities=probabilities,
        consensus=_chances(rng, rows, classes, judged),
        labels=labels,
        splits=np.array(["test", "train"])[rng.integers(0, 2, rows)],
        vectors=rng.standard_normal((rows, 3)).astype(np.float32),
        neighbours=neighbours,
        similarities=similarities,
        tuned_neighbours=tuned_neighbours,
        tuned_similarities=tuned_similarities,
        repeats=[_chances(rng, rows, classes, judged) for _ in range(3)],
        identical=identical,
        duplicates=duplicates,
        dynamics={f"fold-{fold}": _training(rng, rows, classes) for fold in range(2)},
        votes=votes,
        crowd=_chances(rng, rows, classes, judged),
    )


def random_votes(seed: int, rows: int, classes: int, raters: int = 4, share: float = 0.6) -> Votes:
    """Some rows have votes of all raters, some of none."""
    rng = np.random.default_rng(seed)
    row, rater = np.nonzero(rng.random((rows, raters)) < share)
    return Votes.of(row, [f"rater {one}" for one in rater], rng.integers(0, classes, len(row)))


def reordered(inputs: Inputs, order: np.ndarray[Any, Any]) -> Inputs:
    """The same rows, row ``order[i]`` at place i."""
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    new: Any = {name: values[order] for name, values in inputs.items() if isinstance(values, np.ndarray)}
    for name in ("neighbours", "tuned_neighbours"):
        new[name] = np.where(new[name] < 0, np.int32(-1), place[new[name]])
    new["repeats"] = [repeat[order] for repeat in inputs["repeats"]]
    new["probabilities"] = {name: values[order] for name, values in inputs["probabilities"].items()}
    votes = inputs["votes"]
    new["votes"] = Votes.encoded(place[votes.row], votes.rater, votes.raters, votes.label)
    new["dynamics"] = {}
    for name, one in inputs["dynamics"].items():
        moved = np.argsort(place[one.rows])
        new["dynamics"][name] = Dynamics(np.sort(place[one.rows]).astype(np.intp), one.logits[:, moved])
    return new  # type: ignore[no-any-return]


def with_more_classes(inputs: Inputs, more: int) -> Inputs:
    """The same, with classes of which no model has ever heard."""
    new: Any = dict(inputs)
    widened = [(0, 0), (0, more)]
    new["consensus"], new["crowd"] = np.pad(inputs["consensus"], widened), np.pad(inputs["crowd"], widened)
    new["probabilities"] = {name: np.pad(values, widened) for name, values in inputs["probabilities"].items()}
    new["repeats"] = [np.pad(values, widened) for values in inputs["repeats"]]
    new["dynamics"] = {
        name: Dynamics(one.rows, np.pad(one.logits, [(0, 0), *widened], constant_values=-1e4))
        for name, one in inputs["dynamics"].items()
    }
    for values in (new["consensus"], new["crowd"], *new["repeats"], *new["probabilities"].values()):
        values[np.isnan(values[:, 0])] = np.nan
    return new  # type: ignore[no-any-return]


def _chances(rng: np.random.Generator, rows: int, classes: int, judged: Any) -> Any:
    chances = rng.dirichlet(np.full(classes, 0.5), rows).astype(np.float32)
    chances[~judged] = np.nan
    return chances


def _nearest(rng: np.random.Generator, rows: int) -> tuple[Any, Any]:
    neighbours = rng.integers(-1, rows, (rows, 5)).astype(np.int32)
    return neighbours, np.where(neighbours < 0, np.nan, rng.uniform(-0.2, 1, (rows, 5))).astype(np.float32)


def _training(rng: np.random.Generator, rows: int, classes: int) -> Dynamics:
    seen = np.flatnonzero(rng.random(rows) > 0.4)
    logits = (4 * rng.standard_normal((3, len(seen), classes))).astype(np.float32)
    logits[:, rng.random(len(seen)) < 0.1] = np.nan
    return Dynamics(seen, logits)
