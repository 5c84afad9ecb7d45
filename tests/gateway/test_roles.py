"""What requests ask for: what changes something is for those who administer."""

import pytest

from polytape.errors import ValidationError
from polytape.gateway.roles import MANAGED, ROLES, Role, changes_state, needed_role, parse_role
from tests.gateway.api.test_openapi import schema

# POST routes that only ask, so that everybody who may read may use them.
ASKING = {
    "/api/v1/bars",
    "/api/v1/bars/batch",
    "/api/v1/validate",
    "/api/v1/scan",
    "/api/v1/session",
    "/api/v1/watchlist",
    "/api/v1/scan/batch",
    "/api/v1/history/months",
}


def test_every_route_that_changes_something_is_for_those_who_administer() -> None:
    """A new POST route has to be on one of the two lists; other methods are managed by default."""
    for path, methods in schema.raw_schema["paths"].items():
        asks = path in ASKING or path.startswith("/api/v1/engines/")
        for method in methods:
            match method:
                case "get" | "head":
                    assert needed_role(method.upper(), path) is Role.READ
                case "delete" if path == "/api/v1/cache":
                    assert needed_role("DELETE", path) is Role.SPEND
                case "post" if asks:
                    assert needed_role("POST", path) is Role.READ
                case _:
                    assert needed_role(method.upper(), path) is Role.ADMINISTER, (method, path)
    assert set(schema.raw_schema["paths"]) >= MANAGED


@pytest.mark.parametrize(
    "path",
    ["/api/v1/history/compact", "/api/v1/history/compact/", "/api//v1/history/compact",
     "//api/v1///history/compact//"],
)  # fmt: skip
def test_a_path_that_is_written_otherwise_is_the_same(path: str) -> None:
    """The framework finds the same route."""
    assert needed_role("POST", path) is Role.ADMINISTER
    assert changes_state("POST", path)


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "PURGE", "delete"])
def test_what_nobody_has_thought_of_is_for_those_who_administer(method: str) -> None:
    """New routes and methods, too."""
    assert needed_role(method, "/api/v1/jobs/7") is Role.ADMINISTER
    assert needed_role(method, "/api/v1/cache/x") is Role.ADMINISTER


def test_a_role_is_one_of_three_and_each_may_what_the_last_may() -> None:
    """As they are written."""
    assert [parse_role(word) for word in ROLES] == sorted(Role)
    with pytest.raises(ValidationError, match=r"role='god' is not valid: one of read, spend"):
        parse_role("god")
