"""Answers: JSON, and errors in two lines, ``what`` and ``todo``, without a traceback or a path of the server's."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from auditor.errors import AccountError, AuditorError, DecisionError, FilterError

from .guard import HEADERS, refuse


class RefusedError(AccountError):
    """Whoever asks may not have this, or not like this."""


_STATUS: dict[type[AuditorError], int] = {FilterError: 400, RefusedError: 403, DecisionError: 409}
"""Of errors that are the request's; what they say, the reviewer may see."""

_log = logging.getLogger(__name__)


def answer(content: Any) -> JSONResponse:
    """Make an answer that no cache keeps. FastAPI would look through every value of it first."""
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def answer_errors(app: FastAPI) -> None:
    """Have every error answered in two lines."""
    app.add_exception_handler(AuditorError, _ours)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _unforeseen)


def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AuditorError)
    if status := next((status for kind, status in _STATUS.items() if isinstance(error, kind)), None):
        return refuse(status, error.what, error.todo)
    _log.error("%s: %r", request.url.path, str(error))
    return refuse(
        503,
        "The run or its decision log cannot be used just now; nothing was saved by this.",
        "Try again. Where the page was started, the terminal says why.",
    )


def _not_understood(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])[:100]
    return refuse(422, f"The request cannot be understood: {where or 'it'}: {first['msg']}.", "Reload the page.")


def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    what = "There is nothing here." if error.status_code == 404 else f"{error.detail}."
    return refuse(error.status_code, what, "Reload the page.")


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    """Answer what is a fault of ours; the server's log has its traceback."""
    answered = refuse(500, "Something has gone wrong in the server; nothing was saved by this.", "Try again.")
    answered.headers.update(HEADERS)  # raised outside of all that sets them
    return answered
