"""A small Hugging Face Hub on this machine, with datasets that are kept in memory.

It answers what ``datasets.load_dataset`` asks: commits, trees, paths and files of datasets, and refs. Everything else is
404, as for a dataset that does not exist; the dataset ``private`` is 401.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34


class _Handler(BaseHTTPRequestHandler):
    repositories: dict[str, dict[str, bytes]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/datasets/broken/"):
            return self._error(503, "Unavailable")
        match = re.fullmatch(r"(?:/api)?/datasets/([^/]+/[^/]+)(?:/(\w[\w-]*)(?:/([^/]+)(?:/(.*))?)?)?", path)
        if not match:
            return self._error(404, "RepoNotFound")
        name, verb, revision, rest = match.groups()
        if name == "user/private":
            return self._error(401, "RepoNotFound")
        if name == "user/down":
            return self._error(503, None)
        if name not in self.repositories:
            return self._error(404, "RepoNotFound")
        if verb == "refs":
            return self._json({"branches": [{"name": "main", "ref": "refs/heads/main", "targetCommit": COMMIT}],
                               "tags": [], "converts": []})
        if revision not in (None, "main", COMMIT):
            return self._error(404, "RevisionNotFound")
        files = self.repositories[name]
        if verb == "resolve":
            return self._file(files[rest]) if rest in files else self._error(404, "EntryNotFound")
        if verb == "tree":
            return self._json(self._tree(files, rest or ""))
        if verb == "paths-info":
            wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["paths"]
            return self._json([self._entry(path, files[path]) for path in wanted if path in files])
        return self._json({"id": name, "sha": COMMIT, "siblings": [{"rfilename": path} for path in files]})

    do_HEAD = do_POST = do_GET

    def _tree(self, files: dict[str, bytes], folder: str) -> list[dict[str, Any]]:
        return [self._entry(path, data) for path, data in files.items() if path.startswith(folder)]

    def _entry(self, path: str, data: bytes) -> dict[str, Any]:
        return {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}

    def _json(self, answer: object) -> None:
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _file(self, data: bytes) -> None:
        self._send(200, data, {"ETag": f'"{hashlib.sha1(data).hexdigest()}"'})

    def _error(self, status: int, code: str | None) -> None:
        self._send(status, b"", {"X-Error-Code": code} if code else {})

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "X-Repo-Commit": COMMIT, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        import sys
        print(format % args, file=sys.stderr)


@contextmanager
def hub(repositories: dict[str, dict[str, bytes]]) -> Iterator[str]:
    """Serve ``{"user/name": {"path": content}}``; yields the endpoint."""
    handler = type("Handler", (_Handler,), {"repositories": repositories})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
