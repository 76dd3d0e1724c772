"""Audit 100,000 and 1,000,000 rows whole, from the file to the export, and write large.json.

    python reports/speed/large.py [--data DIR] [--rows 100000 1000000] [--work DIR]

The rows are made from the 20,000 tweets of `emotion`, in passes over them, each in an order of its own. A pass keeps a
tweet's label and number of words. Half of the words are replaced by words of the same length, drawn by frequency from
the tweets with the same label. One row in 100 repeats an earlier row, and 1 in 20 gets a label drawn at random. The
rows depend on nothing but their number.

The script runs the commands that a user would type. Seconds are wall-clock time. Memory is the highest sum of the
proportional set sizes of all processes of a command, sampled at most five times a second. The stages, with their peaks,
come from the run's manifest. Recorded measurements are not repeated: delete large.json to start over.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from memory import Memory, timed

HERE = Path(__file__).parent
RESULTS = HERE / "large.json"
FILES = ("train.txt", "val.txt", "test.txt")
AUDIT = ("--models", "features,lexical")
PORT = 7_911


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--rows", nargs="+", type=int, default=(100_000, 1_000_000))
    parser.add_argument("--work", type=Path, help="keep the files and runs here; an interrupted audit goes on")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = arguments.work or Path(folder)
        for rows in arguments.rows:
            found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            if str(rows) not in found:
                found[str(rows)] = measured(arguments.data / "emotion", rows, work)
                RESULTS.write_text(json.dumps(found, indent=1) + "\n")
            print(rows, json.dumps(found[str(rows)], indent=1), flush=True)


def measured(data: Path, rows: int, work: Path) -> dict[str, Any]:
    file, run = work / f"{rows}.csv", work / f"run-{rows}"
    if not file.exists():
        write(file, data, rows)
    steps = {
        "run": ("run", str(file), "--out", str(run), *AUDIT),
        "issues": ("issues", str(run), "--top", "20"),
        "report": ("report", str(run)),
        "export": ("export", str(run), "--to", str(work / f"export-{rows}.csv")),
    }
    found: dict[str, Any] = {"megabytes": round(file.stat().st_size / 1e6, 1), "commands": {}}
    for name, words in steps.items():
        found["commands"][name] = timed("-m", "auditor", *words)
        print(name, found["commands"][name], flush=True)
    found["commands"]["review, until it answers"] = opened(run)
    stages = json.loads((run / "manifest.json").read_text())["stages"]
    found["stages"] = {
        name: {"seconds": stage["seconds"], "mib": round((stage["peak_memory"] or 0) / 2**20)}
        for name, stage in stages.items()
    }
    found["run_megabytes"] = round(sum(path.stat().st_size for path in run.rglob("*") if path.is_file()) / 1e6)
    return found


def write(file: Path, data: Path, rows: int) -> None:
    """Make the rows, and write them as CSV."""
    lines = [line for name in FILES for line in (data / name).read_text("utf-8").splitlines()]
    pairs = [line.rsplit(";", 1) for line in lines if line]
    used: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for text, label in pairs:
        for word in text.split():
            used[label, len(word)][word] += 1
    words = {key: (list(counts), list(counts.values())) for key, counts in used.items()}
    draw, labels = random.Random(rows), sorted({label for _, label in pairs})
    made: list[tuple[str, str]] = []
    order: list[int] = []
    while len(made) < rows:
        if made and draw.random() < 0.01:
            made.append(draw.choice(made))
            continue
        order = order or draw.sample(range(len(pairs)), len(pairs))
        text, label = pairs[order.pop()]
        new = [word if draw.random() < 0.5 else draw.choices(*words[label, len(word)])[0] for word in text.split()]
        made.append((" ".join(new), draw.choice(labels) if draw.random() < 0.05 else label))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("text", "label"))
        writer.writerows(made)


def opened(run: Path) -> dict[str, float]:
    """Start the review page: seconds until it answers with its first page of cards, and its memory in MiB."""
    start = time.perf_counter()
    words = ("review", str(run), "--no-open", "--port", str(PORT))
    process = subprocess.Popen([sys.executable, "-m", "auditor", *words], stdout=subprocess.DEVNULL)
    with Memory(process.pid) as memory:
        try:
            while not answers():
                assert process.poll() is None, "the review page has ended"
                time.sleep(0.1)
            seconds = time.perf_counter() - start
        finally:
            process.terminate()
            process.wait()
    return {"seconds": round(seconds, 1), "mib": memory.mib}


def answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/session", timeout=60) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    main()
