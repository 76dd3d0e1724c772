"""Audit every set quickly, without fine-tuning; each is a run under reports/runs/flags/, made once.

python reports/flags/train.py [--data DIR] [--sets NAME ...]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from rich.console import Console
from truth import SETS, load

import auditor
from auditor.commands.progress import Terminal

RUNS = Path(__file__).parents[1] / "runs" / "flags"
DATA = Path(os.environ.get("AUDITOR_DATA", "../shared/data"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    arguments = parser.parse_args()
    listener = Terminal(Console(stderr=True, highlight=False), verbosity=1)
    for name in arguments.sets:
        print(name, flush=True)
        config = auditor.AuditConfig(
            models=("features", "lexical"),
            read={"text": "text", "label": "label", "id": "id"},
            detection={"map_rows": 1_000},  # nobody looks at the map
        )
        auditor.audit(load(name, arguments.data).frame, config=config, out=RUNS / name, listener=listener)


if __name__ == "__main__":
    main()
