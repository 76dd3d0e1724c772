"""Measure what a limit on the training rows costs in average precision, and write train_rows.json.

    python reports/speed/train_rows.py [--data DIR] [--sets NAME …] [--rows N …] [--seeds N …]

Audits by the quick models alone (features and lexical). Every limit is tried on the same rows, and the vectors of a set
are made once for each seed. Recorded measurements are not repeated: delete train_rows.json to start over.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import auditor
import auditor.report
from auditor.evaluation.ranking import average_precision

HERE = Path(__file__).parent
RESULTS = HERE / "train_rows.json"
sys.path.append(str(HERE.parent / "detection"))
from sets import REAL, Labelled, load  # noqa: E402

LIMITS = (500, 1_000, 2_000, 4_000, 8_000, 16_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--sets", nargs="+", default=REAL)
    parser.add_argument("--rows", nargs="+", type=int, default=LIMITS)
    parser.add_argument("--seeds", nargs="+", type=int, default=(0, 1, 2))
    arguments = parser.parse_args()
    auditor.report.write_report = lambda directory, db=None: directory / "report.html"  # nobody looks at it
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.sets:
        whole = load(name, arguments.data, seed=0)
        with tempfile.TemporaryDirectory() as folder:
            for seed in arguments.seeds:
                for limit in (*arguments.rows, None):
                    key = f"{name}, {len(whole.frame)} rows, seed {seed}: {limit or 'all'}"
                    if key not in found and (limit or 0) < len(whole.frame) * 2 / 3:
                        found[key] = measured(whole, Path(folder) / str(seed), limit, seed)
                        RESULTS.write_text(json.dumps(found, indent=1) + "\n")
                        print(key, found[key], flush=True)


def measured(whole: Labelled, out: Path, limit: int | None, seed: int) -> dict[str, Any]:
    config = auditor.AuditConfig(
        read={"text": "text", "label": "label", "id": "id"},
        models=("features", "lexical"),
        train_rows=limit,
        seed=seed,
        detection={"map_rows": 4},
    )
    audit = auditor.audit(whole.frame, config=config, out=out)
    stages = audit.run.manifest.stages
    training = [stage.seconds for name, stage in stages.items() if "features" in name or "lexical" in name]
    return {
        "average_precision": round(average_precision(whole.suspicion(audit.issues), whole.wrong), 4),
        "seconds_of_training": round(sum(training), 1),
    }


if __name__ == "__main__":
    main()
