"""One flat file of the vendor's: what goes in comes out, sorted and once each."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import DataFetchError
from polytape.upstream.flatfiles.parsing import day_of_file, read_file
from tests.upstream.flatfiles.files import HEADER

TICKERS = st.sampled_from(["A", "NA", "TRUE", "NULL", "nan", "BRK.B", "KIMpL"])
ROWS = st.lists(
    st.tuples(TICKERS, st.integers(0, 30), st.integers(1, 10**7), st.floats(0.01, 1e5)),
    max_size=40,
)


def write(path: Path, lines: list[str], header: str = HEADER) -> Path:
    path.write_bytes(gzip.compress("\n".join([header, *lines, ""]).encode()))
    return path


@given(rows=ROWS)
def test_every_row_is_read_and_of_two_the_last_one_stays(
    tmp_path: Path, rows: list[tuple[str, int, int, float]]
) -> None:
    """Against a dictionary: the slow, obvious way."""
    lines = [
        f"{ticker},{volume / 100},{price!r},{price!r},{price!r},{price!r},{minute * 60 * 10**9},3"
        for ticker, minute, volume, price in rows
    ]
    market = read_file(write(tmp_path / "a.csv.gz", lines))
    last = {(ticker, minute): (volume / 100, price) for ticker, minute, volume, price in rows}
    assert len(market) == len(last)
    assert list(market.places) == sorted({ticker for ticker, _ in last})
    for ticker in market.places:
        bars = market.of_symbol(ticker)
        assert np.all(np.diff(bars.timestamp) > 0)
        read = zip(bars.timestamp.tolist(), bars.volume.tolist(), bars.close.tolist(), strict=True)
        assert {
            (ticker, stamp // 60_000_000): (volume, close) for stamp, volume, close in read
        } == {key: value for key, value in last.items() if key[0] == ticker}


def test_columns_are_read_by_name_and_others_are_passed_over(tmp_path: Path) -> None:
    """The vendor's order is open, close, high, low; a new column breaks nothing."""
    header = "otc,window_start,low,high,close,open,transactions,volume,ticker"
    path = write(tmp_path / "a.csv.gz", ["false,60000000000,1,4,3,2,7,5.5,A"], header)
    bars = read_file(path).of_symbol("A")
    columns = [bars.timestamp, bars.open, bars.high, bars.low, bars.close, bars.volume]
    assert [column.tolist() for column in columns] == [[60_000_000], [2], [4], [1], [3], [5.5]]
    assert bars.transactions.tolist() == [7]
    assert np.isnan(bars.vwap).all()


def test_a_file_without_rows_is_a_day_without_bars(tmp_path: Path) -> None:
    """It is not an error."""
    market = read_file(write(tmp_path / "a.csv.gz", []))
    assert (len(market), market.places) == (0, {})


@pytest.mark.parametrize(
    "content", [b"", b"ticker\n", b"\x1f\x8b\x08", gzip.compress(b"\xff\xfe", mtime=0)]
)
def test_what_is_no_flat_file_is_named(tmp_path: Path, content: bytes) -> None:
    """Whatever is wrong with it, its path is in the error."""
    path = tmp_path / "2024-07-02.csv.gz"
    path.write_bytes(content)
    with pytest.raises(DataFetchError, match=r"2024-07-02\.csv\.gz"):
        read_file(path)


def test_a_flipped_bit_is_an_error(tmp_path: Path) -> None:
    """The checksum of the file is checked: wrong prices never come out."""
    path = write(tmp_path / "a.csv.gz", [f"A,{n},1,1,1,1,{n * 10**9},1" for n in range(200)])
    whole = path.read_bytes()
    for at in (len(whole) // 2, len(whole) - 6):
        flipped = bytearray(whole)
        flipped[at] ^= 4
        path.write_bytes(bytes(flipped))
        with pytest.raises(DataFetchError, match=r"a\.csv\.gz"):
            read_file(path)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2024-07-02.csv.gz", date(2024, 7, 2)), ("2024-07-32.csv.gz", None),
        ("2024-7-2.csv.gz", None), ("2024-07-02.csv", None), ("x2024-07-02.csv.gz", None),
        ("2024-07-02.csv.gz.part", None), ("0000-01-01.csv.gz", None),
    ],
)  # fmt: skip
def test_a_files_day_is_its_name(name: str, day: date | None) -> None:
    """Any other name is no flat file."""
    assert day_of_file(name) == day
