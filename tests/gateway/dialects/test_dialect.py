"""Which paths belong to a dialect, and that each dialect is whole."""

from http import HTTPStatus

import msgspec
import pytest

from polytape.gateway.dialects.dialect import Dialect, dialect_of
from polytape.gateway.dialects.polygon.dialect import POLYGON
from polytape.gateway.dialects.registry import DIALECTS
from polytape.wire.api.problems import problem

OTHER = Dialect(("/other/",), (), lambda problem: (problem.detail.encode(), "text/plain"))


@pytest.mark.parametrize(
    "path", ["/v1/x", "/v2/aggs/ticker/A", "/v3/", "/vX/x", "/stocks/v1/splits"]
)
def test_the_vendors_paths_are_its_own(path: str) -> None:
    assert dialect_of(path, DIALECTS) is POLYGON


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/bars", "/api/v2/", "/health", "/docs", "/v4/x", "/v1"]
)
def test_the_gateways_paths_are_of_no_dialect(path: str) -> None:
    assert dialect_of(path, DIALECTS) is None


def test_another_dialect_is_found_by_its_prefixes_the_first_listed_first() -> None:
    both = (OTHER, *DIALECTS)
    assert dialect_of("/other/x", both) is OTHER
    assert dialect_of("/v2/x", both) is POLYGON
    assert dialect_of("/other/x", DIALECTS) is None
    greedy = Dialect(("/",), (), OTHER.error)
    assert dialect_of("/v2/x", (greedy, *DIALECTS)) is greedy
    assert dialect_of("/v2/x", ()) is None


def test_no_two_dialects_claim_one_path_and_ours_stay_ours() -> None:
    prefixes = [prefix for dialect in DIALECTS for prefix in dialect.prefixes]
    for number, prefix in enumerate(prefixes):
        assert prefix.startswith("/")
        assert not "/api/v1/".startswith(prefix)
        others = prefixes[:number] + prefixes[number + 1 :]
        assert not any(prefix.startswith(other) for other in others)


def test_the_vendors_errors_are_in_its_words() -> None:
    body, media_type = POLYGON.error(problem(HTTPStatus.NOT_FOUND, "gone", request_id="r"))
    assert media_type == "application/json"
    assert msgspec.json.decode(body)["status"] == "NOT_FOUND"
    assert POLYGON.key_in_query == "apiKey"
