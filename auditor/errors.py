"""Everything that can go wrong for a user, in one tree.

AuditorError
├── InputError                 what was given cannot be audited as it is
│   ├── ConfigError            an option has a value that is not allowed, or there is no such option
│   ├── SourceError            a file, folder or name is missing, unknown or unreadable
│   ├── ColumnError            a column is missing, unclear or of the wrong kind
│   └── RowError               some rows are invalid (empty, malformed, duplicate ids)
├── HubError                   the Hugging Face Hub
│   ├── HubUnreachableError    it cannot be reached
│   ├── HubMissingError        it answered: no such name, revision, configuration or split
│   ├── HubRefusedError        it refuses: no token, or no right
│   └── HubMovedError          somebody else has changed the repository meanwhile
├── ModelError                 a model or tokenizer cannot be had, or is not what it should be
├── OwnCodeError               a classifier or signal of the user's own is missing, fails, or does not do what it must
├── RunError                   a run directory
│   ├── RunMissingError        there is no such run
│   ├── RunHeldError           another process is working on it
│   ├── RunMismatchError       it belongs to another dataset
│   └── RunDamagedError        a file in it is not the one that was written
├── ReviewError                reviewing
│   ├── DecisionError          a decision cannot be taken: its row has changed, or what it says does not fit
│   ├── FilterError            a filter cannot be understood
│   ├── LogError               the decision log cannot be opened, read or written
│   └── AccountError           a reviewer's account, or how the page is opened to others
├── CorrectionError            correcting
│   ├── ExportError            a corrected dataset cannot be made or written like this
│   └── PatchError             a patch cannot be read, or fits nothing
└── StorageError               the disk is full, or refuses to be written to

Every error says in ``what`` what was found where (and what was expected), and in ``todo`` what to do about it. The
command line prints both, one line each, and ends with the class's ``exit_code``.
"""

from __future__ import annotations


class AuditorError(Exception):
    """Base of all errors that auditor raises on purpose.

    Parameters
    ----------
    what : str
        One line: the file, column or row, what was found, what was expected.
    todo : str
        One line: what the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what}\n{self.todo}"


class InputError(AuditorError):
    """What was given cannot be audited as it is."""

    exit_code = 3


class ConfigError(InputError):
    """An option has a value that is not allowed, or there is no such option."""


class SourceError(InputError):
    """A file, folder or name is missing, of an unknown format, or unreadable."""


class ColumnError(InputError):
    """A column is missing, unclear, or of the wrong kind."""


class RowError(InputError):
    """Some rows are invalid: empty, malformed, or with duplicate ids."""


class HubError(AuditorError):
    """Something about the Hugging Face Hub."""

    exit_code = 4


class HubUnreachableError(HubError):
    """The Hub cannot be reached."""


class HubMissingError(HubError):
    """The Hub answered that the name, revision, configuration or split does not exist (or is private)."""


class HubRefusedError(HubError):
    """The Hub refuses: there is no token, or it has no right to do this."""


class HubMovedError(HubError):
    """Somebody else has changed the repository meanwhile."""


class ModelError(AuditorError):
    """A model or tokenizer cannot be had, or is not what it should be."""

    exit_code = 4


class OwnCodeError(AuditorError):
    """A classifier or signal of the user's own cannot be found, fails, or does not keep its contract."""

    exit_code = 9


class RunError(AuditorError):
    """Something about a run directory."""

    exit_code = 5


class RunMissingError(RunError):
    """There is no such run, or it is not finished."""


class RunHeldError(RunError):
    """Another process is working on the run."""


class RunMismatchError(RunError):
    """The run directory belongs to another dataset."""


class RunDamagedError(RunError):
    """A file of the run is not the one that was written."""


class ReviewError(AuditorError):
    """Something about reviewing."""

    exit_code = 7


class DecisionError(ReviewError):
    """A decision cannot be taken: its row has changed since it was shown, or what it says does not fit."""


class FilterError(ReviewError):
    """A filter cannot be understood: an unknown field, a value that is not allowed, a bad regular expression."""


class LogError(ReviewError):
    """The decision log cannot be opened, read or written."""


class AccountError(ReviewError):
    """A reviewer's account cannot be made or read, or the page may not be opened to others like this."""


class CorrectionError(AuditorError):
    """Something about correcting a dataset."""

    exit_code = 8


class ExportError(CorrectionError):
    """A corrected dataset cannot be made or written like this."""


class PatchError(CorrectionError):
    """A patch cannot be read, or does not belong to this dataset."""


class StorageError(AuditorError):
    """The disk is full, or refuses to be written to."""

    exit_code = 6
