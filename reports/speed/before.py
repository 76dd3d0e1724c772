"""Measure whole audits of the `emotion` tweets beside those of an earlier commit, and write before.json.

    python reports/speed/before.py [--data DIR] [--rows N] [--before COMMIT]

Every audit runs in a process of its own, with three models and the default options of its code, or with an effort. The
earlier commit is checked out into a temporary folder and uses the same installed libraries. Recorded measurements are
not repeated: delete before.json to start over.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import machine
from memory import timed

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RESULTS = HERE / "before.json"
EFFORTS = ("default", "quick", "thorough")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--before", default="33f0893^", metavar="COMMIT", help="by default, the last without efforts")
    parser.add_argument("--efforts", nargs="+", choices=EFFORTS, default=EFFORTS[:2])
    arguments = parser.parse_args()
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        work, source = Path(folder), Path(folder) / "rows.txt"
        files = [arguments.data / "emotion" / name for name in ("train.txt", "val.txt", "test.txt")]
        lines = [line for file in files for line in file.read_text("utf-8").splitlines(keepends=True)]
        source.write_text("".join(lines[: arguments.rows]), "utf-8")
        ways: dict[str, tuple[Path, tuple[str, ...]]] = {
            f"--effort {effort}": (ROOT, ("--effort", effort)) for effort in arguments.efforts
        }
        ways["before"] = (work / "before", ())
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--detach", str(work / "before"), arguments.before], check=True)
        try:
            for way, (code, options) in ways.items():
                key = f"{min(arguments.rows, len(lines))} rows: {way}"
                if key not in found:
                    found[key] = measured(code, source, work / f"run-{way.split()[-1]}", options)
                    RESULTS.write_text(json.dumps(found, indent=1) + "\n")
                print(key, json.dumps(found[key], indent=1), flush=True)
        finally:
            subprocess.run([*git, "remove", "--force", str(work / "before")], check=True)


def measured(code: Path, source: Path, run: Path, options: tuple[str, ...]) -> dict[str, Any]:
    """Audit with the code of a folder: seconds on the clock, memory, seconds of every stage, scores of every model."""
    os.chdir(code)  # Python looks for modules here first
    cost = timed("-m", "auditor", "run", str(source), "--out", str(run), *options)
    stages = json.loads((run / "manifest.json").read_text())["stages"]
    scores = json.loads((run / "scores.json").read_text())
    return {
        **cost,
        "stages": {name: stage["seconds"] for name, stage in stages.items()},
        "weighted_f1": {
            name: round(score["weighted_f1"], 4) for name, score in scores.items() if "weighted_f1" in score
        },
    }


if __name__ == "__main__":
    sys.exit(main())
