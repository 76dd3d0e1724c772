"""Audited sets whose errors are known, and a reviewer who reads their queue card by card."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.append(str(Path(__file__).parents[1] / "flags"))
from truth import load as load_truth

from auditor.data.labeled_texts import LabeledTexts
from auditor.estimate.facts import Facts
from auditor.estimate.learning import LearntOrder, Settings
from auditor.estimate.opening import at_random, opening

BLIND = 1 / 20
KINDS = ("blind", "opening", "learnt", "static")


@dataclass(frozen=True)
class Audited:
    """The audited rows of a finished run, and which of their labels are wrong: (N,) each."""

    name: str
    given: npt.NDArray[np.int32]
    wrong: npt.NDArray[np.bool_]
    static: npt.NDArray[np.int64]
    facts: Facts


def audited(name: str, runs: Path, data: Path, rank: npt.NDArray[np.integer] | None = None) -> Audited:
    """Read a run; ``rank`` replaces its static order."""
    run, truth = runs / name, load_truth(name, data)
    table, signals = pd.read_parquet(run / "issues.parquet"), pd.read_parquet(run / "signals.parquet")
    texts = LabeledTexts.load(run / "dataset.parquet", run / "rejected.parquet")
    true = pd.Series(truth.true, index=truth.frame["id"].astype(str)).loc[table["id"]].to_numpy(np.str_)
    rows = np.flatnonzero(table["suspicion"].notna())
    code = pd.Index(texts.label_names)
    suggested = code.get_indexer(table["suggested_label"]).astype(np.int32)[rows]
    ranks = (table["rank"].to_numpy() if rank is None else rank)[rows]
    given, vectors = texts.labels[rows], np.load(run / "vectors.npy")[rows]
    facts = Facts.of(ranks, given, suggested, signals.to_numpy(np.float32)[rows], vectors)
    wrong = (table["given_label"].to_numpy(np.str_) != true)[rows]
    return Audited(name, given, wrong, np.argsort(ranks), facts)


@dataclass(frozen=True)
class Read:
    """Cards as they were read: whether each is an error in truth, its kind, the weight of learning after it."""

    wrong: npt.NDArray[np.bool_]
    kind: npt.NDArray[np.int8]
    weight: npt.NDArray[np.float64]


def review(audited_set: Audited, cards: int, seed: int, settings: Settings, errs: float = 0.0) -> Read:
    """Read cards as the queue deals them: one in twenty blind, then the opening, then what the gate's coin says.

    The reviewer's verdict on a row is the truth, or the opposite with probability ``errs``, drawn once for every row.
    What is counted is the truth.
    """
    generator = np.random.default_rng(seed)
    rows = len(audited_set.wrong)
    verdict = audited_set.wrong ^ (generator.random(rows) < errs)
    drawn, order = opening(audited_set.given, seed).tolist(), LearntOrder(audited_set.facts, settings)
    unread = np.ones(rows, np.bool_)
    heads = {"static": iter(audited_set.static.tolist())}
    read: list[int] = []
    kinds, weights, dealt, fitted = [], [], 0, order.fitted
    for _ in range(min(cards, rows)):
        if generator.random() < BLIND:
            kind, row = "blind", int(generator.choice(np.flatnonzero(unread)))
        else:
            kind = "opening" if at_random(dealt, len(drawn)) else order.gate.head(generator.random())
            dealt += 1
            if order.fitted is not fitted or "learnt" not in heads:
                fitted, heads["learnt"] = order.fitted, iter(order.first(64, unread).tolist())
            # Where the rest of the opening has been read already, the static head takes its place.
            pool = chain(drawn[dealt // 2 - 1 :], heads["static"]) if kind == "opening" else heads[kind]
            row = next(row for row in pool if unread[row])
        unread[row] = False
        read.append(row)
        kinds.append(KINDS.index(kind))
        order.learn(read, verdict[read])
        weights.append(order.gate.learnt)
    return Read(audited_set.wrong[read], np.array(kinds, np.int8), np.array(weights))
