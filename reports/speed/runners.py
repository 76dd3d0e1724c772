"""Measure what Ray adds to an audit, beside processes of this machine, and write runners.json.

    python reports/speed/runners.py [--data DIR] [--rows N] [--rounds N]     # needs the extra `ray`

All ways fine-tune four folds, two at a time and with a thread each, in run directories of their own, and take turns.
One starts a cluster for the audit, another uses a cluster that is already running. All must predict the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from measure import machine
from memory import timed

HERE = Path(__file__).parent
RESULTS = HERE / "runners.json"
OPTIONS = ("--models", "finetuned", "--folds", "4", "--threads", "1")
LOCAL, STARTED, RUNNING = "processes", "Ray, started for the audit", "Ray, running already"
RUNNERS = {LOCAL: ("--jobs", "2"), STARTED: ("--runner", "ray"), RUNNING: ("--runner", "ray", "--address", "auto")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {way: [] for way in RUNNERS}
    about, predicted = machine(), set()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.txt"
        lines = (arguments.data / "emotion" / "train.txt").read_text("utf-8").splitlines(keepends=True)
        source.write_text("".join(lines[: arguments.rows]), "utf-8")
        for turn in range(arguments.rounds):
            for way in RUNNERS:
                run = Path(folder) / f"{turn}-{way.replace(', ', '-').replace(' ', '-')}"
                seconds[way].append(audited(source, run, way))
                predicted.add(hashlib.sha256((run / "probabilities" / "finetuned.npy").read_bytes()).hexdigest())
                print(way, seconds[way], flush=True)
            found = {
                "machine": about,
                "rows": arguments.rows,
                "seconds": seconds,
                "overhead": {way: round(median(seconds[way]) / median(seconds[LOCAL]) - 1, 3) for way in RUNNERS},
                "same_bytes": len(predicted) == 1,
            }
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def audited(source: Path, run: Path, way: str) -> float:
    """Return the seconds of an audit."""
    quiet: Any = {"check": True, "capture_output": True}
    ray = str(Path(sys.executable).with_name("ray"))
    if way == RUNNING:
        subprocess.run([ray, "start", "--head", "--num-cpus", "2", "--include-dashboard", "false"], **quiet)
    try:
        return timed("-m", "auditor", "run", str(source), *OPTIONS, *RUNNERS[way], "--out", str(run))["seconds"]
    finally:
        if way == RUNNING:
            subprocess.run([ray, "stop"], **quiet)


if __name__ == "__main__":
    main()
