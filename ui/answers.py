"""Answers: JSON, and errors in two lines, ``what`` and ``todo``, without a traceback or a path of the server's."""

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
    """Whoever asks may not have this, or not like this."""


class BusyError(AccountError):
    """Somebody else is doing what only one can do at a time."""


_STATUS: dict[type[AuditorError], int] = {
    FilterError: 400,
    RefusedError: 403,
    BusyError: 409,
    DecisionError: 409,
    CorrectionError: 409,
    HubError: 502,
}
"""Of errors that are the request's; what they say, the reviewer may see."""

_UNSURE = "What was sent may not have been saved; sent again, it is not saved twice."
_WHY = "Try again. Where the page was started, the terminal says why."

_log = logging.getLogger(__name__)


def answer(content: Any) -> JSONResponse:
    """Make an answer that no cache keeps. FastAPI would look through every value of it first."""
    return _Answer(content, headers={"Cache-Control": "no-store"})


class _Answer(JSONResponse):
    """JSON of anything: a number that is none is null, as a log made elsewhere may lead to."""

    def render(self, content: Any) -> bytes:
        """Write it as it is, which goes well but once in a lifetime."""
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
    """Say the first thing that is wrong, and where, in letters that can be sent whatever the names are."""
    return str(validation.first_fault(errors, beyond=beyond)).encode("utf-8", "backslashreplace").decode()


def answer_errors(app: FastAPI) -> None:
    """Have every error answered in two lines."""
    app.add_exception_handler(AuditorError, _ours)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _unforeseen)


def answer_errors_of_middleware(app: FastAPI) -> None:
    """Have our errors answered so in the layers that were added before, too."""
    app.add_middleware(ExceptionMiddleware, handlers={AuditorError: _ours})


def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AuditorError)
    if status := next((status for kind, status in _STATUS.items() if isinstance(error, kind)), None):
        return refuse(status, error.what, error.todo)
    _log.error("%s: %r", request.url.path, str(error))
    if isinstance(error, AccountError):
        return refuse(503, "The accounts cannot be read just now: nobody is let in.", _WHY)
    return refuse(503, f"The run or its decision log cannot be used just now. {_UNSURE}", _WHY)


def _not_understood(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return refuse(422, f"The request cannot be understood: {first_fault(error.errors(), 1)}.", "Reload the page.")


def _of_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    what = "There is nothing here." if error.status_code == 404 else f"{error.detail}."
    return refuse(error.status_code, what, "Reload the page.")


def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    """Answer what is a fault of ours; the server's log has its traceback."""
    answered = refuse(500, f"Something has gone wrong in the server. {_UNSURE}", "Try again.")
    answered.headers.update(HEADERS)  # raised outside of all that sets them
    return answered
