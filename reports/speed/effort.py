"""Measure what each effort costs and finds, on parts of the sets whose wrong labels are known, and write effort.json.

    python reports/speed/effort.py [--data DIR] [--sets NAME ...] [--rows N] [--seeds 0 ...] [--efforts NAME ...]

Every point is a whole audit in a run directory of its own, without the report and with a map of few rows. Its cost is
the processor time of this process, which a busy machine lengthens far less than the time on the clock. Recorded
measurements are not repeated: delete effort.json to start over.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

import auditor
import auditor.report
from auditor.commands.progress import Terminal
from auditor.effort import EFFORTS
from auditor.evaluation.ranking import average_precision

HERE = Path(__file__).parent
RESULTS = HERE / "effort.json"
sys.path.insert(0, str(HERE.parent / "detection"))
from sets import REAL, load  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--sets", nargs="+", default=REAL)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0,))
    parser.add_argument("--efforts", nargs="+", default=(*EFFORTS, "without fine-tuning"))
    arguments = parser.parse_args()
    auditor.report.write_report = lambda directory, db=None: directory / "report.html"  # nobody looks at it
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for seed in arguments.seeds:
        for name in arguments.sets:
            for effort in arguments.efforts:
                key = f"{name}, {arguments.rows} rows, seed {seed}: {effort}"
                if key not in found:
                    found[key] = measured(name, arguments.data, arguments.rows, seed, effort)
                    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
                print(key, found[key], flush=True)


def measured(name: str, data: Path, rows: int, seed: int, effort: str) -> dict[str, Any]:
    """Audit a part of a set, drawn by the seed, and score the ranking against its true labels."""
    part = load(name, data, seed).part(rows, seed)
    options: dict[str, Any] = {"effort": effort}
    if effort not in EFFORTS:
        options = {"models": ("features", "lexical")}
    config = auditor.AuditConfig(
        read={"text": "text", "label": "label", "id": "id"}, seed=seed, detection={"map_rows": 4}, **options
    )
    processor, clock = time.process_time(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        listener = Terminal(Console(stderr=True, highlight=False), verbosity=1)
        audit = auditor.audit(part.frame, config=config, out=Path(folder) / "run", listener=listener)
        seconds = time.process_time() - processor, time.perf_counter() - clock
        suspicion, scores = part.suspicion(audit.issues), audit.scores
        p = np.load(audit.directory / "probabilities" / f"{config.pooled[-1]}.npy")
        stages = {stage: entry.seconds for stage, entry in audit.run.manifest.stages.items()}
    predicted = np.array(audit.run.dataset.label_names)[np.nan_to_num(p, nan=-1.0).argmax(axis=1)]
    return {
        "processor_seconds": round(seconds[0], 1),
        "seconds": round(seconds[1], 1),
        "threads": torch.get_num_threads(),
        "average_precision": round(average_precision(suspicion, part.wrong), 4),
        "weighted_f1_given": round(scores[config.pooled[-1]]["weighted_f1"], 4) if scores else None,
        "accuracy_true": round(float((predicted == part.true).mean()), 4),
        "wrong": int(part.wrong.sum()),
        "stages": stages,
    }


if __name__ == "__main__":
    main()
