"""A small Hugging Face Hub on this machine, with datasets and models that are kept in memory.

It answers what ``datasets.load_dataset`` and ``snapshot_download`` ask: commits, refs, trees and files. What is not
there is 404, ``user/private`` 401, ``user/gated`` 403 and ``user/down`` 503, as the Hub answers.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34
_URL = re.compile(r"(?:(?:/api)?/datasets|/api/models)?/([^/]+/[^/]+)(?:/([\w-]+)(?:/([^/]+)(?:/(.*))?)?)?")
_REFUSED = {
    "user/private": (401, "RepoNotFound"),
    "user/gated": (403, "GatedRepo"),
    "user/down": (503, ""),
}
_BRANCH = {"name": "main", "ref": "refs/heads/main", "targetCommit": COMMIT}

Repositories = Mapping[str, Mapping[str, bytes]]


class _Handler(BaseHTTPRequestHandler):
    repositories: Repositories
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match = _URL.fullmatch(unquote(urlsplit(self.path).path))
        name, verb, revision, rest = match.groups() if match else ("", None, None, None)
        files = self.repositories.get(name, {})
        if name in _REFUSED or name not in self.repositories:
            self._refuse(*_REFUSED.get(name, (404, "RepoNotFound")))
        elif verb == "refs":
            self._answer({"branches": [_BRANCH], "tags": [], "converts": []})
        elif revision not in (None, "main", COMMIT):
            self._refuse(404, "RevisionNotFound")
        elif verb == "resolve" and rest in files:
            self._send(200, files[rest], {"ETag": f'"{hashlib.sha1(files[rest]).hexdigest()}"'})
        elif verb == "resolve" or (verb == "tree" and rest and not any(path.startswith(rest) for path in files)):
            self._refuse(404, "EntryNotFound")
        elif verb == "tree":
            self._answer([_entry(path, data) for path, data in files.items() if path.startswith(rest or "")])
        elif verb == "paths-info":
            self._answer([_entry(path, files[path]) for path in json.loads(body)["paths"] if path in files])
        else:
            self._answer({"id": name, "sha": COMMIT, "siblings": [{"rfilename": path} for path in files]})

    do_HEAD = do_POST = do_GET  # noqa: N815

    def _answer(self, answer: object) -> None:
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"", {"X-Error-Code": code} if code else {})

    def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "X-Repo-Commit": COMMIT, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _entry(path: str, data: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


@contextmanager
def hub(repositories: Repositories) -> Iterator[str]:
    """Serve ``{"user/name": {"path": content}}``, and give the endpoint's address."""
    handler = type("Handler", (_Handler,), {"repositories": repositories})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
