"""Our scripts and styles, under a path that changes with them, so that browsers may keep them for good."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles

SUITES = ("common", "export", "filters", "map", "progress", "queue", "table")
"""Folders of scripts in ``static``. Other folders belong to Gradio."""
KINDS = ("js", "css", "json")
"""Extensions of our own files: scripts, styles, and the words of other languages."""
KEPT_FOR_A_YEAR = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Headers of files whose address contains a hash of their contents."""
_REVALIDATED = {"Cache-Control": "no-cache"}
_STATIC = Path(__file__).parent / "static"


@cache
def edition() -> str:
    """Return the first 12 digits of the SHA-256 of all files; a page loads all of its scripts from one edition."""
    digest = hashlib.sha256()
    for path in (*(path for kind in KINDS for path in sorted(_STATIC.rglob(f"*.{kind}"))), _plotly()):
        digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def address(name: str) -> str:
    """Return the address of a file, relative to the page."""
    return f"static/edition/{edition()}/{name}"


def scripts() -> list[str]:
    """Return the names of all scripts of the page."""
    return [path.relative_to(_STATIC).as_posix() for path in sorted(_STATIC.rglob("*.js"))]


def serve_files(app: FastAPI) -> None:
    """Serve files as ``static/[edition/<edition>/][<suite>/]<name>``.

    A page that was opened before the server was upgraded asks for another edition: it gets the current files, and does
    not keep them. The same holds for an address without an edition.
    """
    files, plotly = StaticFiles(directory=_STATIC), _plotly()

    async def file(request: Request) -> Response:
        asked = request.path_params.get("edition")
        name = request.url.path.removeprefix("/static/").removeprefix(f"edition/{asked}/")
        headers = KEPT_FOR_A_YEAR if asked == edition() else _REVALIDATED
        if name == plotly.name:
            return FileResponse(plotly, headers=headers)
        response = await files.get_response(name, request.scope)
        response.headers.update(headers)
        return response

    for start in ("", "edition/{edition}/"):
        for folder in ("", *(f"{suite}/" for suite in SUITES)):
            app.add_api_route(f"/static/{start}{folder}{{name}}", file)


@cache
def _plotly() -> Path:
    """Return Plotly's script, which its Python package contains."""
    found = importlib.util.find_spec("plotly")
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
