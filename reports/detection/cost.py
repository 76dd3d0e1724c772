"""What the signals and the consensus cost at a million rows, given neighbours and duplicates: cost.json.

    python reports/detection/cost.py [--rows 1000000] [--classes 6]

Three models, twenty neighbours in two spaces, two repeats of the cheap models, and the logits of five folds × three
epochs, all of them random: the cost does not depend on what they say.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np

from auditor.detection import find_flags
from auditor.detection.consensus.consensus import consensus
from auditor.detection.consensus.neighbourhoods import find_neighbourhoods
from auditor.detection.consensus.votes import Votes
from auditor.detection.kinds import find_kinds
from auditor.detection.stability import stability
from auditor.signals import Dynamics, Inputs, signals_for

HERE = Path(__file__).parent
MODELS = ("features", "lexical", "finetuned")
FOLDS, EPOCHS, NEIGHBOURS = 5, 3, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=6)
    arguments = parser.parse_args()
    inputs, folds = made(arguments.rows, arguments.classes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = {}

    def timed(name: str, start: float) -> None:
        seconds[name] = round(time.perf_counter() - start, 2)
        print(name, seconds[name], flush=True)

    start = time.perf_counter()
    pooled = pool(inputs, folds, arguments.classes)
    timed("consensus, and that of three repeats", start)
    inputs["consensus"], inputs["repeats"] = pooled[0], pooled[1:]
    for signal in signals_for(MODELS, inputs["label_names"], inputs):
        start = time.perf_counter()
        signal(**inputs)
        timed(f"signal {signal.name}", start)
    start = time.perf_counter()
    judged = np.ones(arguments.rows, np.bool_)
    flags = [find_flags(inputs["labels"], probabilities, judged) for probabilities in pooled]
    timed("flags, and those of three repeats", start)
    start = time.perf_counter()
    find_kinds(pooled[0], inputs["labels"], inputs["identical"], flags[0].is_issue)
    stability([repeat.is_issue for repeat in flags[1:]], [judged] * 3)
    timed("kinds and stability", start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found: dict[str, Any] = {"rows": arguments.rows, "classes": arguments.classes, "seconds": seconds}
    found |= {
        "total_seconds": round(sum(seconds.values()), 1),
        "gib_given": round(before, 2),
        "gib_peak": round(peak, 2),
    }
    (HERE / "cost.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


def pool(inputs: Inputs, folds: np.ndarray, classes: int) -> list[np.ndarray]:
    """The consensus, and those of three repeats alone."""
    labels, near = inputs["labels"], inputs["duplicates"]
    votes = {
        "neighbours": Votes.of(inputs["neighbours"], inputs["similarities"], near, labels, classes),
        "tuned": Votes.of(inputs["tuned_neighbours"], inputs["tuned_similarities"], near, labels, classes),
    }
    neighbourhoods = find_neighbourhoods(list(votes.values()), labels, np.arange(len(labels)), 0)
    models = dict(inputs["probabilities"])
    models["earlier epochs"] = models["finetuned"]
    return [consensus(models, votes, labels, folds, neighbourhoods).probabilities for _ in range(4)]


def made(rows: int, classes: int) -> tuple[Inputs, np.ndarray]:
    """Random inputs of every signal."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, rows).astype(np.int32)
    folds = rng.integers(0, FOLDS, rows).astype(np.int16)

    def chances() -> np.ndarray:
        logits = rng.standard_normal((rows, classes), np.float32)
        logits[np.arange(rows), labels] += 2
        raised = np.exp(logits)
        return raised / raised.sum(axis=1, keepdims=True)

    def training(fold: int) -> Dynamics:
        seen = np.flatnonzero(folds != fold)
        return Dynamics(seen, rng.standard_normal((EPOCHS, len(seen), classes), np.float32))

    inputs = Inputs(
        probabilities={name: chances() for name in MODELS},
        labels=labels,
        splits=np.full(rows, "train"),
        neighbours=rng.integers(0, rows, (rows, NEIGHBOURS), np.int32),
        similarities=rng.random((rows, NEIGHBOURS), np.float32),
        tuned_neighbours=rng.integers(0, rows, (rows, NEIGHBOURS), np.int32),
        tuned_similarities=rng.random((rows, NEIGHBOURS), np.float32),
        identical=np.arange(rows, dtype=np.int32),
        duplicates=np.arange(rows, dtype=np.int32),
        dynamics={f"fold-{fold}": training(fold) for fold in range(FOLDS)},
        label_names=tuple(f"class {code}" for code in range(classes)),
        consensus=chances(),
        repeats=[],
    )
    return inputs, folds


if __name__ == "__main__":
    main()
