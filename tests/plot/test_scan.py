"""A scan is drawn, whatever it lacks."""

from pathlib import Path

import pytest

from polytape.engines.flow import run_with
from polytape.engines.options import ScanOptions
from polytape.engines.scanner import scan_flow
from polytape.model.bars import Bars
from polytape.model.basis import Basis
from polytape.model.market import Market
from polytape.upstream.synthetic.source import Synthetic
from tests.engines.test_scanner import answers, at


def test_a_scan_becomes_a_picture(synthetic: Synthetic, market: Market, tmp_path: Path) -> None:
    found = run_with(
        scan_flow("AAPL", at("2026-11-18 11:30"), market, ScanOptions()),
        answers(synthetic, market),
    )
    path = tmp_path / "aapl.png"
    figure = found.plot(str(path))
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    chart, side = figure.axes
    assert "AAPL 15min as known on Wed 2026-11-18 11:30 New York" in chart.get_title("left")
    texts = [text.get_text() for text in chart.texts]
    assert sum(zone.level in text for zone in found.zones for text in texts) >= len(found.zones)
    low, high = chart.get_ylim()
    assert all(low <= zone.low and zone.high <= high for zone in found.zones)
    assert side.get_ylim() == chart.get_ylim()


def test_what_a_reader_must_be_told_is_in_the_footer(synthetic: Synthetic, market: Market) -> None:
    flow = scan_flow("AAPL", at("2026-11-18 11:30"), market, ScanOptions())
    found = run_with(flow, answers(synthetic, market))
    basis = Basis(source="test", made_up=True, notes=("a note",))
    figure = found.standing_on(basis).plot()
    assert figure.axes[0].get_xlabel().endswith("made-up prices; a note")
    perfect = found.standing_on(Basis(source="test")).plot()
    assert "made-up" not in perfect.axes[0].get_xlabel()


def test_nothing_is_drawn_as_nothing(market: Market, tmp_path: Path) -> None:
    flow = scan_flow("X", at("2026-11-18 11:30"), market, ScanOptions())
    found = run_with(flow, lambda _: Bars.empty())
    figure = found.plot(str(tmp_path / "x.svg"))
    assert "too little history" in figure.axes[0].get_xlabel()
    with pytest.raises(ValueError, match="not supported"):
        found.plot(str(tmp_path / "x.nonsense"))
