"""Audit public datasets quickly, and write one page per dataset with what the audit found.

python reports/gallery/make.py [--data DIR] [--runs DIR] [--sets NAME ...]

Audits use the quick models (``--models features,lexical``). A run that exists under ``--runs`` is read, not repeated.
Texts are shown only where the dataset's licence allows it; elsewhere a page names ids.
"""

from __future__ import annotations

import argparse
import html
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

import auditor
from auditor.commands.progress import Terminal
from auditor.run.artifacts import CONFLICTS
from auditor.signals.base import percent

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "gallery"
DATA = Path(os.environ.get("AUDITOR_DATA", "../shared/data"))
SHOWN, PAIRS, CHARACTERS = 20, 10, 220
"""Suspect rows and pairs on a page; characters of a text."""
DRAWN = 20_000
"""Rows that are drawn from a larger dataset, by seed 0."""

NOT_JUDGED = (
    "**Nobody has judged these rows.** A flag marks a row to read again; it does not say that the label is wrong, and "
    "the number of flags does not say how many labels are wrong. Only people's verdicts on cards drawn at random do: "
    "`auditor review RUN --sample 300`, then `auditor estimate RUN`. The suggestions are a proposal, not a correction."
)
INTRODUCTION = """# Gallery: what a quick audit finds in public datasets

    python reports/gallery/make.py --data DIR        # audits the sets quickly, and writes these pages

Quick audits (`--models features,lexical`), without fine-tuning. Texts are quoted where the licence allows it; elsewhere
a page names ids. *Leaks* are conflicts between rows of different splits. The times cover all stages, but not starting
the program, on two CPU cores with AVX2 and without bfloat16 units; tests were running during some of the audits.

{not_judged}

| dataset | rows | classes | to read again | overlapping definitions | duplicates in conflict | leaks | seconds |
|---|---|---|---|---|---|---|---|
{rows}
"""


@dataclass(frozen=True)
class Dataset:
    """A dataset of the gallery.

    Attributes
    ----------
    title, about, licence, home : str
        What the page says of it.
    texts : bool
        Whether the licence allows a page to quote texts.
    rows : int
        Of the whole dataset.
    source : callable
        Folder of the data → what :func:`auditor.audit` reads, with its options.
    """

    title: str
    about: str
    licence: str
    home: str
    texts: bool
    rows: int
    source: Callable[[Path], tuple[object, dict[str, str]]]


def _table(name: str, label: str) -> Callable[[Path], tuple[object, dict[str, str]]]:
    def read(data: Path) -> tuple[object, dict[str, str]]:
        frame = pd.read_parquet(data / name / f"{name}.parquet")
        if len(frame) > DRAWN + 5_000:
            frame = frame.iloc[np.sort(np.random.default_rng(0).choice(len(frame), DRAWN, replace=False))]
        columns = [column for column in ("id", "split", "text") if column in frame]
        frame = frame[columns].assign(label=frame[label]).reset_index(drop=True)
        return frame, {"text": "text", "label": "label", "id": "id"}

    return read


def _emotion(data: Path) -> tuple[object, dict[str, str]]:
    return [str(data / "emotion" / f"{split}.txt") for split in ("train", "val", "test")], {}


SETS = {
    "banking77": Dataset(
        "banking77",
        "Questions to a bank, 77 intents.",
        "CC BY 4.0",
        "https://huggingface.co/datasets/PolyAI/banking77",
        True,
        13_083,
        _table("banking77", "label_name"),
    ),
    "emotion": Dataset(
        "emotion",
        "English tweets, 6 emotions, labelled by hashtag.",
        "for education and research only: ids, no texts",
        "https://huggingface.co/datasets/dair-ai/emotion",
        False,
        20_000,
        _emotion,
    ),
    "noisy_ag_news": Dataset(
        "noisy_ag_news",
        "News, 4 topics, labelled by people (NoisyAG-News).",
        "MIT",
        "https://arxiv.org/abs/2407.06579",
        True,
        10_000,
        _table("noisy_ag_news", "given_label"),
    ),
    "clinc150": Dataset(
        "clinc150",
        "Requests to an assistant, 150 intents and *out of scope*.",
        "CC BY 3.0",
        "https://huggingface.co/datasets/clinc/clinc_oos",
        True,
        23_700,
        _table("clinc150", "label_name"),
    ),
    "hate_offensive": Dataset(
        "hate_offensive",
        "Tweets, 3 classes; the given label is one rater's vote.",
        "MIT; the texts are abusive, so the page names ids alone",
        "https://github.com/t-davidson/hate-speech-and-offensive-language",
        False,
        24_783,
        _table("hate_offensive", "given_label"),
    ),
    "tweet_emoji": Dataset(
        "tweet_emoji",
        "Tweets, 20 emoji, labelled by the emoji that they held.",
        "TweetEval's terms: ids, no texts",
        "https://huggingface.co/datasets/cardiffnlp/tweet_eval",
        False,
        100_000,
        _table("tweet_emoji", "label_name"),
    ),
}


def audit(name: str, data: Path, runs: Path) -> auditor.Audit:
    """Open the run of a dataset; make it if it does not exist."""
    if (runs / name / "report.html").is_file():
        return auditor.Audit(runs / name)
    source, reading = SETS[name].source(data)
    config = auditor.AuditConfig(models=("features", "lexical"), read=reading, detection={"map_rows": 1_000})
    listener = Terminal(Console(stderr=True, highlight=False), verbosity=1)
    return auditor.audit(source, config=config, out=runs / name, listener=listener)


# -- pages ----------------------------------------------------------------------------------------------------------


def page(name: str, found: auditor.Audit) -> str:
    """Return the page of a dataset, in Markdown."""
    about, health = SETS[name], found.health
    flagged, confusions = health["issues"], health["confusions"][:PAIRS]
    rows = len(found.issues)
    drawn = "" if rows == about.rows else f" of {about.rows:,}, drawn at random"
    lines = [
        *(f"# {about.title}", "", f"{about.about} [Source]({about.home}); licence: {about.licence}.", ""),
        f"{rows:,} rows{drawn}, {len(health['classes'])} classes, {flagged:,} rows to read again "
        f"({100 * flagged / max(health['judged'], 1):.1f} %), {seconds(found):,.0f} seconds. {NOT_JUDGED}",
        "",
        *(["", f"> {found.caution}", ""] if found.caution else []),
        *("## Given → suggested", "", "| given | suggested | rows to read again |", "|---|---|---|"),
        *(f"| {cell(pair['given'])} | {cell(pair['suggested'])} | {pair['rows']} |" for pair in confusions),
        *("", f"## The {SHOWN} most suspect", ""),
        *suspects(found, about.texts),
        *("", "## Definitions that overlap", "", *definitions(found)),
        *("", "## Duplicates in conflict", "", *conflicts(found, about.texts)),
    ]
    return "\n".join(lines) + "\n"


def suspects(found: auditor.Audit, texts: bool) -> Iterator[str]:
    """Yield the table of the most suspect rows, with each model's probability of the given label."""
    models = [column.removeprefix("probability_given_") for column in found.issues if column.startswith("probability_")]
    of_given = " | ".join(f"P(given), {model}" for model in models)
    yield f"| rank | {'text' if texts else 'id'} | given | suggested | {of_given} | why |"
    yield f"|---|---|---|---|{'---|' * len(models)}---|"
    for row in found.issues.head(SHOWN).itertuples():
        shown = cell(row.text) if texts else f"`{cell(row.id)}`"
        chances = " | ".join(percent(getattr(row, f"probability_given_{model}")) for model in models)
        labels = f"{cell(row.given_label)} | {cell(row.suggested_label)}"
        yield f"| {row.rank} | {shown} | {labels} | {chances} | {cell(' '.join(map(str, row.reasons)), 400)} |"


def definitions(found: auditor.Audit) -> Iterator[str]:
    """Yield the table of pairs whose definitions overlap."""
    if not found.definitions:
        yield "None found."
        return
    yield from ("| one | the other | predicted as the other | the other predicted as it |", "|---|---|---|---|")
    for pair in found.definitions[:PAIRS]:
        yield f"| {cell(pair['label_a'])} | {cell(pair['label_b'])} | {pair['a_as_b']} | {pair['b_as_a']} |"


def conflicts(found: auditor.Audit, texts: bool) -> Iterator[str]:
    """Yield the table of (nearly) identical texts with different labels."""
    pairs = in_conflict(found)
    if pairs.empty:
        yield "None found."
        return
    same, leaks = int(pairs["identical"].sum()), int(pairs["across_splits"].sum())
    yield from (f"{len(pairs):,} pairs: {same:,} of identical texts, {leaks:,} across splits.", "")
    quoted = dict(zip(found.issues["id"], found.issues["text"], strict=True)) if texts else {}
    yield from ("| text | label | text | label |" if texts else "| id | label | id | label |", "|---|---|---|---|")
    for pair in pairs.head(PAIRS).itertuples():
        one, other = (cell(quoted[name]) if texts else f"`{cell(name)}`" for name in (pair.first_id, pair.second_id))
        yield f"| {one} | {cell(pair.first_label)} | {other} | {cell(pair.second_label)} |"


def in_conflict(found: auditor.Audit) -> pd.DataFrame:
    """Return the pairs of (nearly) identical texts with different labels; none for a run of an earlier version."""
    if not found.run.has(CONFLICTS):
        return pd.DataFrame({"identical": [], "across_splits": []})
    return found.run.load(CONFLICTS).to_pandas()


def cell(text: object, most: int = CHARACTERS) -> str:
    """Return a text as a cell: one line, escaped, cut."""
    line = " ".join(str(text).split())
    line = line if len(line) <= most else f"{line[:most]}…"
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", html.escape(line, quote=False))


def seconds(found: auditor.Audit) -> float:
    """Return how long the stages of a run took."""
    return float(sum(stage.seconds for stage in found.run.manifest.stages.values()))


def overview(name: str, found: auditor.Audit) -> str:
    """Return a dataset's row in the table of the first page."""
    pairs = in_conflict(found)
    counts = [len(found.issues), len(found.health["classes"]), found.health["issues"], len(found.definitions)]
    counts += [len(pairs), int(pairs["across_splits"].sum()), round(seconds(found))]
    return f"| [{SETS[name].title}]({name}.md) | {' | '.join(f'{count:,}' for count in counts)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    arguments = parser.parse_args()
    rows = []
    for name in arguments.sets:
        found = audit(name, arguments.data, arguments.runs)
        (HERE / f"{name}.md").write_text(page(name, found), "utf-8")
        rows.append(overview(name, found))
    text = INTRODUCTION.format(not_judged=NOT_JUDGED, rows="\n".join(rows))
    (HERE / "README.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
