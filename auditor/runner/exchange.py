"""An exchange: a place that all machines reach, for clusters whose machines share no file system.

The inputs of the parts are put there before they start; each worker fetches what its part needs into a temporary
folder, and puts there what the part wrote. A file's name is its SHA-256, which whoever fetches it checks.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fsspec.core import url_to_fs

from auditor.errors import ConfigError, RunDamagedError, StorageError
from auditor.storage import hash_file


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
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        try:
            if "://" not in url:
                raise ValueError("it has no protocol")
            self._files, self._root = url_to_fs(self._url, skip_instance_cache=True)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"The exchange {self} cannot be opened: {self._reason(error)}.",
                "Give an address that fsspec knows, such as s3://bucket/folder, and install its package on every "
                "machine (for s3://: pip install s3fs).",
            ) from None
        self._keys: dict[Path, str] = {}

    def __str__(self) -> str:
        parts = urlsplit(self._url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # without a password

    @contextmanager
    def folder(self) -> Iterator[Exchange]:
        """Make a new folder in the exchange, and remove it at the end."""
        made = Exchange(f"{self._url}/{secrets.token_hex(8)}")
        with made._checked("be written"):
            made._files.makedirs(made._root, exist_ok=True)
        try:
            yield made
        finally:
            with suppress(Exception):  # the work is done, or its own error matters more
                made._files.rm(made._root, recursive=True)

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
        with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
            arguments, space = dict(call["arguments"]), Path(folder) / "space"
            space.mkdir()
            for name, keys in call["inputs"].items():
                arguments[name] = f"{folder}/{name}"
                self._fetch(keys, Path(arguments[name]))
            done = do({**call, "arguments": arguments, "space": str(space)})
            for name in done["hashes"]:
                self._put(Path(done["folder"]) / name)
        return done

    def _put(self, path: Path) -> str:
        if path not in self._keys:
            key = hash_file(path)
            with self._checked("be written"):
                self._files.put_file(str(path), f"{self._root}/{key}")
            self._keys[path] = key
        return self._keys[path]

    def _fetch(self, keys: Mapping[str, str], folder: Path) -> None:
        for name, key in keys.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._checked("be read"):
                self._files.get_file(f"{self._root}/{key}", str(path))
            if hash_file(path) != key:
                raise RunDamagedError(
                    f"{name} was changed in the exchange {self}.", "Keep others out of it, and run the command again."
                )

    @contextmanager
    def _checked(self, verb: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each kind of file system has errors of its own
            raise StorageError(
                f"The exchange {self} cannot {verb}: {self._reason(error)}.",
                "Check the address and the credentials on every machine, then run the same command again.",
            ) from None

    def _reason(self, error: Exception) -> str:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        return reason.replace(self._url, str(self))
