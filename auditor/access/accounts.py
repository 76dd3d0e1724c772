"""Accounts: who may review, in a file of names and hashed passwords."""

from __future__ import annotations

import getpass
import hashlib
import hmac
import os
import secrets
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from auditor.access.names import Reviewer, is_model
from auditor.errors import AccountError
from auditor.storage import lock, open_file, write
from auditor.validation import first_fault

SHORTEST, LONGEST = 8, 1024
"""Fewest and most characters of a password."""

_NAME: TypeAdapter[str] = TypeAdapter(Reviewer)
_Answer = TypeVar("_Answer")

Role = Literal["reviewer", "adjudicator", "admin"]
"""A reviewer judges rows; an adjudicator settles conflicts as well; an admin may do everything an adjudicator may."""
ROLES: tuple[Role, ...] = get_args(Role)

Hexadecimal = Annotated[str, Field(pattern=r"^([0-9a-f]{2}){16,64}$")]


class _Password(BaseModel):
    """A password's scrypt hash, with salt and cost (RFC 7914; the cost is OWASP's advice for 32 MiB), and a role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salt: Hexadecimal
    hash: Hexadecimal = "0" * 64
    n: Annotated[int, Field(ge=2, le=2**20)] = 2**15
    r: Annotated[int, Field(ge=1, le=32)] = 8
    p: Annotated[int, Field(ge=1, le=16)] = 3
    logouts: Annotated[int, Field(ge=0)] = 0
    role: Role = "reviewer"

    @classmethod
    def of(cls, password: str, role: Role) -> _Password:
        empty = cls(salt=secrets.token_hex(16), role=role)
        return empty.model_copy(update={"hash": empty._hashed(password)})

    def fits(self, password: str) -> bool:
        return hmac.compare_digest(self._hashed(password), self.hash)

    def _hashed(self, password: str) -> str:
        data = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
        memory = 256 * self.n * self.r * self.p  # twice what scrypt needs
        salt = bytes.fromhex(self.salt)
        return hashlib.scrypt(data, salt=salt, n=self.n, r=self.r, p=self.p, maxmem=memory).hex()[:64]


_NOBODY = _Password(salt="0" * 32)
"""Password of unknown names: checking it takes as long as any other, and always fails."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    secret: Hexadecimal
    users: dict[str, _Password]


class Accounts:
    """Reviewers' names and passwords, in a JSON file that only its owner can read.

    Changes by other processes take effect at once.

    Parameters
    ----------
    path : Path
        The file; :meth:`add` creates it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[tuple[int, ...], _File] | None = None

    @property
    def names(self) -> list[str]:
        """Names of all accounts, in the order they were added."""
        return list(self._read().users)

    @property
    def roles(self) -> dict[str, Role]:
        """Role of each account, in the order they were added."""
        return {name: account.role for name, account in self._read().users.items()}

    @property
    def secret(self) -> str:
        """Key that signs sessions, 64 hexadecimal digits; created with the file."""
        return self._read().secret

    def verify(self, name: str, password: str) -> str | None:
        """Check a password. Return the account's name if it is correct, else None.

        Checking takes as long for a name without an account.
        """
        account_name = _normal(name)
        account = self._read().users.get(account_name)
        fits = (account or _NOBODY).fits(password)
        return account_name if fits and account else None

    def mark(self, name: str) -> str | None:
        """Return a mark that changes with the account's password and each logout; None without an account."""
        account = self._read().users.get(name)
        if account is None:
            return None
        # Another role takes effect at once, and needs no new login.
        return hashlib.sha256(account.model_dump_json(exclude={"role"}).encode()).hexdigest()[:16]

    def password_mark(self, name: str) -> str | None:
        """Return a mark that changes with the account's password only; None without an account."""
        account = self._read().users.get(_normal(name))
        return hashlib.sha256(f"{account.salt} {account.hash}".encode()).hexdigest()[:16] if account else None

    def add(self, name: str, password: str, *, replace: bool = False, role: Role | None = None) -> str:
        """Create an account. Return its name as the decision log will record it.

        Parameters
        ----------
        name : str
            1 to 100 printable characters.
        password : str
            8 characters or more.
        replace : bool
            Give an existing account a new password, and end the sessions of the old one.
        role : str, optional
            Default: ``reviewer``, or the role that the existing account has.

        Raises
        ------
        AccountError
            If the name or password is invalid, the account exists, or the file cannot be written.
        """
        name = reviewer_name(name)
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountError(
                f"The password has {len(password)} characters; expected {SHORTEST} to {LONGEST}.",
                "Choose another: three or four words are easy to remember and hard to guess.",
            )
        hashed = _Password.of(password, role or "reviewer")
        return self._writing(lambda: self._add(name, hashed, replace, keep_role=role is None))

    def set_role(self, name: str, role: Role) -> str:
        """Give an account another role, which takes effect at once. Return its name.

        Raises
        ------
        AccountError
            If the account does not exist, or the file cannot be read or written.
        """
        self._read()  # fails before a lock is created beside a missing file
        return self._writing(lambda: self._set_role(_normal(name), role))

    def _set_role(self, name: str, role: Role) -> str:
        file = self._read()
        account = self._account(file, name).model_copy(update={"role": role})
        self._write(file.model_copy(update={"users": {**file.users, name: account}}))
        return name

    def remove(self, name: str) -> str:
        """Remove an account and end its sessions. Return its name.

        A later account of the same name does not revive the sessions.

        Raises
        ------
        AccountError
            If the account does not exist, or the file cannot be read or written.
        """
        self._read()  # fails before a lock is created beside a missing file
        return self._writing(lambda: self._remove(_normal(name)))

    def _remove(self, name: str) -> str:
        file = self._read()
        self._account(file, name)
        users = {other: password for other, password in file.users.items() if other != name}
        self._write(file.model_copy(update={"users": users}))
        return name

    def _account(self, file: _File, name: str) -> _Password:
        if name not in file.users:
            raise AccountError(
                f"{self.path} has no account for {name[:100]!r}.",
                f"List its accounts: auditor user list --auth {self.path}",
            )
        return file.users[name]

    def log_out(self, name: str) -> None:
        """End all sessions of an account, on every device, by changing its :meth:`mark`.

        Raises
        ------
        AccountError
            If the file cannot be written.
        """
        self._writing(lambda: self._log_out(name))

    def _log_out(self, name: str) -> None:
        file = self._read()
        if account := file.users.get(name):
            later = account.model_copy(update={"logouts": account.logouts + 1})
            self._write(file.model_copy(update={"users": {**file.users, name: later}}))

    def _add(self, name: str, password: _Password, replace: bool, *, keep_role: bool) -> str:
        file = self._read() if self.path.exists() else _File(secret=secrets.token_hex(32), users={})
        if name in file.users and not replace:
            raise AccountError(
                f"{self.path} already has an account for {name!r}.", "Change its password with --replace."
            )
        if keep_role and name in file.users:
            password = password.model_copy(update={"role": file.users[name].role})
        self._write(file.model_copy(update={"users": {**file.users, name: password}}))
        return name

    def _read(self) -> _File:
        try:
            about = self.path.stat()
            if os.name == "posix" and stat.S_IMODE(about.st_mode) & 0o077:
                raise AccountError(
                    f"{self.path} can be read by users other than its owner.", f"Protect it: chmod 600 {self.path}"
                )
            version = (about.st_ino, about.st_mtime_ns, about.st_size)
            seen = self._seen
            if seen is None or seen[0] != version:
                with open_file(self.path) as file:
                    self._seen = seen = version, _File.model_validate_json(file.read())
            return seen[1]
        except FileNotFoundError:
            raise AccountError(
                f"There are no accounts in {self.path}: the file does not exist.",
                f"Create an account: auditor user add NAME --auth {self.path}",
            ) from None
        except OSError as error:
            raise AccountError(
                f"{self.path} cannot be read: {error.strerror}.", "Choose another file with --auth."
            ) from None
        except ValidationError as error:
            fault = first_fault(error, _File, with_value=False)  # the value may be a hash
            raise AccountError(
                f"{self.path} is not a file of accounts: {fault}.",
                "Choose another file with --auth, or create one with `auditor user add`.",
            ) from None

    def _writing(self, change: Callable[[], _Answer]) -> _Answer:
        """Change the file under a lock."""
        if not self.path.parent.is_dir():  # creating the lock would create the folder
            raise AccountError(
                f"{self.path} cannot be written: the folder {self.path.parent} does not exist.",
                "Create the folder, or choose a file in another one with --auth.",
            )
        try:
            with lock(Path(f"{self.path}.lock"), mode=0o600):
                return change()
        except OSError as error:
            raise AccountError(
                f"{self.path} cannot be written: {error.strerror}.", "Choose a file in another folder with --auth."
            ) from None

    def _write(self, file: _File) -> None:
        """Write the file, readable by its owner only from the start."""
        write(self.path, file.model_dump_json(indent=1).encode(), mode=0o600)


def reviewer_name(name: str) -> str:
    """Return a reviewer's name as the decision log records it: stripped, with accents in one form.

    Raises
    ------
    AccountError
        If the name is not 1 to 100 printable characters, or is one of a model.
    """
    checked = _checked(_normal(name))
    if is_model(checked):
        raise AccountError(f"{checked!r} is the name of a model, not of a person.", "Choose another name.")
    return checked


def own_name() -> str:
    """Return the name of the user of this computer, or `auditor` if it has none that a log can record."""
    try:
        return reviewer_name(getpass.getuser())
    except (OSError, KeyError, AccountError):
        return "auditor"


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip())


def _checked(name: str) -> str:
    try:
        return _NAME.validate_python(name)
    except ValidationError:
        raise AccountError(
            f"{name[:100]!r} is not a valid reviewer name.", "Use 1 to 100 printable characters."
        ) from None
