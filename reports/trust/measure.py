"""Measure what the number is worth: coverage, width, cost, certificates; and ways of counting that must fail.

    python reports/flags/train.py      # the audits that this measures on; finished ones are not repeated
    python reports/trust/measure.py [--quick] [--runs DIR] [--data DIR]

Writes results.json, and the tables of README.md. It goes on where it was stopped: finished cells are kept in
reports/runs/trust.jsonl. --quick takes two sets and 100 audits, and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

import certificates
import controls
import numpy as np
import pandas as pd
from audits import Audits, Bools, Policy
from ranked_sets import RUNS, SETS, RankedSet, load, versions

from auditor.estimate.shares import share
from auditor.evaluation.ranking import average_precision

HERE = Path(__file__).parent
DATA = Path("../shared/data")
AUDITS, FEWER, QUICK, WIDTHS = 1_000, 400, 100, 200
"""Audits a cell; of the policies that take the most time; with --quick; and of how many the width is taken."""
KEPT = RUNS.parent / "trust.jsonl"
ERRING = 0.1
NONE = Policy("no stream")
FIFTH = Policy("1 in 5", blind=1 / 5)
TWENTIETH = Policy("1 in 20", blind=1 / 20)
CLOSING = Policy("1 in 20, then 150", blind=1 / 20, closing=150)
POLICIES = (
    Policy("groups in bulk", blind=1 / 5, bulk=60),
    Policy("two logs, merged", blind=1 / 5, logs=2),
    Policy("5 % skipped", blind=1 / 5, skips=0.05),
    Policy("2 % undone", blind=1 / 5, undos=0.02),
)


@dataclass(frozen=True)
class Options:
    """What is measured on."""

    sets: tuple[str, ...]
    audits: int
    runs: Path
    data: Path

    def load(self) -> list[RankedSet]:
        """Read the sets."""
        return [load(name, self.runs, self.data) for name in self.sets]


def outcomes(ranked_set: RankedSet, audits: int, erring: float, seed: int) -> Bools:
    """What each audit's reviewers would say of each row: (A, N), drawn once."""
    shape = (audits, len(ranked_set.wrong))
    if not erring:
        return np.broadcast_to(ranked_set.wrong, shape)
    return ranked_set.wrong ^ (np.random.default_rng(seed).random(shape) < erring)


def coverage(every: list[RankedSet], audits: int, kept: Path | None = None) -> pd.DataFrame:
    """One row a cell: how often an interval ever missed, and how wide it was at the end.

    Finished cells are kept in a file, one a line, and not measured again.
    """
    cells = [json.loads(line) for line in kept.read_text("utf-8").splitlines()] if kept and kept.exists() else []
    finished = {(cell["set"], cell["reviewers"], cell["policy"]) for cell in cells}
    for number, ranked_set in enumerate(every):
        for place, version in enumerate(versions(ranked_set)):
            policies = (CLOSING, FIFTH, *(POLICIES if place != 1 else ()))
            for erring in (0.0, ERRING):
                outcome = outcomes(version, audits, erring, 10 * number + place)
                ranking = average_precision(-np.arange(len(version.wrong), dtype=np.float64), outcome[0])
                for policy in policies:
                    about = {
                        "set": version.name,
                        "reviewers": f"{erring:.0%} wrong" if erring else "careful",
                        "policy": policy.name,
                    }
                    if tuple(about.values()) in finished:
                        continue
                    some = outcome if policy in (CLOSING, FIFTH) else outcome[:FEWER]
                    done = Audits(some, policy, seed=len(cells)).run()
                    about |= {"rate": float(outcome.mean()), "average precision": ranking, "audits": len(some)}
                    cells.append({**about, "ever missed": float(done.ever_missed.mean()), **widths(done)})
                    if kept:
                        with kept.open("a", encoding="utf-8") as file:
                            file.write(json.dumps(cells[-1]) + "\n")
    return pd.DataFrame(cells)


def widths(done: Audits) -> dict[str, float]:
    """Mean width at the end, as shares of the rows, and that of the Wilson interval of the same blind cards."""
    found = done.intervals(WIDTHS)
    wilson = []
    for audit in range(len(found)):
        states = done.state[audit, : done.draws[audit]]
        naive = share(int(np.count_nonzero(states == 1)), int(np.count_nonzero(states >= 0)))
        wilson.append(naive.high - naive.low)
    width = float(np.mean([interval.rate[1] - interval.rate[0] for interval in found]))
    return {"width": width, "Wilson": float(np.mean(wilson)), "ratio": width / float(np.mean(wilson))}


def cost(every: list[RankedSet], audits: int) -> pd.DataFrame:
    """Errors found in 1,000 cards, with careful reviewers."""
    rows = []
    for ranked_set in every:
        for version in versions(ranked_set):
            outcome = outcomes(version, audits, 0.0, 0)
            found = {
                policy.name: float(Audits(outcome, policy, seed=1).run().all_found().mean())
                for policy in (NONE, TWENTIETH, CLOSING, FIFTH)
            }
            rows.append({"set": version.name, "errors": int(version.wrong.sum()), **found})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two sets, 100 audits, nothing written")
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--data", type=Path, default=DATA)
    given = parser.parse_args()
    sets, audits = (SETS[2:5:2], QUICK) if given.quick else (SETS, AUDITS)
    options = Options(sets, audits, given.runs, given.data)
    every, started = options.load(), time.process_time()
    tables = {
        "coverage": coverage(every, audits, None if given.quick else KEPT),
        "controls": controls.measure(every, audits),
        "certificates": certificates.ladders(every, audits),
        "groups": certificates.groups(every, audits),
        "cost": cost(every, max(audits // 10, 20)),
    }
    minutes = (time.process_time() - started) / 60
    if given.quick:
        for table in tables.values():
            print(table.round(3).to_string())
        print(f"{minutes:.1f} minutes of processor time")
        return
    results = {name: table.round(5).to_dict("records") for name, table in tables.items()}
    (HERE / "results.json").write_text(json.dumps({"audits": audits, **results}, indent=1) + "\n", "utf-8")
    write(tables)


def write(tables: dict[str, pd.DataFrame]) -> None:
    """Put the tables into README.md."""
    cells = tables["coverage"]
    missed = cells.pivot_table(index=["set", "reviewers"], columns="policy", values="ever missed", sort=False)
    fill("missed", percent(missed))
    wide = cells[cells["policy"].isin([FIFTH.name, CLOSING.name])]
    by_policy = wide.pivot_table(
        index=["set", "reviewers"], columns="policy", values=["width", "ratio"], sort=False
    ).reset_index()
    first = wide[wide["policy"] == FIFTH.name].reset_index(drop=True)
    shown = pd.DataFrame(
        {
            "set": first["set"],
            "reviewers": first["reviewers"],
            "wrong": first["rate"].map("{:.1%}".format),
            "average precision": first["average precision"].map("{:.2f}".format),
            "width, 1 in 5": by_policy["width", FIFTH.name].map("{:.1%}".format),
            "× Wilson": by_policy["ratio", FIFTH.name].map("{:.2f}".format),
            "width, 1 in 20, then 150": by_policy["width", CLOSING.name].map("{:.1%}".format),
            "of Wilson": by_policy["ratio", CLOSING.name].map("{:.2f}".format),
        }
    ).rename(columns={"of Wilson": "× its Wilson"})
    fill("widths", markdown(shown))
    fill("controls", percent(tables["controls"].set_index("set")))
    fill("cost", markdown(tables["cost"].round(0).astype(dict.fromkeys(tables["cost"].columns[1:], int))))
    fill("certificates", markdown(tables["certificates"].round(3)))
    fill("groups", markdown(tables["groups"].round(3)))


def percent(table: pd.DataFrame) -> str:
    return markdown(table.map(lambda value: "" if pd.isna(value) else f"{value:.1%}").reset_index())


def markdown(table: pd.DataFrame) -> str:
    head = list(map(str, table.columns))
    rows = [list(map(str, row)) for row in table.astype(object).to_numpy()]
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, ["---"] * len(head), *rows])


def fill(name: str, text: str) -> None:
    """Put a table between its marks in README.md."""
    readme = HERE / "README.md"
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", flags=re.S)
    readme.write_text(marked.sub(lambda found: found[1] + text + found[2], readme.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
