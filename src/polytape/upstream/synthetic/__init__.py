"""A made-up market, for use without a key."""
