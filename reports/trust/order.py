"""Errors found by the learnt order and by the static one, and what learning costs; see order.md.

python reports/flags/train.py          # quick audits of all sets, made once
python reports/trust/order.py choose   # settings, on all sets but one
python reports/trust/order.py measure  # errors found; it continues after the draws that exist
python reports/trust/order.py speed
python reports/trust/order.py tables   # into order.md
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
from queues import KINDS, Audited, audited, review
from truth import SETS

from auditor.estimate.facts import Facts
from auditor.estimate.learning import LearntOrder, Settings

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "flags"
DATA = Path(os.environ.get("AUDITOR_DATA", "../shared/data"))
RESULTS = HERE / "order"
READ = (100, 300, 500, 1_000)
RANKED = [KINDS.index("learnt"), KINDS.index("static")]
REVIEWERS = {"careful": 0.0, "errs in 10 %": 0.1}
CANDIDATES = (
    {},
    {"label": 1.0},
    {"label": 4.0},
    {"label": 1.0, "signals": 1.0},
    {"label": 1.0, "signals": 16.0},
    {"label": 1.0, "pair": 1.0},
)
"""What each has otherwise than the settings of the product."""
TARGETS = {"weak_semeval": 3.0, "politeness": 1.6, "weak_trec": 1.05}
ELSEWHERE = 0.90
ELSEWHERE_RANKED = 0.98


def choose(sets: list[Audited], draws: int) -> None:
    """Of the candidates, the one with the greatest mean log of errors found in the first 300 and 500 cards."""
    found: dict[str, dict[str, float]] = {}
    for audited_set in sets:
        for candidate in CANDIDATES:
            reads = [review(audited_set, 500, seed, Settings(**candidate)) for seed in range(draws)]
            score = np.mean([np.log([read.wrong[:300].sum(), read.wrong.sum()]).mean() for read in reads])
            found.setdefault(json.dumps(candidate), {})[audited_set.name] = float(score)
        print(audited_set.name, flush=True)
    save("choice", found)


def measure(sets: list[Audited], draws: int) -> None:
    for reviewer, errs in REVIEWERS.items():
        for audited_set in sets:
            name = f"{audited_set.name}, {reviewer}"
            found = load(name)["learnt"] if (RESULTS / f"{name}.json").exists() else []
            hits = np.cumsum(audited_set.wrong[audited_set.static])[: max(READ)].tolist()
            for seed in range(len(found), draws):
                read = review(audited_set, max(READ), seed, Settings(), errs)
                ranked = np.isin(read.kind, RANKED)
                found.append(
                    {
                        "found": [int(read.wrong[:cards].sum()) for cards in READ],
                        "ranked": [int(ranked[:cards].sum()) for cards in READ],
                        "by ranked": [int(read.wrong[:cards][ranked[:cards]].sum()) for cards in READ],
                        "weight": [float(read.weight[:cards][-1]) for cards in READ],
                    }
                )
                save(name, {"errors": int(audited_set.wrong.sum()), "static": hits, "learnt": found})
            print(name, len(found), flush=True)


def speed(rows: int, verdicts: int) -> None:
    """Milliseconds a verdict, on made-up rows: 384 dimensions, 20 labels, 10 signals."""
    generator = np.random.default_rng(0)
    given = generator.integers(0, 20, rows)
    vectors = generator.normal(size=(rows, 384)).astype(np.float32) * np.exp(-np.arange(384, dtype=np.float32) / 60)
    begun = time.perf_counter()
    signals = generator.random((rows, 10), np.float32)
    facts = Facts.of(generator.permutation(rows), given, (given + 1) % 20, signals, vectors)
    prepared = time.perf_counter() - begun
    del vectors
    order, judged = LearntOrder(facts), generator.permutation(rows)[:verdicts].tolist()
    wrong = (generator.random(verdicts) < 0.3).tolist()
    wall, used = [], []
    for end in range(1, verdicts + 1):
        clock, processor = time.perf_counter(), time.process_time()
        order.learn(judged[:end], wrong[:end])
        order.first(50, np.ones(rows, np.bool_))
        wall.append(1000 * (time.perf_counter() - clock))
        used.append(1000 * (time.process_time() - processor))
    begun = time.perf_counter()
    order.learn([*judged[1:], judged[0]], [*wrong[1:], wrong[0]])
    relearnt = time.perf_counter() - begun
    times = {
        name: np.quantile(milliseconds, [0.5, 0.95]).tolist()
        for name, milliseconds in (("wall", wall), ("processor", used))
    }
    save(f"speed-{rows}", {"rows": rows, "verdicts": verdicts, "prepared": prepared, "again": relearnt, **times})


def save(name: str, found: object) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(found) + "\n", "utf-8")


def load(name: str) -> dict:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


# -- tables ------------------------------------------------------------------------------------------------------------


def found_table(reviewer: str) -> pd.DataFrame:
    rows = []
    for name in measured(reviewer):
        result = load(f"{name}, {reviewer}")
        every = np.array([draw["found"] for draw in result["learnt"]])
        cells = {"set": name, "errors": result["errors"], "draws": len(every)}
        for place, cards in enumerate(READ):
            mean, least, most = every[:, place].mean(), every[:, place].min(), every[:, place].max()
            cells[f"{cards:,} cards"] = f"{static(result, cards)} → {mean:.0f} ({least}–{most})"
        cells["weight at 500"] = f"{np.mean([draw['weight'][2] for draw in result['learnt']]):.2f}"
        rows.append(cells)
    return pd.DataFrame(rows)


def targets_table(reviewer: str) -> pd.DataFrame:
    rows = []
    for name in measured(reviewer):
        result, place = load(f"{name}, {reviewer}"), READ.index(500)
        draws = result["learnt"]
        ranked = round(np.mean([draw["ranked"][place] for draw in draws]))
        by_ranked = np.mean([draw["by ranked"][place] / draw["ranked"][place] for draw in draws])
        every_card = np.mean([draw["found"][place] for draw in draws]) / static(result, 500)
        a_ranked = by_ranked / (static(result, 500) / 500)
        wanted = TARGETS.get(name, ELSEWHERE)
        reached = every_card >= wanted and (name in TARGETS or a_ranked >= ELSEWHERE_RANKED)
        rows.append(
            {
                "set": name,
                "all cards": f"{every_card:.2f}",
                "to reach": f"{wanted:.2f}",
                "a ranked card": f"{a_ranked:.2f}",
                "to reach there": "" if name in TARGETS else f"{ELSEWHERE_RANKED:.2f}",
                "reached": "yes" if reached else "**no**",
                "of as many static cards": f"{by_ranked / (static(result, ranked) / ranked):.2f}",
            }
        )
    return pd.DataFrame(rows)


def choice_table() -> pd.DataFrame:
    table = pd.DataFrame(load("choice"))
    base = table["{}"]
    rows = []
    for name in table.index:
        others = table.drop(index=name).mean()
        chosen = str(others.idxmax())
        gain = np.exp(table.loc[name, chosen] - base[name])
        rows.append({"set left out": name, "chosen on the others": chosen, "errors found on it": f"× {gain:.3f}"})
    return pd.DataFrame(rows)


def candidates_table() -> pd.DataFrame:
    table = pd.DataFrame(load("choice"))
    gains = np.exp(table.sub(table["{}"], axis=0))
    rows = [
        {
            "candidate": name,
            "mean": f"× {np.exp(np.log(gains[name]).mean()):.3f}",
            "least": f"× {gains[name].min():.3f}",
        }
        for name in table.columns
    ]
    return pd.DataFrame(rows)


def speed_table() -> pd.DataFrame:
    rows = []
    for path in sorted(RESULTS.glob("speed-*.json"), key=lambda path: len(path.name)):
        result = json.loads(path.read_text("utf-8"))
        cells = {"rows": f"{result['rows']:,}", "verdicts": result["verdicts"]}
        for clock in ("wall", "processor"):
            cells |= {f"{clock}, median": f"{result[clock][0]:.0f} ms", f"{clock}, p95": f"{result[clock][1]:.0f} ms"}
        rows.append(cells | {"begin": f"{result['prepared']:.1f} s", "learn all again": f"{result['again']:.1f} s"})
    return pd.DataFrame(rows)


def static(result: dict, cards: int) -> int:
    return result["static"][min(cards, len(result["static"])) - 1]


def measured(reviewer: str) -> list[str]:
    return [name for name in SETS if (RESULTS / f"{name}, {reviewer}.json").exists()]


def write(tables: dict[str, pd.DataFrame]) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- end -->`` in order.md."""
    path = HERE / "order.md"
    text = path.read_text("utf-8")
    for name, table in tables.items():
        new = f"<!-- {name} -->\n{table.to_markdown(index=False)}\n<!-- end -->"
        text = re.sub(f"<!-- {name} -->.*?<!-- end -->", lambda _, new=new: new, text, flags=re.DOTALL)
    path.write_text(text, "utf-8")


def tables() -> None:
    found = {f"found {number}": found_table(reviewer) for number, reviewer in enumerate(REVIEWERS)}
    found |= {f"targets {number}": targets_table(reviewer) for number, reviewer in enumerate(REVIEWERS)}
    found |= {"choice": choice_table(), "candidates": candidates_table()} if (RESULTS / "choice.json").exists() else {}
    write(found | {"speed": speed_table()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["choose", "measure", "speed", "tables"])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--draws", type=int)
    arguments = parser.parse_args()
    if arguments.what == "tables":
        return tables()
    if arguments.what == "speed":
        speed(100_000, 500)
        return speed(1_000_000, 200)
    sets = [audited(name, arguments.runs, arguments.data) for name in arguments.sets]
    return choose(sets, arguments.draws or 4) if arguments.what == "choose" else measure(sets, arguments.draws or 20)


if __name__ == "__main__":
    main()
