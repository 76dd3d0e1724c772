"""Train every model of the benchmark once a set and seed, and keep all that it says.

    python reports/detection/train.py [--data DIR] [--sets NAME ...] [--seeds 0 1 2]

Each set and seed is a run under reports/runs/detection/, so that this goes on where it was stopped; two of it can work
side by side, on other sets. What is asked for first is finished first: all sets with the first seed, then the next.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rich.console import Console
from sets import SETS, load

import auditor
from auditor.commands.progress import Terminal

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "detection"
FOLDS, EPOCHS = 3, 2
SEEDS = (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    arguments = parser.parse_args()
    listener = Terminal(Console(stderr=True, highlight=False), verbosity=1)
    for seed in arguments.seeds:
        for name in arguments.sets:
            print(name, seed, flush=True)
            train(name, arguments.data, seed, listener)


def train(name: str, data: Path, seed: int, listener: Terminal) -> auditor.Audit:
    """The audit of a set, three folds and two epochs; made now or found."""
    config = auditor.AuditConfig(
        read={"text": "text", "label": "label", "id": "id"},
        folds=FOLDS,
        seed=seed,
        finetuned={"epochs": EPOCHS},
        detection={"map_rows": 1_000},  # nobody looks at the map
    )
    return auditor.audit(load(name, data, seed).frame, config=config, out=RUNS / f"{name}-{seed}", listener=listener)


if __name__ == "__main__":
    main()
