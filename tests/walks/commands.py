"""The command lines of the walks, as data. `{tmp}` stands for the folder that they run in, `{data}`
for the real bars; the gateway's URL is in the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Command:
    """One command line. `typed` is what it reads, `writes` what it leaves behind."""

    line: str
    typed: str = ""
    writes: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        given = [f"{name}={value}" for name, value in self.settings.items()]
        return " ".join([*given, self.line, *([f"< {self.typed!r}"] if self.typed else [])])


def lines(text: str) -> list[Command]:
    """A command a line; what follows ` > ` is the file that it writes."""
    parts = [line.strip().partition(" > ") for line in text.strip().splitlines()]
    return [Command(line, writes=writes) for line, _, writes in parts]


BARS = lines("""
    bars aapl --start 2024-07-01 --end 2024-07-05
    bars AAPL --start 2024-07-01 --end 2024-07-05 --timeframe 5min
    bars AAPL --start 2024-07-02 --end 2024-07-02 --timeframe 60min --format csv
    bars AAPL --start 2024-07-02 --end 2024-07-02 --timeframe 240min --format json
    bars AAPL --start 2024-07-02 --end 2024-07-02 --timeframe 1min --format csv
    bars AAPL --start 2024-11-29 --end 2024-11-29 --timeframe 1h --no-extended --format csv
    bars AAPL --start 2024-01-02 --end 2024-06-28 --timeframe 1month
    bars AAPL --start 2024-01-02 --end 2024-06-28 --timeframe 1week --limit 2
    bars AAPL --end 2024-07-05 --limit 3
    bars BAC --start 2024-05-31 --end 2024-06-04 --format table
    bars NBK --start 2024-07-02 --end 2024-07-02 --timeframe 15min --limit 3
    bars AAPL --start 2024-07-03T11:30 --end 2024-07-03T11:32 --timeframe 1min
    bars AAPL --start 2024-07-06 --end 2024-07-07
    bars AAPL --start 2024-07-06 --end 2024-07-07 --format csv
    bars AAPL --start "2024-07-02 09:30 America/New_York" --end 2024-07-02T14:00Z --timeframe 15min
    bars AAPL --start 2024-07-01 --end 2024-07-05 --out a.parquet > a.parquet
    bars AAPL --start 2024-07-01 --end 2024-07-05 --out a.csv > a.csv
    bars AAPL --start 2024-07-01 --end 2024-07-05 --out a.json > a.json
    bars AAPL --start 2024-07-01 --end 2024-07-05 --out a
    bars AAPL --start 2024-07-01 --end 2024-07-05 --out a.txt --format table
    bars AAPL --start 2024-07-01 --end 2024-07-05 --out b.json --format csv
""")

LOOKED_UP = lines("""
    session AAPL --at "2024-07-02 10:30 America/New_York"
    session aapl --at 2024-07-03T19:00:00Z --format json
    session AAPL --at 2024-07-03T11:30
    session AAPL --at 2024-07-04T15:00:00Z --format csv
    session ZZZZZZ --at 2024-07-02T14:30:00Z
    price aapl
    price AAPL --format json
    price AAPL --format csv
    search apple
    search apple --format csv
    search drift --all --format json
    search qqqqqqqq
    search qqqqqqqq --format csv
    search qqqqqqqq --format json
    validate AAPL
    validate AAPL ZZZZZZ --format csv
    validate AAPL BRK.B --format json
    rate-limit
    rate-limit --format json
    rate-limit --format csv
    cache clear
    cache clear AAPL
""")

AT = '--as-of "2026-11-18 11:30 America/New_York"'
TOOLS = lines(f"""
    scan AAPL {AT}
    scan AAPL {AT} --top 2
    scan AAPL {AT} --top 3 --format csv
    scan AAPL {AT} --format json
    scan AAPL MSFT ZZZZZZ {AT} --top 1
    scan --universe universe.txt {AT} --top 1 --weekly 320,330.5 --daily 325
    scan AAPL --as-of 2003-09-15T14:00:00Z
    fractals aapl {AT}
    fractals AAPL {AT} --timeframe 60min --length 5 --format csv
    fractals AAPL {AT} --format json
    fractal-history AAPL {AT} --history-days 3
    fractal-history AAPL {AT} --history-days 3 --format csv
    fractal-history AAPL {AT} --history-days 0
    hvn AAPL {AT}
    hvn AAPL {AT} --windows 7, --format csv
    hvn AAPL {AT} --windows 3 --format json
    camarilla AAPL {AT}
    camarilla AAPL {AT} --variant range --format csv
    camarilla AAPL {AT} --format json
    camarilla AAPL --as-of 2003-09-11T14:00:00Z
    zones AAPL {AT}
    zones AAPL {AT} --weekly 320 --daily 325,330 --format csv
    zones AAPL {AT} --format json
    zones AAPL --as-of 2003-09-10T08:00:00Z
""")

NOWHERE = "http://127.0.0.1:9"
WRONG = lines(f"""
    frob
    cache
    history
    --frob
    --version
    bars
    bars AAPL --frob
    bars AAPL --limit x
    bars AAPL --limit 0
    bars AAPL --timeframe 7min
    bars a/b
    bars AAPL --start soon
    bars AAPL --start 2024-07-05 --end 2024-07-01
    bars AAPL --end never
    bars AAPL --format parquet
    bars AAPL --format xml
    bars ZZZZZZ --start 2024-07-01 --end 2024-07-05
    bars AAPL --start 2024-07-01 --end 2024-07-05 --out more.csv/a.csv
    bars AAPL --start 2024-07-01 --end 2024-07-05 --url {NOWHERE}
    bars AAPL --start 2024-07-01 --end 2024-07-05 --url ftp://x
    price ZZZZZZ
    price "a b"
    price AAPL --url {NOWHERE}
    session AAPL --at someday
    session AAPL --at 2024-07-02T14:30:00Z --url {NOWHERE}
    search " "
    validate
    validate a/b
    cache clear a/b
    cache clear --url {NOWHERE}
    scan
    scan AAPL MSFT --plot x.png
    scan AAPL --weekly a,b
    scan AAPL {AT} --weekly 1,2,3,4,5
    scan AAPL --top 0
    scan AAPL --url {NOWHERE}
    scan AAPL --store /nowhere/at/all
    scan AAPL --store none
    scan AAPL --as-of someday
    scan --universe /nowhere.txt
    scan ZZZZZZ {AT}
    camarilla AAPL {AT} --variant x
    fractals AAPL {AT} --length 4
    fractals AAPL {AT} --timeframe 1day
    hvn AAPL --windows 7,1O
    hvn AAPL {AT} --windows 0
    zones AAPL {AT} --daily ,
    zones ZZZZZZ {AT}
    serve --store {{tmp}}/none-yet
    serve --source synthetic --store none --host 0.0.0.0
    serve --source synthetic --store none --host 203.0.113.1
    serve --source flatfiles --store none
    serve --source flatfiles --store none --data s3://flatfiles
    serve --source flatfiles --store none --data . --splits /nowhere.csv
    serve --source polygon --store none
    serve --source synthetic --store none --data .
    serve --source nonsense
    serve --plan gold
    serve --port 70000
    serve --store ftp://x --source synthetic
    fake-vendor --mischief nonsense
    fake-vendor --plan gold
    fake-vendor --port -1
""")

HELP = [
    Command(f"{names} --help".strip())
    for names in (
        "", "serve", "demo", "fake-vendor", "bars", "session", "price", "search", "validate",
        "rate-limit", "cache", "cache clear", "scan", "calibrate", "fractals", "fractal-history", "hvn", "camarilla", "zones",
        "history", "history path", "history status", "history verify", "history backfill",
        "history repair", "history import", "history export", "history compact", "history delete",
    )
]  # fmt: skip
HELP.append(Command(""))

FILES = {
    "csv/a.csv": "symbol,timestamp,open,high,low,close,volume\n"
    + "".join(f"A,2024-07-02T13:{m}:00Z,10,11,9,10.{m},{100 + m}\n" for m in range(30, 60))
    + "A,2024-07-02T14:00:00Z,10,9,11,10,1\nA,2024-07-02T13:59:00Z,10,11,9,10,1\n",
    "more.csv": "symbol,timestamp,open,high,low,close,volume,vwap,transactions\n"
    "A,2024-07-03T13:30:00Z,10,11,9,10,100,10.1,3\nB,2024-07-03T13:30:00Z,20,21,19,20,7,,\n",
    "mine.csv": "Date,O,H,L,C,V\n2024-07-05 09:30:00,30,31,29,30,5\n2024-07-05 09:31:00,30,31,29,30,6\n",
    "days.csv": "symbol,timestamp,open,high,low,close,volume\n"
    "A,2024-07-02T00:00:00-04:00,10,12,8,10,9000\nA,2024-07-03T00:00:00-04:00,10,12,8,11,8000\n",
    "splits.csv": "ticker,execution_date,split_from,split_to\nA,2024-07-03,1,2\n",
    "wrong.csv": "symbol,price\nA,1\n",
    "universe.txt": "# mine\nAAPL\nMSFT  # the other\n\n",
    "empty/nothing.txt": "",
}

KEPT, MADE_UP = "--store {tmp}/store", "--source synthetic --store {tmp}/made-up"
JUNE = "--from 2024-06-03 --to 2024-06-28"
HISTORY = [
    *lines(f"""
        history path {KEPT}
        history path --source synthetic
        history path --source flatfiles --data /some/where
        history path
        history status {KEPT}
        history status {KEPT} --format csv
        history verify {KEPT}
        history compact {KEPT}
        history import csv --format csv {KEPT}
        history import csv --format csv --on-error skip {KEPT}
        history import csv --format csv --on-error report {KEPT}
        history import more.csv --format csv {KEPT}
        history import mine.csv --format csv {KEPT}
        history import mine.csv --format csv --symbol C --column timestamp=Date {KEPT}
        history import mine.csv --format csv --symbol C --zone America/New_York --column timestamp=Date --column open=O --column high=H --column low=L --column close=C --column volume=V {KEPT}
        history import days.csv --format csv --timeframe 1day --splits splits.csv {KEPT}
        history import bars.parquet --format parquet {KEPT}
        history import wrong.csv --format csv {KEPT}
        history import wrong.csv {KEPT}
        history import empty {KEPT}
        history import /nowhere {KEPT}
        history import csv --format csv --timeframe 5min {KEPT}
        history import csv --format csv --zone Mars/Olympus {KEPT}
        history import csv --format csv --column price=x {KEPT}
        history import csv --format xml {KEPT}
        history status --format json {KEPT}
        history status A B c {KEPT}
        history status A --format csv {KEPT}
        history status A --format json {KEPT}
        history status "a b" {KEPT}
        history verify A {KEPT}
        history verify --format csv {KEPT}
        history verify B --format json {KEPT}
        history verify A --from 2024-07-02 --to 2024-07-02 --format csv {KEPT}
        history verify A --from x {KEPT}
        history verify Z {KEPT}
        history export A --out a.parquet {KEPT} > a.parquet
        history export A B --out all.csv --format csv {KEPT} > all.csv
        history export --out hive --hive --format csv {KEPT} > hive
        history export A --timeframe 1day --from 2024-07-03 --out day.csv --format csv {KEPT} > day.csv
        history export Z --out none.csv --format csv {KEPT}
        history export A --out a.csv --timeframe 5min {KEPT}
        history export A --out more.csv/a.csv {KEPT}
        history export A {KEPT}
        history compact {KEPT}
        history compact {KEPT}
        history status A --format csv {KEPT}
        history repair A --source none {KEPT}
    """),
    Command(f"history delete A --from 2024-07-02 --to 2024-07-02 {KEPT}", typed="n\n"),
    Command(f"history delete A --from 2024-07-02 --to 2024-07-03 {KEPT}", typed="y\n"),
    *lines(f"""
        history delete B --yes --timeframe 1day {KEPT}
        history delete B --yes --timeframe 5min {KEPT}
        history delete B C --yes {KEPT}
        history delete "a b" --yes {KEPT}
        history delete {KEPT}
        history status A B C --format csv {KEPT}
        history status --store none
        history compact --store none
        history backfill {MADE_UP}
        history backfill AAPL {MADE_UP}
        history backfill {JUNE} {MADE_UP}
        history backfill --universe universe.txt {JUNE} --dry-run {MADE_UP}
        history backfill --universe universe.txt {JUNE} {MADE_UP}
        history backfill --universe universe.txt {JUNE} {MADE_UP}
        history backfill AAPL {JUNE} --timeframe 1day {MADE_UP}
        history backfill NBK ZZZZZZ {JUNE} {MADE_UP}
        history backfill AAPL {JUNE} --timeframe 5min {MADE_UP}
        history backfill AAPL {JUNE} --store none --source synthetic
        history backfill AAPL {JUNE} --source none --store {{tmp}}/other
        history backfill AAPL {JUNE} --source synthetic {KEPT}
        history repair NBK {MADE_UP}
        history verify AAPL {MADE_UP}
        history status AAPL --format json {MADE_UP}
        history compact {MADE_UP}
    """),
]

FLAT = "{data}/us_stocks_sip/minute_aggs_v1/2013/10"
REAL = lines(f"""
    bars SPY --start 2013-10-07 --end 2013-10-11 --timeframe 15min --format csv
    bars SPY --start 2013-10-07 --end 2013-10-11
    bars NOPE --start 2013-10-07 --end 2013-10-11
    session SPY --at "2013-10-11 14:30 America/New_York"
    price SPY
    search s --format csv
    camarilla SPY --as-of "2013-10-11 14:30 America/New_York"
    history import {FLAT}/2013-10-10.csv.gz {FLAT}/2013-10-11.csv.gz {KEPT}
    history import {FLAT}/2013-10-10.csv.gz --format csv {KEPT}
    history status --format json {KEPT}
    history status SPY AIG {KEPT}
    history verify SPY {KEPT}
    history export SPY --out spy.parquet {KEPT} > spy.parquet
    history compact {KEPT}
""")
REAL.append(
    Command(
        'scan SPY --as-of "2013-10-11 14:30 America/New_York" --top 2',
        settings={"POLYTAPE_URL": NOWHERE, "POLYTAPE_STORE": "{tmp}/store"},
    )
)
