"""Does the static order still matter? Other ways to make it, from what finished audits have stored; see order.md.

python reports/flags/train.py                 # quick audits of all sets, made once
python reports/trust/static_order.py [--sets NAME ...]
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from order import DATA, RUNS, load, save, write
from queues import Audited, audited, review
from sklearn.metrics import average_precision_score
from truth import SETS

from auditor.config import ConsensusConfig
from auditor.data.labeled_texts import LabeledTexts
from auditor.detection.consensus.neighbourhoods import find_neighbourhoods
from auditor.detection.consensus.votes import Votes
from auditor.detection.consensus.weights import learn_weights
from auditor.estimate.learning import Settings

pool = importlib.import_module("auditor.detection.consensus.consensus")
MODELS, REPEATS = ("features", "lexical"), 3
BOUNDS = (1.0, 1.5, 2.0, 3.0)
NOW = "as it is"
MARGIN = "normalized margin"
LEARNT = (NOW, MARGIN)
DRAWS, CARDS = 1, 500

Weights = npt.NDArray[np.float64]
Ranks = dict[str, npt.NDArray[np.int64]]


def bounded(weights: Weights, ratio: float) -> Weights:
    """No weight is above ``ratio`` times the mean of the others; what it loses goes to them in equal parts."""
    if len(weights) < 2 or not weights.any():
        return weights
    share, most = weights / weights.sum(), ratio / (ratio + len(weights) - 1)
    largest = share.argmax()
    excess = max(share[largest] - most, 0.0)
    share += excess / (len(share) - 1)
    share[largest] -= excess / (len(share) - 1) + excess
    return share * weights.sum()


def learner(ratio: float) -> Callable[..., Weights]:
    """As the product learns weights, and then bounds those of the models; the neighbours' votes keep theirs."""

    def learn(logs: Weights, labels: npt.NDArray[np.integer], robustness: float) -> Weights:
        weights = learn_weights(logs, labels, robustness)
        weights[: len(MODELS)] = bounded(weights[: len(MODELS)], ratio)
        return weights

    return learn


def orders(name: str, runs: Path) -> Ranks:
    """(N,) ranks by each way to make the static order."""
    run = runs / name
    texts = LabeledTexts.load(run / "dataset.parquet", run / "rejected.parquet")
    labels, rows = texts.labels, np.arange(len(texts))
    models = {model: _mean([np.load(path) for path in _repeats(run, model)]) for model in MODELS}
    near, duplicates = np.load(run / "neighbours.npz"), pd.read_parquet(run / "duplicates.parquet")["near"]
    index, similarity = near["index"], near["similarity"]
    votes = {"neighbours": Votes.of(index, similarity, duplicates.to_numpy(np.int32), labels, texts.num_classes)}
    how, folds = ConsensusConfig(), np.load(run / "folds.npy")
    neighbourhoods = find_neighbourhoods(list(votes.values()), labels, pool.judged_by(models), 0, how.largest_shift)
    kept, found = pool.learn_weights, {}
    for way, learn in {NOW: learn_weights, **{f"bound {bound:g}": learner(bound) for bound in BOUNDS}}.items():
        pool.learn_weights = learn
        chances = pool.consensus(models, votes, labels, folds, neighbourhoods, how, 0).probabilities.astype(np.float64)
        given, others = chances[rows, labels], chances.copy()
        others[rows, labels] = -1
        found[way] = _ranks(given)
        if way == NOW:
            stored = np.load(run / "probabilities" / "consensus.npy")
            assert np.allclose(chances, stored, equal_nan=True), f"{name}: another consensus than the run's"
            found[MARGIN] = _ranks(given - others.max(axis=1))
    pool.learn_weights = kept
    return found


def _repeats(run: Path, model: str) -> list[Path]:
    paths = [run / "probabilities" / f"{model}.npy"]
    paths += [run / "probabilities" / f"repeat-{repeat}" / f"{model}.npy" for repeat in range(1, REPEATS)]
    return [path for path in paths if path.exists()]


def _mean(repeats: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    return np.nanmean(repeats, axis=0).astype(np.float32) if len(repeats) > 1 else repeats[0]


def _ranks(quality: Weights) -> npt.NDArray[np.int64]:
    ranks = np.empty(len(quality), np.int64)
    ranks[np.argsort(np.where(np.isnan(quality), np.inf, quality), kind="stable")] = np.arange(1, len(quality) + 1)
    return ranks


def measure(name: str, runs: Path, data: Path) -> dict[str, dict[str, float]]:
    found = {}
    for way, ranks in orders(name, runs).items():
        audited_set: Audited = audited(name, runs, data, ranks)
        wrong = audited_set.wrong[audited_set.static]
        found[way] = {
            "average precision": float(average_precision_score(wrong, -np.arange(len(wrong)))),
            "static": int(wrong[:CARDS].sum()),
        }
        if way in LEARNT:
            reads = [review(audited_set, CARDS, seed, Settings()) for seed in range(DRAWS)]
            found[way]["learnt"] = float(np.mean([read.wrong.sum() for read in reads]))
    return found


def tables(found: dict[str, dict[str, dict[str, float]]]) -> None:
    ways = list(next(iter(found.values())))
    precision = pd.DataFrame(
        {way: {name: by_way[way]["average precision"] for name, by_way in found.items()} for way in ways}
    )
    static = pd.DataFrame({way: {name: by_way[way]["static"] for name, by_way in found.items()} for way in ways})
    measured = {name: by_way for name, by_way in found.items() if "learnt" in by_way[NOW]}
    learnt = pd.DataFrame({way: {name: by_way[way]["learnt"] for name, by_way in measured.items()} for way in LEARNT})
    cells = precision.map(lambda value: f"{value:.3f}") + " (" + static.astype(int).astype(str) + ")"
    cells.loc["mean"] = precision.mean().map(lambda value: f"{value:.4f}")
    cells.insert(
        len(ways), "chosen on the others", [precision.drop(index=name).mean().idxmax() for name in found] + [""]
    )
    write(
        {
            "static orders": cells.rename_axis("set").reset_index(),
            "learnt orders": learnt.round().astype(int).rename_axis("set").reset_index(),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=SETS, help="none: the tables alone")
    arguments = parser.parse_args()
    found = load("static")
    for name in arguments.sets:
        found[name] = measure(name, arguments.runs, arguments.data)
        print(name, found[name], flush=True)
        save("static", found)
    tables(found)


if __name__ == "__main__":
    main()
