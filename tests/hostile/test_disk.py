"""A disk that misbehaves: flipped bits, absurd claims, odd names. Never wrong bars, never coverage
that is not held, never a crash: the right answer, or the file is set aside with its reason.
"""

import io
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from polytape.errors import ConfigurationError, DataFetchError
from polytape.model.market_bars import MarketBars
from polytape.model.spans import Span
from polytape.model.timeframes import Series
from polytape.net.storage import FolderStorage, Storage
from polytape.store import footer
from polytape.store.answers import ANSWERS, StoredAnswers
from polytape.store.compact import compact, forget
from polytape.store.coverage import Coverage
from polytape.store.damaged import printable
from polytape.store.footer import (
    END_BYTES,
    FOOTER_KEY,
    SCHEMA,
    DamagedSegmentError,
    arrow_schema,
    sealed_end,
)
from polytape.store.segments import SegmentStore
from tests.conftest import MARKET
from tests.store.bars import DAY, FIRST, HOUR, WEEK, memory, some_bars

ROOT = Path(__file__).parents[2]
MONTH = "bars/1min/2024-01"
DAY_ONE = Span(FIRST, FIRST + DAY)
HOURS = [FIRST + n * HOUR for n in range(24)]
PARTS = {"A": some_bars(HOURS), "B": some_bars(HOURS[::2], 70.0)}
COVERAGE = [
    Coverage(None, DAY_ONE, 7, final=True, excluded_symbols=frozenset({"X"})),
    Coverage("A", Span(HOURS[3], HOURS[6]), 8, final=False),
    Coverage("C", DAY_ONE, 9, final=False, deleted=True),
]


def opened(storage: Storage) -> SegmentStore:
    return SegmentStore(storage, "test", MARKET, now=lambda: 1_000)


def one_segment(storage: Storage) -> tuple[str, bytes]:
    """A store with one segment; its path and content."""
    store = opened(storage)
    store.write(Series.MINUTE, MarketBars.of(PARTS), COVERAGE)
    store.close()
    (name,) = storage.names(MONTH)
    return f"{MONTH}/{name}", storage.read(f"{MONTH}/{name}")


def put(storage: Storage, path: str, content: bytes) -> None:
    storage.put(path, lambda sink: sink.write(content))


def footer_at(content: bytes) -> int:
    return len(content) - END_BYTES - int.from_bytes(content[-END_BYTES:-4], "little")


def said_by(store: SegmentStore) -> list[object]:
    """Everything that a store says of a week: bars and coverage."""
    said: list[object] = []
    for symbol in ("A", "B", "C", "X"):
        bars = store.read(symbol, Series.MINUTE, WEEK)
        said.append(
            [
                bars.timestamp.tolist(),
                *(getattr(bars, n).tolist() for n in ("open", "close", "volume")),
            ]
        )
        said += [(s.span, s.coverage) for s in store.coverage(symbol, Series.MINUTE)]
    said.append(store.symbols(Series.MINUTE))
    return said


def check_right_or_set_aside(storage: Storage, path: str, truth: list[object]) -> bool:
    """Whether the file was set aside; if it was not, everything is as it was written."""
    store = opened(storage)
    try:
        for _ in range(2):  # a damaged page is found on reading; then it is set aside
            try:
                said = said_by(store)
                break
            except DamagedSegmentError:
                continue
        aside = [one for one in store.catalog.unread() if one.path == f"{path}.damaged"]
        if not aside:
            assert said == truth
            return False
        assert aside[0].reason
        assert [part for part in said if isinstance(part, tuple)] == []
        assert said[-1] == []
        return True
    finally:
        store.close()


TRUTH: list[object] = []
CONTENT: list[bytes] = []


@pytest.fixture(scope="module", autouse=True)
def _truth() -> None:
    storage = memory()
    _, content = one_segment(storage)
    CONTENT[:] = [content]
    TRUTH[:] = said_by(opened(storage))


def flipped(content: bytes, places: list[tuple[int, int]]) -> bytes:
    changed = bytearray(content)
    for at, bit in places:
        changed[at] ^= 1 << bit
    return bytes(changed)


def try_flips(places: list[tuple[int, int]]) -> bool:
    storage = memory()
    put(storage, "store.json", b'{"schema":1,"source":"test"}')
    path = f"{MONTH}/x.parquet"
    put(storage, path, flipped(CONTENT[0], places))
    return check_right_or_set_aside(storage, path, TRUTH)


bits = st.tuples(st.integers(0), st.integers(0, 7))


@given(st.lists(bits, min_size=1, max_size=3, unique=True))
@settings(max_examples=60)
def test_a_flip_in_a_footer_is_always_seen(chosen: list[tuple[int, int]]) -> None:
    """Anywhere from the hash of the footer to the end of the file."""
    start = footer_at(CONTENT[0]) - 32
    size = len(CONTENT[0]) - start
    places = list({(start + at % size, bit) for at, bit in chosen})
    assert try_flips(places)


@given(bits)
@settings(max_examples=40)
def test_a_flip_in_a_page_gives_the_right_answer_or_none(chosen: tuple[int, int]) -> None:
    try_flips([(chosen[0] % footer_at(CONTENT[0]), chosen[1])])


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_flip_of_a_whole_segment() -> None:
    """Every byte of the file, one bit each; several thousand."""
    chance = random.Random(11)
    content = CONTENT[0]
    for at in range(len(content)):
        aside = try_flips([(at, chance.randrange(8))])
        assert aside or at < footer_at(content) - 32


@given(st.integers(0), st.sampled_from(["cut", "grown", "shifted"]))
@settings(max_examples=30)
def test_a_file_of_another_length_is_set_aside(at: int, how: str) -> None:
    content = CONTENT[0]
    cut = 1 + at % (len(content) - 1)
    wrong = {"cut": content[:cut], "grown": content + content[:cut], "shifted": content[cut:]}[how]
    storage = memory()
    put(storage, "store.json", b'{"schema":1,"source":"test"}')
    put(storage, f"{MONTH}/x.parquet", wrong)
    whole = how == "grown" and cut == 0
    aside = check_right_or_set_aside(storage, f"{MONTH}/x.parquet", TRUTH)
    assert aside or whole


@given(st.lists(bits, min_size=1, max_size=2, unique=True))
@settings(max_examples=60)
def test_a_flip_in_an_answer_gives_the_answer_or_none(chosen: list[tuple[int, int]]) -> None:
    """A damaged file is set aside, and the question is asked again."""
    storage = memory()
    answers = StoredAnswers(storage)
    answers.put("/v3/splits?ticker=A", b'{"results":[{"a":1.50},2,"text"]}', 17)
    (name,) = storage.names(ANSWERS)
    content = storage.read(f"{ANSWERS}/{name}")
    places = list({(at % len(content), bit) for at, bit in chosen})
    put(storage, f"{ANSWERS}/{name}", flipped(content, places))
    found = answers.get("/v3/splits?ticker=A")
    assert found in (None, (17, b'{"results":[{"a":1.50},2,"text"]}'))
    if found is None:
        assert set(storage.names(ANSWERS)) == {f"{name}.damaged", f"{name}.damaged.txt"}
        answers.put("/v3/splits?ticker=A", b"[]", 18)
        assert answers.get("/v3/splits?ticker=A") == (18, b"[]")


def made(
    table: pa.Table, footer: object, *, seal: bool = True, group_rows: int = 2**31 - 1
) -> bytes:
    """A Parquet file with any columns and any footer of ours, as somebody else may make it."""
    sink = io.BytesIO()
    writer = parquet.ParquetWriter(sink, table.schema, compression="zstd")
    writer.write_table(table, row_group_size=group_rows)
    writer.add_key_value_metadata({FOOTER_KEY: msgspec.json.encode(footer)})
    writer.close()
    return sealed_end(sink.getvalue()) if seal else sink.getvalue()


def rows_of_one(count: int) -> pa.Table:
    """So many equal rows: a file of them is tiny."""
    numbers = pa.array(np.ones(count))
    columns = [pa.array(["A"]).dictionary_encode().take(pa.array(np.zeros(count, np.int64)))]
    columns = [
        columns[0].cast(pa.string()),
        pa.array(np.full(count, FIRST), pa.timestamp("us", "UTC")),
    ]
    columns += [numbers] * 6 + [pa.array(np.ones(count, np.int64))]
    return pa.Table.from_arrays(columns, schema=arrow_schema())


def footer_of(**changes: object) -> dict[str, object]:
    cover = {"symbol": "A", "start": DAY_ONE.start, "end": DAY_ONE.end, "asked": 50, "final": True}
    whole: dict[str, object] = {
        "schema": SCHEMA, "covers": [cover], "groups": [["A", "A"]], "source": "test", "sealed": True,
    }  # fmt: skip
    return whole | changes


def covering(**changes: object) -> dict[str, object]:
    cover = {"symbol": "A", "start": DAY_ONE.start, "end": DAY_ONE.end, "asked": 50, "final": True}
    return footer_of(covers=[cover | changes])


ONE = rows_of_one(1)
ABSURD: dict[str, Callable[[], bytes]] = {
    "a group of 200,000 rows": lambda: made(rows_of_one(200_000), footer_of()),
    "200,000 rows of a symbol": lambda: made(
        rows_of_one(200_000), footer_of(groups=[["A", "A"]] * 2), group_rows=100_000
    ),
    "a column too few": lambda: made(ONE.drop_columns(["vwap"]), footer_of()),
    "a column of another type": lambda: made(
        ONE.set_column(2, "open", ONE.column("open").cast(pa.float32())), footer_of()
    ),
    "two columns swapped": lambda: made(
        ONE.rename_columns([*ONE.column_names[:2], "high", "open", *ONE.column_names[4:]]), footer_of()
    ),
    "a symbol of 5 MB": lambda: made(
        ONE.set_column(0, "symbol", pa.array(["A" * 5_000_000])), footer_of()
    ),
    "groups that are not there": lambda: made(ONE, footer_of(groups=[["A", "A"], ["B", "B"]])),
    "groups out of order": lambda: made(ONE, footer_of(groups=[["B", "A"]])),
    "a group of an empty symbol": lambda: made(ONE, footer_of(groups=[["", ""]])),
    "an end before the start": lambda: made(ONE, covering(start=5, end=4)),
    "an end that no clock has": lambda: made(ONE, covering(end=10**40)),
    "an end beyond 64 bits": lambda: made(ONE, covering(end=2**63)),
    "a fetch before 1970": lambda: made(ONE, covering(asked=-1)),
    "an empty symbol": lambda: made(ONE, covering(symbol="")),
    "a symbol of a megabyte": lambda: made(ONE, covering(symbol="A" * 1_000_000)),
    "the whole market deleted": lambda: made(ONE, covering(symbol=None, deleted=True)),
    "text for a number": lambda: made(ONE, covering(start="1")),
    "no coverage": lambda: made(ONE, {"schema": SCHEMA, "sealed": True}),
    "no hash, though it has one": lambda: made(ONE, footer_of(), seal=False),
    "a newer schema without a hash": lambda: made(ONE, footer_of(schema=9), seal=False),
    "a null for a time": lambda: made(
        ONE.set_column(1, "timestamp", pa.array([None], pa.timestamp("us", "UTC"))), footer_of()
    ),
    "no Parquet": lambda: b"PAR1" * 1_000,
    "nothing": lambda: b"",
}  # fmt: skip


@pytest.mark.parametrize("what", ABSURD)
def test_what_cannot_be_is_set_aside_and_its_month_goes_on(
    tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sizes and counts are looked at before memory is taken for them."""
    monkeypatch.setattr(footer, "MOST_SYMBOL_ROWS", 150_000)
    storage = FolderStorage(tmp_path)
    one_segment(storage)
    put(storage, f"{MONTH}/zzz.parquet", ABSURD[what]())
    store, before = opened(storage), pa.total_allocated_bytes()
    for _ in range(2):
        try:
            said = said_by(store)
            break
        except DamagedSegmentError:
            assert pa.total_allocated_bytes() - before < 2_000_000
    assert said == TRUTH
    (aside,) = store.catalog.unread()
    assert aside.path == f"{MONTH}/zzz.parquet.damaged"
    assert (tmp_path / aside.path).exists()
    assert aside.reason
    assert "zzz.parquet" in caplog.text
    store.close()


def test_one_read_finds_all_the_damage_and_the_next_one_is_right() -> None:
    """A reader that finds a gap once it is told of damage is not told three times."""
    storage = memory()
    store = opened(storage)
    for number, hour in enumerate(HOURS[:6]):
        store.write(
            Series.MINUTE,
            MarketBars.of({"A": some_bars([hour])}),
            [Coverage("A", Span(hour, hour + HOUR), number, final=True)],
        )
    for name in sorted(storage.names(MONTH))[::2]:
        content = storage.read(f"{MONTH}/{name}")
        put(
            storage,
            f"{MONTH}/{name}",
            flipped(content, [(at, 3) for at in range(150, footer_at(content) - 64, 40)]),
        )
    store = opened(storage)
    with pytest.raises(DamagedSegmentError):
        store.read("A", Series.MINUTE, WEEK)
    assert store.read("A", Series.MINUTE, WEEK).timestamp.tolist() == HOURS[1:6:2]
    assert len(list(store.catalog.unread())) == 3


def odd_things(folder: Path) -> None:
    """What may lie in a folder beside segments."""
    (folder / "loop.parquet").symlink_to("loop.parquet")
    (folder / "nowhere.parquet").symlink_to("not/there")
    (folder / "folder.parquet").mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe odd\n.parquet")).write_bytes(b"odd")
    (folder / (".tmp-" + "x" * 8)).write_bytes(b"half")
    (folder / "notes.txt").write_bytes(b"mine")
    for name in ("9999-99", "2024-1", "0000", "lost+found", "2024-١٢"):
        (folder.parent / name).mkdir()
        (folder.parent / name / "x.parquet").write_bytes(b"odd")
    (folder.parent / "2024-03").symlink_to("2024-03")


def test_odd_names_and_links_are_no_trouble(tmp_path: Path) -> None:
    """One of them made the whole month fail."""
    storage = FolderStorage(tmp_path)
    one_segment(storage)
    odd_things(tmp_path / MONTH)
    store = opened(storage)
    assert said_by(store) == TRUTH
    assert len(store.read("A", Series.MINUTE, Span(FIRST - 900 * DAY, FIRST + DAY))) == len(HOURS)
    assert compact(store, MONTH) is None
    assert forget(store, "B", Series.MINUTE, DAY_ONE) == len(HOURS) // 2
    aside = {one.path.rsplit("/", 1)[-1]: one.reason for one in store.catalog.unread()}
    assert sorted(aside) == ["\\udcff\\udcfe odd\\n.parquet.damaged", "loop.parquet.damaged"]
    for one in store.catalog.unread():
        (one.path + one.reason).encode()
    store.close()


class ReadOnly(FolderStorage):
    """Nothing can be written or renamed."""

    def put(self, name: str, write: Callable[..., object]) -> int:
        raise DataFetchError(f"{name}: read-only file system")

    def rename(self, name: str, new: str) -> None:
        raise DataFetchError(f"{name}: read-only file system")


def test_on_a_read_only_disk_a_damaged_file_is_skipped_where_it_is(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    one_segment(storage)
    put(storage, f"{MONTH}/zzz.parquet", b"hello")
    store = SegmentStore(ReadOnly(tmp_path), "test", MARKET, now=lambda: 1_000)
    assert said_by(store) == TRUTH
    store.catalog.forget()
    assert said_by(store) == TRUTH
    assert (tmp_path / MONTH / "zzz.parquet").exists()


def test_bars_of_another_source_never_pass_for_ones_own(tmp_path: Path) -> None:
    """Not where store.json was deleted, nor where a file was copied over from another store."""
    made_up = SegmentStore(FolderStorage(tmp_path / "made-up"), "synthetic/1", MARKET)
    made_up.write(Series.MINUTE, MarketBars.of(PARTS), COVERAGE)
    (tmp_path / "made-up/store.json").unlink()
    with pytest.raises(ConfigurationError, match="holds bars of synthetic/1, not of polygon"):
        SegmentStore(FolderStorage(tmp_path / "made-up"), "polygon", MARKET)
    assert not (tmp_path / "made-up/store.json").exists()
    SegmentStore(FolderStorage(tmp_path / "made-up"), "synthetic/1", MARKET)
    store = SegmentStore(FolderStorage(tmp_path / "real"), "polygon", MARKET)
    shutil.copytree(tmp_path / "made-up/bars", tmp_path / "real/bars")
    assert not len(store.read("A", Series.MINUTE, WEEK))
    (refused,) = store.catalog.unread()
    assert refused.reason == "holds bars of synthetic/1, not of polygon"
    assert (tmp_path / "real" / refused.path).exists()


OLD = ROOT / "tests/data/store_schema_1"


def test_a_store_of_the_first_versions_still_opens(tmp_path: Path) -> None:
    """It has no hashes and names no source in its files; compacted, it has both."""
    shutil.copytree(OLD, tmp_path / "old")
    (tmp_path / "old/store.json").rename(tmp_path / "about")
    with pytest.raises(ConfigurationError, match=r"no store\.json that says whose"):
        SegmentStore(FolderStorage(tmp_path / "old"), "polygon", MARKET)
    (tmp_path / "about").rename(tmp_path / "old/store.json")
    for _ in range(2):
        store = SegmentStore(FolderStorage(tmp_path / "old"), "polygon", MARKET)
        bars = store.read("AAPL", Series.MINUTE, WEEK)
        assert bars.timestamp.tolist() == HOURS
        assert bars.close.tolist() == [*range(10, 14), *range(50, 54), *range(18, 34)]
        assert [
            (s.coverage.fetched_at % 10, s.coverage.final)
            for s in store.coverage("AAPL", Series.MINUTE)
        ] == [(1, True), (2, False), (1, True)]
        assert len(store.coverage("EMPTY", Series.MINUTE)) == 1
        assert store.symbols(Series.DAY) == ["AAPL", "MSFT"]
        answer = StoredAnswers(store.storage).get("/v3/x?ticker=AAPL")
        assert answer == (1_700_000_000_000_005, b'{"results":[1,2.50]}')
        assert list(store.catalog.unread()) == []
        compact(store, MONTH)
    (segment,) = store.catalog.segments(MONTH)
    assert segment.source == "polygon"


def test_a_text_of_a_file_name_can_always_be_printed() -> None:
    assert printable(os.fsdecode(b"a\xff")).encode() == b"a\\udcff"
