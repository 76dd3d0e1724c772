"""Known answers: rows whose right label is known, which show how well a new reviewer judges."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np

from auditor.errors import SourceError
from auditor.estimate.shares import Share, share
from auditor.review.feed.served import Served
from auditor.review.view.items import Items
from auditor.review.view.own import BIT
from auditor.review.view.verdicts import Verdicts
from auditor.storage import open_file

_MAX_BYTES = 50_000_000


@dataclass(frozen=True)
class Qualification:
    """How a reviewer judged the cards whose answers are known.

    Attributes
    ----------
    right : Share
        Cards on which the reviewer chose the known label, of those judged. Other verdicts are not right.
    done : bool
        Whether the reviewer has judged all that are asked for. Until then, the result is shown to nobody.
    missed : tuple of int
        Rows that the reviewer judged otherwise.
    """

    right: Share
    done: bool
    missed: tuple[int, ...]


class KnownAnswers:
    """The rows whose answers are known: those of a file, and adjudicated ones. Safe to use from many threads.

    Parameters
    ----------
    verdicts : Verdicts
    served : Served
    answers : mapping of int to str
        Known label by row; see :func:`read_answers`.
    cards : int
        Number of them that each reviewer is asked for; 0 for none.
    """

    def __init__(self, verdicts: Verdicts, served: Served, answers: Mapping[int, str], cards: int) -> None:
        self._verdicts, self._served, self._answers, self._cards = verdicts, served, answers, cards

    @property
    def is_asking(self) -> bool:
        """Whether known answers are mixed into the cards."""
        return self._cards > 0

    def next(self, me: str, busy: Collection[int]) -> tuple[int, str] | None:
        """Return a row that the reviewer has not judged, in an order of their own, and its answer.

        Parameters
        ----------
        me : str
        busy : collection of int
            Rows that are in somebody's hand. Those of the reviewer count as asked.

        Returns
        -------
        (int, str) or None
            None once the reviewer has been asked often enough, or no row is left.
        """
        if not self._cards:
            return None
        self._served.catch_up()
        if len(self._served.known_answers(me)) >= self._cards:
            return None
        answers = self._all()
        waiting = sum(row in answers for row in busy)
        if len(self._served.known_answers(me)) + waiting >= self._cards:
            return None
        own = self._verdicts.of(me).bits
        left = [row for row in answers if not own[row] and row not in busy]
        if not left:
            return None
        row = min(left, key=lambda row: hashlib.sha256(f"{me} {self._verdicts.items.id_of(row)}".encode()).digest())
        return row, answers[row]

    def qualification(self, reviewer: str) -> Qualification | None:
        """Return how a reviewer judged the known answers by the verdicts that stand now; None before the first."""
        self._served.catch_up()
        own = self._verdicts.of(reviewer)
        judged = {row: answer for row, answer in self._served.known_answers(reviewer).items() if own.bits[row]}
        if not judged:
            return None
        missed = tuple(row for row, answer in judged.items() if self._label(own.bits[row], own.to[row], row) != answer)
        unread = sum(not own.bits[row] for row in self._all())
        done = len(judged) >= min(self._cards, len(judged) + unread)
        return Qualification(share(len(judged) - len(missed), len(judged)), done, missed)

    def _label(self, bits: np.uint8, to: np.int32, row: int) -> str | None:
        """Return the label that a verdict chooses."""
        items = self._verdicts.items
        if bits == BIT["keep"]:
            return items.label(items.given[row])
        return items.label(int(to) - 1) if bits == BIT["relabel"] else None

    def _all(self) -> dict[int, str]:
        """Return the answers of the file and of the rows adjudicated to a label; the latter are the later word."""
        settled = self._verdicts.adjudicated
        found = dict(self._answers)
        for row in np.flatnonzero(settled.bits).tolist():
            label = self._label(settled.bits[row], settled.to[row], row)
            found.pop(row, None)
            if label is not None:
                found[row] = label
        return found


def read_answers(path: Path, items: Items) -> dict[int, str]:
    """Read a CSV file of known answers, with the columns ``id`` and ``label``.

    Returns
    -------
    dict of int to str
        Label by row.

    Raises
    ------
    SourceError
        If the file cannot be read, lacks a column, or names a row or label that the run does not have, or a row twice.
    """
    try:
        with open_file(path) as file:
            text = file.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            raise _refused(path, f"has more than {_MAX_BYTES:,} bytes")
        lines = csv.DictReader(StringIO(text.decode("utf-8-sig")), strict=True)
        columns = [name.strip().lower() for name in lines.fieldnames or ()]
        if not {"id", "label"} <= set(columns):
            raise _refused(path, f"has the columns {', '.join(columns) or 'none'}; expected id and label")
        lines.fieldnames = columns
        found: dict[int, str] = {}
        for line in lines:
            item_id, label = line["id"] or "", line["label"] or ""
            row = items.row_of(item_id)
            if row is None:
                raise _refused(path, f"line {lines.line_num}: the run has no row {item_id!r:.80}")
            if label not in items.codes:
                raise _refused(path, f"line {lines.line_num}: the run has no label {label!r:.80}")
            if row in found:
                raise _refused(path, f"line {lines.line_num}: the row {item_id!r:.80} stands in it twice")
            found[row] = label
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.", "Name another --gold file.") from None
    except UnicodeDecodeError:
        raise _refused(path, "is not UTF-8") from None
    except csv.Error as error:
        raise _refused(path, f"is not CSV ({error})") from None
    return found


def _refused(path: Path, what: str) -> SourceError:
    return SourceError(
        f"{path}{',' if what.startswith('line') else ''} {what}.",
        "Correct the file: a header id,label, then one row a line.",
    )
