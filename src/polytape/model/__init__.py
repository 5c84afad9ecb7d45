"""WHAT IT IS: bars, timeframes, spans, queries, the market. Pure: no I/O, clock or randomness."""
