"""Instants are microseconds since 1970-01-01 UTC; lengths of time are microseconds, too."""

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
