"""Everything of this report, again: train, score, compare, audit many classes. It resumes, one set and seed at a time.

    python reports/detection/measure.py [--data DIR]

About eight hours on two cores. Two trainings can go on side by side: python reports/detection/train.py --sets NAME ...
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("AUDITOR_DATA", "../shared/data"))
    data = parser.parse_args().data
    for script in ("train.py", "score.py", "compare.py", "cost.py", "many.py"):
        subprocess.run([sys.executable, str(HERE / script)], env={**os.environ, "AUDITOR_DATA": data}, check=True)


if __name__ == "__main__":
    main()
