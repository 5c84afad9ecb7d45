"""The messages of our own `/api/v1` and its one error body. No I/O."""
