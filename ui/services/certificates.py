"""Certificates: tests of bulk changes in words, for the pages that offer such changes."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np

from auditor.arrays import Float32
from auditor.review.feed import sentences
from auditor.review.feed.certified import CertificateTest, certificate_tests, status_of
from auditor.review.feed.planning import preview_suggestions
from auditor.review.view.verdicts import Verdicts
from auditor.run.artifacts import CONSENSUS

LIMIT = 0.05
"""Largest share of wrong rows that the page proposes to certify."""


class Certificates:
    """Tests in the log, read again when another one is planned. Safe to use from many threads.

    Parameters
    ----------
    verdicts : Verdicts
    """

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        self._lock = Lock()
        self._read: tuple[tuple[str, ...], list[CertificateTest]] = (), []

    def suggestions(self) -> dict[str, Any]:
        """Describe the test of the suggestions.

        Returns
        -------
        dict
            ``limit``: largest share of wrong rows among the certified ones, None if no set has passed; ``sentences``:
            the test and its state, or how to begin one.
        """
        test = next((test for test in reversed(self._tests()) if test.plan.target == "suggestions"), None)
        if test is None:
            steps = preview_suggestions(self._verdicts, self._probability(), LIMIT)
            return {"limit": None, "sentences": [sentences.how_to_certify(steps, LIMIT)]}
        words = list(sentences.certificate(status_of(test)))
        if not test.ended:
            words.append(f"Read its cards: `auditor review RUN --certify {100 * test.plan.wrong_at_most:g}%`.")
        return {"limit": test.plan.wrong_at_most if test.certified() else None, "sentences": words}

    def groups(self) -> dict[int, list[str]]:
        """Describe the tests of groups, by the number of each group that has rows in one."""
        items, found = self._verdicts.items, dict[int, list[str]]()
        for test in self._tests():
            if test.plan.target == "group":
                words = [line.strip() for line in sentences.certificate(status_of(test))]
                for group in np.unique(items.group[test.rows]).tolist():
                    found.setdefault(group, []).extend(words)
        return found

    def _tests(self) -> list[CertificateTest]:
        plans = tuple(event.event_id for event in self._verdicts.log.plans())
        with self._lock:
            if self._read[0] != plans:
                self._read = plans, certificate_tests(self._verdicts)
            return self._read[1]

    def _probability(self) -> Float32:
        """(N,) consensus probability of each suggestion; NaN where there is none."""
        items = self._verdicts.items
        chances = items.probabilities(CONSENSUS)[np.arange(len(items)), np.maximum(items.suggested, 0)]
        return np.where(items.suggested >= 0, chances, np.float32(np.nan))
