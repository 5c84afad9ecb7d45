"""The shortest way to bars that were answered before: the bytes of the question lead to those of
the answer, while the request is being read. No task, no thread, no route; and a request that came
before, to the byte, is not even parsed again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple, cast

from litestar.types import HTTPScope

from polytape.gateway.admission import Admission, Claim, Refusal
from polytape.gateway.answer_cache import AnswerKey
from polytape.gateway.exchange import Count, Exchange, RequestIds
from polytape.gateway.gateway import Gateway
from polytape.wire.api.media import API, ARROW

PATH = f"{API}/bars"
# Where the scope's state has the key under which the route puts its answer.
ANSWER_KEY = "answer_key"
# Where it has what admission said already.
ADMITTED = "admitted"
OK = b"HTTP/1.1 200 OK\r\n"
_ARROW = ARROW.encode()
# Requests that are known by their bytes, and up to which size: 8 MB at most, in all.
MOST_KNOWN, KNOWN_BYTES = 4_096, 2_048
# Who sends one of these sends another each time.
OF_ONE_REQUEST = (b"x-request-id", b"traceparent")


@dataclass(frozen=True, slots=True)
class BarsQuestion:
    """What the bytes of a request for bars say, whoever sends them and whenever. `scope`: what logs
    say of it.
    """

    key: AnswerKey
    claim: Claim
    headers: Mapping[bytes, bytes]
    scope: HTTPScope


class QuickAnswer(NamedTuple):
    """Status line and headers of an answer, its body, and the question."""

    head: bytes
    body: bytes
    question: BarsQuestion


class QuickBars:
    """Answers `GET` and `POST /api/v1/bars` where the gateway has the answer. The same as one of
    the application's in all but the way: admitted, identified, counted. `count` counts an exchange;
    `usual` gives the headers that all answers have, as lines. For one thread.
    """

    def __init__(
        self,
        gateway: Gateway,
        admission: Admission,
        ids: RequestIds,
        usual: Callable[[], bytes],
        count: Count,
    ) -> None:
        self._gateway = gateway
        self._admission = admission
        self._ids = ids
        self._usual = usual
        self._count = count
        self._known: dict[bytes, BarsQuestion] = {}
        # Of the request that is parsed next: so that it counts as one.
        self._refused: Refusal | None = None

    def answer(self, scope: HTTPScope, body: bytes, address: str) -> QuickAnswer | None:
        """The answer to a request that was parsed; None where the application has to give it: the
        scope then has what is known.
        """
        headers, state, method = dict(scope["headers"]), scope["state"], scope["method"]
        refused, self._refused = self._refused, None
        key = _key(scope, headers, body)
        if key is None:
            return None
        claim = refused or self._admission.claim(headers, PATH, method, scope["query_string"])
        if isinstance(claim, Refusal):
            state[ADMITTED] = claim
            return None
        facts = {"method": method, "path": PATH, "path_template": PATH}
        question = BarsQuestion(key, claim, headers, cast("HTTPScope", facts))
        answer = self._answer(question, address)
        if answer is None:
            state[ANSWER_KEY] = key
        elif isinstance(answer, Refusal):
            state[ADMITTED] = answer
            return None
        return answer

    def answer_again(self, request: bytes, address: str) -> QuickAnswer | None:
        """The answer to a request that came before with the same bytes; None for one that has to be
        parsed, as is one that is refused by now: the application says so.
        """
        question = self._known.get(request)
        if question is None:
            return None
        answer = self._answer(question, address)
        if isinstance(answer, Refusal):
            self._refused = answer
            del self._known[request]
            return None
        return answer

    def remember(self, request: bytes, question: BarsQuestion) -> None:
        """All bytes of one request, and what they ask."""
        once = any(name in question.headers for name in OF_ONE_REQUEST)
        if once or len(request) > KNOWN_BYTES:
            return
        if len(self._known) >= MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[request] = question

    def _answer(self, question: BarsQuestion, address: str) -> QuickAnswer | Refusal | None:
        began, gateway = time.perf_counter(), self._gateway
        answer = gateway.answers.get(question.key, gateway.now())
        if answer is None:
            return None
        caller = self._admission.judge(question.claim, address)
        if isinstance(caller, Refusal):
            return caller
        gateway.metrics.bars.value += answer.bars
        exchange = Exchange(
            self._ids.of(question.headers), began, HTTPStatus.OK, started=True, who=caller.name
        )
        self._count(question.scope, exchange, address)
        if gateway.tracer is not None:
            sent = {
                name.decode("latin-1"): to.decode("latin-1")
                for name, to in question.headers.items()
            }
            gateway.tracer.answered_at_once(question.scope["method"], PATH, sent)
        lines = b"x-request-id: %b\r\n%b" % (exchange.request_id.encode(), self._usual())
        return QuickAnswer(OK + answer.head + lines, answer.body, question)


def _key(scope: HTTPScope, headers: Mapping[bytes, bytes], body: bytes) -> AnswerKey | None:
    """Under which the answer to a question is remembered; None for what is no question."""
    as_arrow = _ARROW in headers.get(b"accept", b"")
    if scope["method"] == "GET":
        return AnswerKey(scope["query_string"], None, as_arrow)
    # A query does not belong there: the route says so.
    if scope["method"] == "POST" and not scope["query_string"]:
        return AnswerKey(body, headers.get(b"content-type", b""), as_arrow)
    return None
