"""Guidelines: what the labels mean, as the people who judge have agreed; every version is an event of the log.

They are Markdown. A heading that is a label's name begins the section of that label, and one that names two labels the
section of that pair:

    Judge what the writer feels, not what the text is about.

    ## joy
    The writer is happy, whatever the reason.
    - i feel so good today

    ## joy / love
    Love has somebody that it is for.

The first line of a label's section is the line that its button shows; list items are its examples.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from auditor.errors import DecisionError, SourceError
from auditor.review.log.event import Event
from auditor.review.log.log import DecisionLog
from auditor.review.log.parts import MAX_GUIDELINES
from auditor.review.log.records import in_time
from auditor.storage import open_file

MAX_LINE, MAX_EXAMPLES = 500, 20
"""Maximum characters of a label's line or example, and maximum examples of a label, that a button or card shows."""
_TODO = "Write the guidelines as Markdown in UTF-8, with a heading such as `## joy` for each label."
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(.*)")
_MARKS = " \t#*_`\"'\u201c\u201d\u2018\u2019:"
"""Marks around a heading's name that are not part of it."""
_BETWEEN = ("/", " or ", " and ", " vs ", " vs. ", "→", "↔")


@dataclass(frozen=True)
class Section:
    """What the guidelines say of one label.

    Attributes
    ----------
    line : str
        The first line of its section that is neither a heading nor an example; empty if there is none.
    examples : tuple of str
    """

    line: str
    examples: tuple[str, ...]


def tidied(text: str) -> str:
    """Return a text with plain line ends, without blank lines around it and spaces at the ends of lines."""
    lines = (line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return "\n".join(lines).strip("\n")


def version_of(text: str) -> str:
    """Return the version of guidelines: 12 hexadecimal digits of the SHA-256 of their text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_guidelines(path: Path) -> str:
    """Read guidelines from a Markdown file.

    Raises
    ------
    SourceError
        If the file cannot be read, is not text, is blank or too long.
    """
    try:
        with open_file(path) as file:
            data = file.read(4 * MAX_GUIDELINES + 4)
        text = tidied(data.removeprefix(codecs.BOM_UTF8).decode())
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.", "Name another file.") from None
    except UnicodeDecodeError:
        text = "" if len(data) <= 4 * MAX_GUIDELINES else "x" * (MAX_GUIDELINES + 1)  # cut within a character
        if not text:
            raise SourceError(f"{path} is not text in UTF-8.", _TODO) from None
    if len(text) > MAX_GUIDELINES:
        raise SourceError(
            f"{path} has more than {MAX_GUIDELINES:,} characters.", "Shorten the guidelines to what reviewers need."
        )
    if not text.strip() or "\0" in text:
        raise SourceError(f"{path} {'is blank' if not text.strip() else 'holds a NUL character'}.", _TODO)
    return text


def sections(text: str, label_names: Sequence[str], renamed: Mapping[str, str] | None = None) -> dict[str, Section]:
    """Return what guidelines say of each label, for labels that have a section.

    Parameters
    ----------
    text : str
    label_names : sequence of K str
        Labels of the dataset.
    renamed : mapping of str to str, optional
        Label of the dataset by the new name of its class; a heading may be either.
    """
    names = _by_name(label_names, renamed)
    lines: dict[str, str] = {}
    examples: dict[str, list[str]] = {}
    label: str | None = None
    for line in text.split("\n"):
        if heading := _HEADING.match(line):
            label = names.get(_key(heading[1]))
            if label is not None:
                lines.setdefault(label, "")
                examples.setdefault(label, [])
        elif label is not None and line.strip():
            if item := _ITEM.match(line):
                if len(examples[label]) < MAX_EXAMPLES:
                    examples[label].append(item[1].strip()[:MAX_LINE])
            elif not lines[label]:
                lines[label] = line.strip()[:MAX_LINE]
    return {label: Section(lines[label], tuple(examples[label])) for label in label_names if label in lines}


def pairs_with_line(
    text: str, label_names: Sequence[str], renamed: Mapping[str, str] | None = None
) -> set[frozenset[str]]:
    """Return the pairs of labels that a heading such as ``## joy / love`` names together; see :func:`sections`."""
    names = _by_name(label_names, renamed)
    found = set()
    for line in text.split("\n"):
        if heading := _HEADING.match(line):
            for between in _BETWEEN:
                for place in _places(heading[1], between):
                    before, after = heading[1][:place], heading[1][place + len(between) :]
                    pair = names.get(_key(before)), names.get(_key(after))
                    if pair[0] is not None and pair[1] is not None and pair[0] != pair[1]:
                        found.add(frozenset(name for name in pair if name is not None))
    return found


def _places(text: str, sought: str) -> list[int]:
    """Return the first and the last place of a text: a label may hold the sign itself."""
    return sorted({text.find(sought), text.rfind(sought)} - {-1})


def _by_name(label_names: Sequence[str], renamed: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the label of each heading; where two differ in case alone, of the first. Labels come before new names."""
    found: dict[str, str] = {}
    for names in (renamed or {}, {label: label for label in reversed(label_names)}):
        found |= {_key(name): label for name, label in names.items()}
        found |= {name.strip(): label for name, label in names.items()}
    return found


def _key(heading: str) -> str:
    return heading.strip(_MARKS).casefold()


class Guidelines:
    """The guidelines in a log; a view of it. Safe to use from many threads.

    Parameters
    ----------
    log : DecisionLog
    """

    def __init__(self, log: DecisionLog) -> None:
        self._log = log
        self._lock = Lock()
        self._seq = 0
        self._versions: frozenset[str] = frozenset()
        self._latest: Event | None = None

    def catch_up(self) -> None:
        """Take in what was written to the log since the last time."""
        with self._lock:
            for seq, event in self._log.of_kind("guideline", self._seq):
                self._versions |= {version_of(event.guidelines or "")}
                if self._latest is None or in_time(event) > in_time(self._latest):
                    self._latest = event
                self._seq = seq

    @property
    def latest(self) -> Event | None:
        """The event with the guidelines in force, whose text may be empty; None if there were never any."""
        return self._latest

    @property
    def text(self) -> str:
        """The guidelines in force; empty without any."""
        latest = self._latest
        return "" if latest is None else latest.guidelines or ""

    @property
    def version(self) -> str | None:
        """Their version; None without any."""
        text = self.text
        return version_of(text) if text else None

    def had(self, versions: Collection[str | None]) -> str | None:
        """Return the first of some versions that the log has; None if it has none of them."""
        return next((version for version in versions if version is not None and version in self._versions), None)

    def write(self, text: str, me: str, event_id: str, base: str | None) -> None:
        """Put new guidelines into force.

        Parameters
        ----------
        text : str
            Empty to go without guidelines again.
        me : str
        event_id : str
            Id made by the client. Sending it twice writes nothing more.
        base : str or None
            Version that the reviewer has changed.

        Raises
        ------
        DecisionError
            If others have changed the guidelines meanwhile, or the text is too long.
        """
        text = tidied(text)
        if len(text) > MAX_GUIDELINES or "\0" in text:
            raise DecisionError(
                f"The guidelines have {len(text):,} characters; at most {MAX_GUIDELINES:,} are allowed, and no NUL.",
                "Shorten them.",
            )
        self.catch_up()
        if text == self.text:
            return
        if base != self.version:
            by = self._latest.reviewer if self._latest else "somebody"
            raise DecisionError(
                f"{by} has changed the guidelines meanwhile. Yours are not saved.",
                "Copy what you have written, give up, and write it into the new ones.",
            )
        self._append(text, me, event_id, "queue")

    def adopt(self, text: str, event_id: str) -> bool:
        """Put the guidelines of a file into force, unless the log has had them: then a newer version stays.

        Returns
        -------
        bool
            Whether they are in force.
        """
        self.catch_up()
        if version_of(text) not in self._versions:
            self._append(text, "file", event_id, "import")
        return text == self.text

    def _append(self, text: str, me: str, event_id: str, source: str) -> None:
        about = {"event_id": event_id, "run_id": self._log.run_id, "reviewer": me, "source": source}
        self._log.append([Event.model_validate({**about, "kind": "guideline", "guidelines": text, "at": _now()})])
        self.catch_up()


def _now() -> datetime:
    return datetime.now(UTC)
