"""Fuzzers: bytes of nobody's into what reads files, answers and messages.

`targets` says what is read and which errors it may raise. Two things throw bytes at it: hypothesis
in `tests/hostile/test_fuzz.py`, a moment in each run of the tests, and atheris here, led by which
lines the bytes reach: `python -m tools.fuzz --seconds 120` (`make fuzz`).
"""
