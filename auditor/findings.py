"""The findings of an audit, as frames and dicts."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor import markup
from auditor.arguments import with_checked_methods
from auditor.recognition import Unrecognised, in_words, nothing_judged, unrecognised
from auditor.run import Run, find_run
from auditor.run.artifacts import DEFINITIONS, HEALTH, ISSUES, SCORES, WEIGHTS
from auditor.wording import counted, inside, listed, shorten

if TYPE_CHECKING:
    import pandas as pd

    from auditor.data import LabeledTexts
    from auditor.ranking import Ranking

_SHOWN, _CHARACTERS = 10, 200
"""Rows that a notebook shows, and characters of their texts."""


@with_checked_methods
class Findings:
    """The findings of an audit. Its ranking can be read before it is finished: :attr:`unfinished` says so.

    Parameters
    ----------
    run : Findings, Run, str or Path
        An audit, its run, the run's name (under ``reports/runs``), or its path.

    Raises
    ------
    RunMissingError
        If the run does not exist, or has no ranking yet.
    """

    def __init__(self, run: Findings | Run | str | Path) -> None:
        self.run: Run = run.run if isinstance(run, Findings) else run if isinstance(run, Run) else find_run(run)

    def __repr__(self) -> str:
        found = f"{self.health['issues']} of {self.health['rows']} rows to read again"
        return f"{type(self).__name__}({str(self.run.directory)!r}, {found})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the counts, a caution if there is one, and the first rows of the ranking."""
        columns = ["rank", "text", "given_label", "suggested_label", "suspicion"]
        first = self.issues[self.issues["suspicion"].notna()].head(_SHOWN)  # rows that cannot be judged are no news
        cells = [
            (
                row["rank"],
                shorten(row["text"], _CHARACTERS),
                row["given_label"],
                row["suggested_label"],
                inside(row["suspicion"]),
            )
            for row in first[columns].to_dict("records")
        ]
        about = f"{self.health['issues']:,} of {counted(self.health['rows'], 'row')} to read again"
        caution = markup.paragraph(self.caution) if self.caution else ""
        header = ["rank", "text", "given label", "suggested label", "suspicion"]
        return str(markup.title(self.directory.name, about) + caution + markup.table(header, cells))

    @property
    def directory(self) -> Path:
        """The run directory."""
        return self.run.directory

    @cached_property
    def issues(self) -> pd.DataFrame:
        """One row per text, most suspect first, with the columns of ``issues.parquet``.

        ``is_issue`` marks the rows to read again. It does not say that their labels are wrong.
        """
        frame: pd.DataFrame = self.run.load(ISSUES).to_pandas()
        frame = frame.astype({"duplicate_group": "Int32", "group": "Int32"})
        return frame.sort_values("rank", kind="stable", ignore_index=True)

    @cached_property
    def ranking(self) -> Ranking:
        """The issues without pandas: their order, and rows on request."""
        from auditor.ranking import Ranking

        return Ranking(self.run)

    @cached_property
    def health(self) -> dict[str, Any]:
        """Classes, flagged rows by given → suggested label, duplicates, and cleanlab's estimates."""
        return dict(self.run.load(HEALTH))

    @cached_property
    def scores(self) -> dict[str, Any]:
        """Out-of-fold accuracy, F1 and confusion matrix of the baseline, each model and the consensus."""
        return dict(self.run.load(SCORES))

    @cached_property
    def definitions(self) -> list[dict[str, Any]]:
        """Pairs of classes whose definitions overlap, most rows first; empty in runs of earlier versions."""
        return list(self.run.load(DEFINITIONS)) if self.run.has(DEFINITIONS) else []

    @cached_property
    def consensus(self) -> dict[str, Any]:
        """Weights of the models and estimated shares of the labels; empty in runs of earlier versions."""
        return dict(self.run.load(WEIGHTS)) if self.run.has(WEIGHTS) else {}

    @property
    def unrecognised(self) -> list[Unrecognised]:
        """Classes that the models cannot recognise, least recognised first; flags on them say little."""
        return unrecognised(self.scores, self.run.dataset.label_names)

    @property
    def caution(self) -> str | None:
        """A warning of classes that the models cannot recognise, or that no row could be judged; else None."""
        return nothing_judged(self.health, self.run.config) or in_words(self.unrecognised)

    @property
    def unfinished(self) -> str | None:
        """A note that the run is not finished, and on which models its ranking rests; None if it is finished."""
        if self.run.manifest.finished:
            return None
        return f"The run is not finished. So far, its ranking rests on these models: {listed(self.run.config.pooled)}."

    @cached_property
    def texts(self) -> LabeledTexts:
        """The dataset as it was audited."""
        from auditor.data import LabeledTexts

        return LabeledTexts.of(self.run)
