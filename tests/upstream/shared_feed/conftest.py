"""A redis-server for these tests."""

from collections.abc import Iterator

import pytest

from tests.fakes.redis_server import RedisServer


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One that a test may stop and start, as long as it runs again afterwards."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    try:
        yield server
    finally:
        server.kill()
