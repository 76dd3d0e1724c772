"""Edition: the rows and the ranking that a workspace has read; an audit may replace either while people review."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NamedTuple

from auditor.errors import DecisionError, RunError
from auditor.run import Run
from auditor.run.artifacts import ISSUES, MANIFEST


class _State(NamedTuple):
    """Fingerprint of the rows, hash of the issues, and whether a ranking can be read."""

    rows: str | None
    issues: str | None
    ranked: bool


class Edition:
    """Rows and ranking of a run when it was opened.

    Parameters
    ----------
    run : Run
    """

    def __init__(self, run: Run) -> None:
        self._run, self._opened = run, _state_of(run)
        self._checked: tuple[tuple[int, ...] | None, _State | None] = None, None  # one tuple: many threads read it

    @property
    def ranking(self) -> str | None:
        """What tells this ranking from others."""
        return self._opened.issues

    def check(self) -> None:
        """Refuse to continue with rows that are no longer the run's. Another ranking or report does not matter.

        Raises
        ------
        DecisionError
        """
        now = self._now()
        if now is None or now.rows != self._opened.rows:
            raise DecisionError(
                "The run has been re-created since this page was opened, or is being re-created now.",
                "Restart `auditor review` when the run is finished, and reload the page.",
            )

    def check_ranking(self) -> None:
        """Refuse to continue with rows or a ranking that are no longer the run's.

        Raises
        ------
        DecisionError
        """
        self.check()
        if self._now() != self._opened._replace(ranked=True):
            raise DecisionError("The run is being ranked anew.", "Try again in a minute.")

    @property
    def is_superseded(self) -> bool:
        """Whether the run has another ranking of the same rows, which can be read."""
        now, opened = self._now(), self._opened
        return now is not None and now.ranked and now.rows == opened.rows and now.issues != opened.issues

    def _now(self) -> _State | None:
        """Return the state of the run now; None without a run. While nothing changes, this costs one stat."""
        seen = None
        with suppress(OSError):
            about = os.stat(self._run / MANIFEST)
            seen = about.st_mtime_ns, about.st_ino, about.st_size
        last_seen, state = self._checked
        if seen is None or seen != last_seen:
            state = None
            with suppress(OSError, RunError):
                state = _state_of(Run(self._run.directory))
            self._checked = seen, state
        return state


def _state_of(run: Run) -> _State:
    manifest = run.manifest
    dataset, ranked = manifest.dataset, manifest.ranked or manifest.finished
    return _State(dataset.fingerprint if dataset else None, manifest.outputs.get(ISSUES.name), ranked)
