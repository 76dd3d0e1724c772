"""Read and export a million rows of CSV, beside pandas, and write seconds and memory to speed.json.

    python reports/reading/speed.py [--rows 1000000] [--repeats 3]

Each measurement is a process of its own: its seconds without start and imports, by the clock and of all processors
together, and the most memory that it took. Of the repeats the least of each counts. Reading finds columns and classes,
checks every row and keeps it as it stands; an export without decisions copies the rows, and one with decisions on a
hundredth of them writes those anew.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
LABELS = ("sadness", "joy", "love", "anger", "fear", "surprise")
WORDS = 'i feel so glad that this day is over and nobody spoke a word, "not one", about what they did to us'.split()
WAYS = ("pandas read_csv", "auditor read", "pandas to_csv", "auditor export", "auditor export, 1 % relabelled")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measured(options.way, options.path)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write(path, options.rows)
        found: dict[str, object] = {"rows": options.rows, "megabytes": round(path.stat().st_size / 1e6)}
        # One after the other, so that what else the machine does slows none of them more than the others.
        rounds = [{way: in_own_process(way, path) for way in WAYS} for _ in range(options.repeats)]
        for way in WAYS:
            found[way] = {name: min(round_[way][name] for round_ in rounds) for name in rounds[0][way]}
            print(way, found[way])
    (HERE / "speed.json").write_text(json.dumps(found, indent=1) + "\n")


def in_own_process(way: str, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--way", way, "--path", str(path)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def write(path: Path, rows: int) -> None:
    """Tweets of about a hundred characters, a third of them with commas or quotes."""
    chance = random.Random(0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("id", "text", "label"))
        for number in range(rows):
            writer.writerow((number, " ".join(chance.choices(WORDS, k=20)), chance.choice(LABELS)))


def measured(way: str, path: Path) -> dict[str, float]:
    import pandas as pd

    from auditor.config import ReadConfig
    from auditor.data import read

    out = path.with_name(f"{way.split()[0]}.csv")
    config = ReadConfig(text="text", label="label")
    if way == "pandas read_csv":
        began, worked = time.perf_counter(), time.process_time()
        pd.read_csv(path)
    elif way == "auditor read":
        began, worked = time.perf_counter(), time.process_time()
        read(path, config)
    elif way == "pandas to_csv":
        frame = pd.read_csv(path)
        began, worked = time.perf_counter(), time.process_time()
        frame.to_csv(out, index=False)
    else:
        from measure import corrected

        from auditor.correction.export.export import write_export

        texts = read(path, config)
        every = 100 if "relabelled" in way else len(texts) + 1
        rows = range(every - 1, len(texts), every)
        given = texts.labels
        changes = {row: next(name for name in LABELS if name != texts.label_names[given[row]]) for row in rows}
        corrections = corrected(texts, changes)
        began, worked = time.perf_counter(), time.process_time()
        write_export(corrections, out, force=True)
    seconds, busy = time.perf_counter() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(seconds, 2), "processor seconds": round(busy, 2), "peak MiB": round(peak)}


if __name__ == "__main__":
    main()
