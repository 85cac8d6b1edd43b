"""What is answered to which request: a Starlette application over a node's answers."""

from __future__ import annotations

import logging
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from .. import questions
from .access import is_bearer, is_own_name
from .document import document
from .metrics import CONTENT_TYPE, text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from ..status import NodeStatus
    from .document import LogLine
    from .sampler import Sampler

    Answer: TypeAlias = Callable[[Request], Awaitable[Response]]

_JSON: Final = "application/json"
_HEADERS: Final = {"Cache-Control": "no-store"}
PATHS: Final = ("/status", "/livez", "/readyz", "/health", "/metrics")

logger = logging.getLogger("ringleader.status")


class StatusApp:
    """Answers requests with what the control socket's clients would be told.

    Nothing in here blocks or waits for an actor; the log alone is looked at by a `Sampler`.

    Args:
        answer: a node's answer to a question, at once.
        now: tells seconds UTC.
        token: that each request must have; empty: none, if its `Host` is this machine.
        log: how the event log fares; None if there is no log.
    """

    def __init__(
        self,
        answer: Callable[[Any], Any],
        now: Callable[[], float],
        *,
        token: str,
        log: Sampler[LogLine] | None,
    ) -> None:
        self._answer, self._now, self._token, self._log = answer, now, token, log
        answers = (self.status, self.livez, self.readyz, self.health, self.metrics)
        routes = [
            Route(path, self._guarded(told), methods=["GET"])
            for path, told in zip(PATHS, answers, strict=True)
        ]
        self.asgi = Starlette(routes=routes, exception_handlers={HTTPException: _refuse})

    async def status(self, _: Request) -> Response:
        """Tell all that there is to know."""
        statistics = self._answer(questions.Statistics())
        return _json(document(self._look(), statistics, await self._look_at_log()))

    async def livez(self, _: Request) -> Response:
        """Tell that the process lives: it answers."""
        return _json({"alive": True})

    async def readyz(self, _: Request) -> Response:
        """Tell whether the node is ready, and if not, why: 503 then."""
        seen = self._look()
        told = {"ready": seen.ready, "reasons": seen.reasons, "warnings": seen.warnings}
        return _json(told, 200 if seen.ready else 503)

    async def health(self, _: Request) -> Response:
        """Tell how much of the node runs: 503 if it is less than half."""
        seen = self._look()
        told = {"level": seen.level, "score": seen.score, "not_running": seen.not_running}
        return _json(told, 503 if seen.level == "unhealthy" else 200)

    async def metrics(self, _: Request) -> Response:
        """Tell the same as numbers, for Prometheus."""
        statistics, tree = self._answer(questions.Statistics()), self._answer(questions.Tree())
        body = text(self._look(), statistics, tree, await self._look_at_log())
        return Response(body, headers={**_HEADERS, "Content-Type": CONTENT_TYPE})

    # ---------------------------------------------------------------- parts of answers

    def _look(self) -> NodeStatus:
        status: NodeStatus = self._answer(questions.Status())
        return status

    async def _look_at_log(self) -> LogLine | None:
        return None if self._log is None else await self._log.latest()

    def _guarded(self, told: Answer) -> Answer:
        async def answer(request: Request) -> Response:
            try:
                response = self._refusal(request.headers) or await told(request)
            except Exception:
                logger.exception("%s could not be answered", request.url.path)
                response = _json({"error": "the node could not answer; its log says why"}, 500)
            response.headers["Date"] = formatdate(self._now(), usegmt=True)
            return response

        return answer

    def _refusal(self, headers: Mapping[str, str]) -> Response | None:
        if self._token:
            if is_bearer(headers.get("authorization", ""), self._token):
                return None
            wrong = "send the token of status.token: Authorization: Bearer TOKEN"
            return _json({"error": wrong}, 401, {"WWW-Authenticate": "Bearer"})
        if is_own_name(headers.get("host", "")):
            return None
        wrong = "without status.token only this machine is answered: ask for 127.0.0.1"
        return _json({"error": wrong}, 421)


async def _refuse(request: Request, error: Exception) -> Response:
    """Answer a path that there is not, or a method that it does not take."""
    if not isinstance(error, HTTPException):
        raise error
    wrong = {404: f"there are {', '.join(PATHS)}", 405: "only GET is answered"}
    said = f"{request.method} {request.url.path}: {error.detail}"
    more = wrong.get(error.status_code)
    body = {"error": f"{said}; {more}" if more else said}
    return _json(body, error.status_code, error.headers)


def _json(value: Any, code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
    return Response(body, code, {**_HEADERS, **(headers or {})}, _JSON)
