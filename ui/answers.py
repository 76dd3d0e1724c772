"""Answers: JSON, and errors as ``what`` and ``todo``, without a traceback or a server path."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.responses import JSONResponse

from auditor import validation
from auditor.errors import AccountError, AuditorError, CorrectionError, DecisionError, FilterError, HubError

from .guard import HEADERS, refuse


class RefusedError(AccountError):
    """The reviewer may not do this, or not in this way."""


class BusyError(AccountError):
    """Someone else is doing what only one person can do at a time."""


_STATUS: dict[type[AuditorError], int] = {
    FilterError: 400,
    RefusedError: 403,
    BusyError: 409,
    DecisionError: 409,
    CorrectionError: 409,
    HubError: 502,
}
"""HTTP status of errors that the request caused. The reviewer sees their messages."""

_MAYBE_UNSAVED = "The request may not have been saved. Sending it twice does not save it twice."
_SEE_TERMINAL = "Try again. The terminal that runs the server shows the cause."

_log = logging.getLogger(__name__)


def answer(content: Any) -> JSONResponse:
    """Make an answer that no cache keeps. FastAPI's own would inspect every value first."""
    return _Answer(content, headers={"Cache-Control": "no-store"})


class _Answer(JSONResponse):
    """JSON with null for numbers that are not finite: a log from elsewhere may hold them."""

    def render(self, content: Any) -> bytes:
        """Serialize the content. Look for non-finite numbers only if that fails."""
        try:
            return super().render(content)
        except ValueError:
            return super().render(_finite(content))


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def first_fault(errors: Sequence[ErrorDetails], beyond: int = 0) -> str:
    """Describe the first error and where it is, in characters that UTF-8 can encode."""
    return str(validation.first_fault(errors, beyond=beyond)).encode("utf-8", "backslashreplace").decode()


def answer_errors(app: FastAPI) -> None:
    """Register handlers that answer every error as ``what`` and ``todo``."""
    app.add_exception_handler(AuditorError, _answer_own)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_unexpected)


def answer_errors_of_middleware(app: FastAPI) -> None:
    """Handle auditor's errors in the middleware added so far, too."""
    app.add_middleware(ExceptionMiddleware, handlers={AuditorError: _answer_own})


def _answer_own(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AuditorError)
    if status := next((status for kind, status in _STATUS.items() if isinstance(error, kind)), None):
        return refuse(status, error.what, error.todo)
    _log.error("%s: %r", request.url.path, str(error))
    if isinstance(error, AccountError):
        return refuse(503, "The accounts cannot be read just now, so nobody can log in.", _SEE_TERMINAL)
    return refuse(503, f"The run or its decision log cannot be used just now. {_MAYBE_UNSAVED}", _SEE_TERMINAL)


def _answer_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return refuse(422, f"The request cannot be understood: {first_fault(error.errors(), 1)}.", "Reload the page.")


def _answer_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    what = "There is nothing here." if error.status_code == 404 else f"{error.detail}."
    return refuse(error.status_code, what, "Reload the page.")


def _answer_unexpected(request: Request, error: Exception) -> JSONResponse:
    """Answer a bug of ours. The server log has its traceback."""
    response = refuse(500, f"An unexpected error occurred in the server. {_MAYBE_UNSAVED}", "Try again.")
    response.headers.update(HEADERS)  # this handler runs outside the middleware that sets them
    return response
