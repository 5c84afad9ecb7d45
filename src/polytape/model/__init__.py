"""WHAT IT IS: bars, timeframes, spans, the exchange clock. Pure: no I/O, clock or randomness."""
