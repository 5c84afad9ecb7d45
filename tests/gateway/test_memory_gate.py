"""Answers wait for their bytes; small ones never for large ones."""

import asyncio
from datetime import date

import pytest

from polytape.errors import ValidationError
from polytape.gateway.memory_gate import BYTES_PER_BAR, BusyError, MemoryGate
from polytape.model.query import BarsQuery
from polytape.model.timeframes import Timeframe
from tests.conftest import MARKET, NOW, day_span

MB = 1024 * 1024
YEARS = BarsQuery("AAPL", Timeframe.MIN_1, day_span(date(2004, 1, 1), date(2023, 12, 31)))


def gate_of(megabytes: int, patience_s: float = 0) -> MemoryGate:
    return MemoryGate(megabytes * MB, MARKET, lambda: NOW, patience_s)


async def test_a_small_answer_passes_when_large_ones_have_all_the_room() -> None:
    gate = gate_of(800)
    await gate.enter(700 * MB)
    small = await gate.enter(10 * MB)
    assert gate.used == 710 * MB
    with pytest.raises(BusyError, match="all of the 700 MB that they may, and this one needs 40"):
        await gate.enter(40 * MB)
    small.release()
    assert (gate.used, gate.refused, gate.waiting) == (700 * MB, 1, 0)


async def test_small_answers_have_bounds_too() -> None:
    gate = gate_of(800)
    for _ in range(10):
        await gate.enter(10 * MB)
    with pytest.raises(BusyError):
        await gate.enter(10 * MB)


async def test_what_was_estimated_shrinks_to_what_there_is_and_ends_once() -> None:
    gate = gate_of(800, 60)
    ticket = await gate.enter(600 * MB)
    waiting = asyncio.create_task(gate.enter(500 * MB))
    await asyncio.sleep(0)
    assert gate.waiting == 1
    ticket.resize(100 * MB)
    await waiting
    ticket.release()
    ticket.release()
    assert gate.used <= 500 * MB


async def test_bytes_come_back_with_the_end_of_their_task_however_it_ends() -> None:
    gate = gate_of(800)

    async def ask() -> None:
        await gate.enter(200 * MB)
        await asyncio.sleep(3_600)

    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    assert gate.used == 200 * MB
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert gate.used == 0


def test_what_never_finds_room_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValidationError, match="narrow the dates, or start the gateway with more"):
        gate_of(512).size(YEARS)
    assert gate_of(2_048).size(YEARS) > 4_000_000 * BYTES_PER_BAR
