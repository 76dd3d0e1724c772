"""Every error that a user can meet, in one tree.

AuditorError
├── InputError                 the input cannot be audited as it is
│   ├── ConfigError            an option has an invalid value, or does not exist
│   ├── SourceError            a file, folder or name is missing, unknown or unreadable
│   ├── ColumnError            a column is missing, ambiguous or of the wrong type
│   └── RowError               some rows are invalid (empty, malformed, duplicate ids)
├── HubError                   the Hugging Face Hub
│   ├── HubUnreachableError    the Hub cannot be reached
│   ├── HubMissingError        a name, revision, configuration or split does not exist
│   ├── HubRefusedError        the token is missing, or lacks the permission
│   └── HubMovedError          someone else changed the repository in the meantime
├── ModelError                 a model or tokenizer cannot be loaded, or is invalid
├── OwnCodeError               the user's own classifier or signal is missing, fails, or breaks its contract
├── RunError                   a run directory
│   ├── RunMissingError        the run does not exist, or is not finished
│   ├── RunHeldError           another process is working on the run
│   ├── RunMismatchError       the run belongs to another dataset
│   └── RunDamagedError        a file of the run is missing or has been changed
├── ReviewError                reviewing
│   ├── DecisionError          a decision is invalid, or its row has changed
│   ├── FilterError            a filter is invalid
│   ├── LogError               the decision log cannot be opened, read or written
│   ├── EndpointError          a model's server cannot be reached, or refuses
│   └── AccountError           a reviewer's account is invalid, or the page may not be opened to others
├── CorrectionError            correcting
│   ├── ExportError            the corrected dataset cannot be made or written
│   └── PatchError             a patch cannot be read, or belongs to another dataset
├── WorkerError                a part of the work cannot be run: its process was killed, or Ray is not available
└── StorageError               the disk is full or not writable

``what`` says what was found, where, and what was expected; ``todo`` says what to do. The command line prints both, one
line each, and exits with the class's ``exit_code``. Both name options of the command line; ``str(error)``, which Python
shows, names the arguments instead.
"""

from __future__ import annotations

from auditor.wording import in_python


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
        return f"{in_python(self.what)}\n{in_python(self.todo)}"


class InputError(AuditorError):
    """The input cannot be audited as it is."""

    exit_code = 3


class ConfigError(InputError):
    """An option has an invalid value, or does not exist."""

    exit_code = 2


class SourceError(InputError):
    """A file, folder or name is missing, of an unknown format, or unreadable."""


class ColumnError(InputError):
    """A column is missing, ambiguous, or of the wrong type."""


class RowError(InputError):
    """Some rows are invalid: empty, malformed, or with duplicate ids."""


class HubError(AuditorError):
    """A request to the Hugging Face Hub failed."""

    exit_code = 4


class HubUnreachableError(HubError):
    """The Hub cannot be reached."""


class HubMissingError(HubError):
    """A name, revision, configuration or split does not exist on the Hub, or is private."""


class HubRefusedError(HubError):
    """The Hub refuses the request: the token is missing, or lacks the permission."""


class HubMovedError(HubError):
    """Someone else changed the repository in the meantime."""


class ModelError(AuditorError):
    """A model or tokenizer cannot be loaded, or is invalid."""

    exit_code = 4


class OwnCodeError(AuditorError):
    """The user's own classifier or signal is missing, fails, or breaks its contract."""

    exit_code = 9


class RunError(AuditorError):
    """A run directory cannot be used."""

    exit_code = 5


class RunMissingError(RunError):
    """The run does not exist, or is not finished."""


class RunHeldError(RunError):
    """Another process is working on the run."""


class RunMismatchError(RunError):
    """The run directory belongs to another dataset."""


class RunDamagedError(RunError):
    """A file of the run is missing or has been changed."""


class ReviewError(AuditorError):
    """A step of the review failed."""

    exit_code = 7


class DecisionError(ReviewError):
    """A decision is invalid, or its row has changed since it was shown."""


class FilterError(ReviewError):
    """A filter is invalid: an unknown field, an invalid value, or a malformed regular expression."""


class LogError(ReviewError):
    """The decision log cannot be opened, read or written."""


class EndpointError(ReviewError):
    """The server of a model that judges cannot be reached, refuses, or gives no usable answer."""


class AccountError(ReviewError):
    """A reviewer's account cannot be made or read, or the page may not be opened to others."""


class CorrectionError(AuditorError):
    """A dataset cannot be corrected."""

    exit_code = 8


class ExportError(CorrectionError):
    """The corrected dataset cannot be made or written."""


class PatchError(CorrectionError):
    """A patch cannot be read, or belongs to another dataset."""


class StorageError(AuditorError):
    """The disk is full or not writable."""

    exit_code = 6


class WorkerError(AuditorError):
    """A part of the work cannot be run: its process was killed, or Ray is missing or cannot be reached."""

    exit_code = 10
