"""Whose live feeds are one."""

import pytest

from polytape.cli.feed_sharing import feed_of, shared_feed
from polytape.errors import ConfigurationError
from polytape.settings import Secret, Settings
from polytape.upstream.shared_feed.feed import SharedFeed
from tests.fakes.feed import ScriptedFeed

REDIS = Secret("redis://127.0.0.1:1")


def test_a_feed_is_shared_where_a_server_is_named() -> None:
    """Without a server, and without a feed, nothing changes; nothing is opened yet."""
    feed = ScriptedFeed()
    assert shared_feed(Settings(), feed, lambda: 0) is feed
    assert shared_feed(Settings(redis=REDIS), None, lambda: 0) is None
    shared = shared_feed(Settings(redis=REDIS), feed, lambda: 0)
    assert isinstance(shared, SharedFeed)
    assert (shared.channels, shared.status()) == (feed.channels, "connecting")
    with pytest.raises(ConfigurationError, match="--redis"):
        shared_feed(Settings(redis=Secret("http://there")), feed, lambda: 0)


def test_made_up_prices_never_meet_real_ones() -> None:
    """The same key with another source is another feed."""
    key = Secret("a-key")
    real = {feed_of(Settings(api_key=key, source=name)) for name in ("auto", "polygon")}
    made_up = feed_of(Settings(api_key=key, source="synthetic"))
    assert real == {"a-key"}
    assert made_up not in real
    assert feed_of(Settings(source="synthetic", seed=7)) != made_up
