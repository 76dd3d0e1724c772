"""Audit the sets of many classes with the defaults, and say which classes their reports call overlapping.

    python reports/detection/many.py [--data DIR] [--sets NAME ...]

No truth is known of these sets: there is nothing to score, but something to read. The runs are kept beside those of
train.py and go on where they were stopped; the table stands in README.md between marks, and is replaced there.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from cached import RUNS
from rich.console import Console
from tables import replace_table

import auditor
from auditor.commands.progress import Terminal

SETS = ("banking77", "clinc150")
SHOWN = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("AUDITOR_DATA", "../shared/data")))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    arguments = parser.parse_args()
    for name in arguments.sets:
        audit(name, arguments.data)
    finished = [name for name in SETS if (RUNS / name / "definitions.json").exists()]
    replace_table("overlaps", overlap_table({name: auditor.Audit(RUNS / name) for name in finished}))


def audit(name: str, data: Path) -> auditor.Audit:
    """The audit of a set with the defaults; made now or found."""
    config = auditor.AuditConfig(read={"text": "text", "label": "label_name", "id": "id"})
    listener = Terminal(Console(stderr=True, highlight=False), verbosity=1)
    return auditor.audit(data / name / f"{name}.parquet", config=config, out=RUNS / name, listener=listener)


def overlap_table(audits: dict[str, auditor.Audit]) -> str:
    """The pairs of classes with the most disagreements, and what merging them would do."""
    lines = [
        "| set | pair | rows that might as well be the other | uncertainty | merged, accuracy would rise by |",
        "|---|---|---|---|---|",
    ]
    for name, audit in audits.items():
        for pair in audit.definitions[:SHOWN]:
            gain = 100 * (pair["accuracy_merged"] - pair["accuracy"])
            lines.append(
                f"| {name} | {pair['label_a']} / {pair['label_b']} | {pair['a_as_b']} and {pair['b_as_a']} "
                f"| {pair['uncertainty']:.2f} | {gain:.2f} points |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
