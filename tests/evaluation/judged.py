"""A made-up run that somebody has judged: rows of both splits get a new label, are kept or excluded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from auditor.actions import decision_log
from auditor.review.view.items import Items
from auditor.run import Run
from tests.review.reviewing import decision
from tests.review.runs import write_run

RELABELLED, EXCLUDED, KEPT = (1, 4, 5, 170, 171), (7, 172), (9, 173)
"""Rows; those from 160 on are tested on, and none of the others has a duplicate there."""
DRAWN = (173, 174)
"""Rows that somebody judged because chance had drawn them."""


def judge(run: Run, rows: dict[int, tuple[str, ...]], **more: Any) -> None:
    """Take decisions: of each row, the verdict and its labels."""
    items = Items.of(run)
    with decision_log(run, read_only=False) as (_, log):
        events = [
            decision(
                items,
                row,
                "ann",
                *words,
                run_id=log.run_id,
                **{"source": "random" if row in DRAWN else "queue", **more},
            )
            for row, words in rows.items()
        ]
        log.append(events)


def judged_run(directory: Path, model: Path, **changes: Any) -> Run:
    """Write a run with vectors, whose encoder and base model are ``model``, and judge some of its rows."""
    short = {"encoder": {"name": str(model)}, "finetuned": {"base_model": str(model), "epochs": 1}, "device": "cpu"}
    run = write_run(directory, **{"config": short, **changes})
    names = run.manifest["dataset"]["label_names"]
    given = Items.of(run).given
    with run.held():
        vectors = np.random.default_rng(0).normal(size=(len(given), 32)).astype(np.float32)
        run.stage("encode", lambda at: np.save(at / "vectors.npy", vectors))
    changed = {row: ("relabel", names[(int(given[row]) + 1) % len(names)]) for row in RELABELLED}
    excluded: dict[int, tuple[str, ...]] = dict.fromkeys(EXCLUDED, ("exclude",))
    judge(run, {**changed, **excluded, **dict.fromkeys((*KEPT, *DRAWN), ("keep",))})
    return run
