"""An exchange: a place that all machines reach, for clusters whose machines share no file system.

The inputs of the parts are put there before they start; each worker fetches what its part needs into a temporary
folder, and puts there what the part wrote. A file's name is its SHA-256, which whoever fetches it checks.
"""

from __future__ import annotations

import platform
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from auditor.errors import ConfigError, RunDamagedError, StorageError
from auditor.storage import hash_file, scratch


class Exchange:
    """A folder of a file system that fsspec knows.

    Parameters
    ----------
    url : str
        Its address, such as ``s3://bucket/folder``.

    Raises
    ------
    ConfigError
        If the kind of address is unknown, or its package is not installed.
    StorageError
        If the file system cannot be reached.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            protocol, _, rest = url.partition("://")
            if not (protocol and rest.strip("/")):
                raise ValueError("it is no address of a folder")
            self._files, root = url_to_fs(url, skip_instance_cache=True)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"The exchange {self} cannot be opened: {self._reason(error)}.",
                "Give an address that fsspec knows, such as s3://bucket/folder, and install its package everywhere.",
            ) from None
        except Exception as error:  # some file systems connect at once, and each has errors of its own
            raise self._error("opened", error) from None
        self._root = root.rstrip("/")
        if isinstance(self._files, LocalFileSystem):  # the workers may have another current folder
            self._url = f"file://{self._root}"
        self._keys: dict[Path, str] = {}

    def __str__(self) -> str:
        shown, separator, rest = re.split("[?#]", self._url)[0].partition("://")  # without the signature of an address
        host, slash, path = rest.partition("/")
        return f"{shown}{separator}{host.rpartition('@')[2]}{slash}{path}"  # and without a password

    def check(self) -> None:
        """Write a small file and remove it, so that an exchange out of reach is an error before the work.

        Raises
        ------
        StorageError
        """
        with self.folder() as folder, folder._checked("written"):
            folder._files.pipe_file(f"{folder._root}/check", b"auditor")

    @contextmanager
    def folder(self) -> Iterator[Exchange]:
        """Make a new folder in the exchange, and remove it at the end."""
        made = Exchange(f"{self._url.rstrip('/')}/{secrets.token_hex(8)}")
        with made._checked("written"):
            made._make()
        try:
            yield made
        finally:
            with suppress(Exception):  # the work is done, or its own error matters more
                made._files.rm(made._root, recursive=True)

    def _make(self) -> None:
        """Make the folder, but no bucket: a misspelt name must not become one."""
        bucket = self._root.split("/")[0]
        if not bucket or isinstance(self._files, LocalFileSystem):  # where a path may begin with a drive
            self._files.makedirs(self._root, exist_ok=True)
            return
        with suppress(PermissionError):  # some may write into a bucket but not list it
            if not self._files.exists(bucket):
                raise FileNotFoundError(f"{bucket!r} does not exist")

    def send(self, call: Mapping[str, Any], inputs: Mapping[str, Mapping[str, Path]]) -> dict[str, Any]:
        """Put the inputs of a call into the exchange. Return the call for a worker that shares no file system.

        Parameters
        ----------
        call : mapping
        inputs : mapping of str to mapping of str to Path
            Names and paths of the files in each argument that is a folder.
        """
        keys = {name: {file: self._put(path) for file, path in files.items()} for name, files in inputs.items()}
        return {**call, "exchange": self._url, "inputs": keys}

    def receive(self, outcome: Mapping[str, Any], space: Path) -> Mapping[str, Any]:
        """Fetch the files that a worker wrote into a new folder. Return the outcome with that folder."""
        if "done" not in outcome:
            return outcome
        folder = Path(tempfile.mkdtemp(".partial", dir=space))
        self._fetch(outcome["done"]["hashes"], folder)
        return {"done": {**outcome["done"], "folder": str(folder)}}

    def work(self, call: Mapping[str, Any], do: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
        """Do a worker's part on files from the exchange, and put there what it writes."""
        with scratch("auditor-task-") as folder:
            arguments, space = dict(call["arguments"]), folder / "space"
            space.mkdir()
            for name, keys in call["inputs"].items():
                arguments[name] = f"{folder}/inputs/{name}"
                self._fetch(keys, Path(arguments[name]))
            done = do({**call, "arguments": arguments, "space": str(space)})
            for name in done["hashes"]:
                self._put(Path(done["folder"]) / name)
        return done

    def _put(self, path: Path) -> str:
        if path not in self._keys:
            key = hash_file(path)
            with self._checked("written"):
                self._files.put_file(str(path), f"{self._root}/{key}")
            self._keys[path] = key
        return self._keys[path]

    def _fetch(self, keys: Mapping[str, str], folder: Path) -> None:
        for name, key in keys.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._checked("read"):
                self._files.get_file(f"{self._root}/{key}", str(path))
            if hash_file(path) != key:
                raise RunDamagedError(
                    f"{name} was changed in the exchange {self}.", "Keep others out of it, and run the command again."
                )

    @contextmanager
    def _checked(self, done: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each kind of file system has errors of its own
            raise self._error(done, error) from None

    def _error(self, done: str, error: Exception) -> StorageError:
        return StorageError(
            f"The exchange {self} cannot be {done} on {platform.node()}: {self._reason(error)}.",
            "Check its address, the credentials on every machine, and that nobody empties it; then run the same command"
            " again.",
        )

    def _reason(self, error: Exception) -> str:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".: ")
        if isinstance(error, FileNotFoundError) and error.errno is None and "exist" not in reason:
            reason = f"{reason} does not exist"  # fsspec names nothing but the path
        address, _, query = self._url.partition("?")
        user = address.partition("://")[2].partition("/")[0].rpartition("@")[0]
        for secret in filter(None, (user, user.partition(":")[2], query)):
            reason = reason.replace(secret, "***").replace(unquote(secret), "***")
        return reason
