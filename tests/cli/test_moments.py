"""A time of the command line is New York's where it names no zone, as the tables show it."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.cli.app import app
from polytape.cli.clock_command import _body
from polytape.cli.moments import AS_OF, MOMENT, STORED, Moment
from polytape.cli.scan import scan
from polytape.cli.session import session
from polytape.errors import ValidationError
from polytape.model.instants import parse_instant
from tests.cli.conftest import Run
from tests.cli.parameters import every_parameter
from tests.conftest import MARKET

ZONE = "is read as New York time."
# On the wall, without the hour that is skipped where the clock is set forward.
clocks = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).filter(lambda at: at.hour != 2)  # noqa: DTZ001
forms = st.sampled_from(
    ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H", "%Y-%m-%d %H:%M:%S.%f"]
)


@given(clocks, forms)
def test_without_a_zone_it_is_new_yorks(moment: datetime, form: str) -> None:
    """What is sent is the same instant for every reader: it carries the offset from UTC."""
    text = f"{moment:{form}}"
    sent = MOMENT.convert(text, None, None)
    assert parse_instant(sent, "at", MARKET) == parse_instant(
        f"{text} America/New_York", "at", MARKET
    )
    assert datetime.fromisoformat(sent).utcoffset() is not None


@pytest.mark.parametrize(
    "text",
    ["2024-07-03", "20240703", "2024-07-03T15:30:00Z", "2024-07-03 11:30 -04:00", "5d", "ytd",
     "now", "someday", ""],
)  # fmt: skip
def test_the_rest_stays_as_it_is_written(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Dates, words, what names a zone, and what whoever reads it will refuse; nothing is said."""
    assert MOMENT.convert(text, None, None) == text
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("zone", ["ET", "New York", "America/New_York", "EDT"])
def test_a_named_zone_is_sent_as_its_offset(zone: str) -> None:
    """A gateway, older or another, need not know the name."""
    assert MOMENT.convert(f"2024-07-03 11:30 {zone}", None, None) == "2024-07-03T11:30:00-04:00"


def command(*options: click.Parameter) -> click.Command:
    return click.Command("c", params=list(options), callback=lambda **_: None)


START, END = (click.Option([name], type=MOMENT) for name in ("--start", "--end"))


def test_it_is_said_once_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, of the first one."""
    arguments = ["--start", "2024-07-03 11:30", "--end", "2024-07-03 11:32"]
    for _ in range(2):
        command(START, END).main(arguments, standalone_mode=False)
        assert capsys.readouterr().err == f"2024-07-03 11:30 {ZONE}\n"


def test_a_zone_that_is_not_in_force_names_the_option() -> None:
    """Before a gateway is asked."""
    with pytest.raises(ValidationError, match=r"^--start='2024-07-03 11:30 EST' .*ET"):
        command(START).main(["--start", "2024-07-03 11:30 EST"], standalone_mode=False)


@pytest.mark.parametrize(
    ("long_day_from", "begin"),
    [(None, "00:00 New York"), ("2024-07-03", "21:00 of the evening before"), ("2024-07-04", "00:00")],
)  # fmt: skip
def test_a_date_that_is_an_instant_says_which(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    long_day_from: str | None,
    begin: str,
) -> None:
    """And how to write the end of the day, which is another one and needs no word."""
    if long_day_from is not None:
        monkeypatch.setenv("POLYTAPE_LONG_DAY_FROM", long_day_from)
    as_of = click.Option(["--as-of"], type=Moment(lambda _: AT, begins=True))
    command(as_of).main(["--as-of", "2024-07-03"], standalone_mode=False)
    said = capsys.readouterr().err
    assert said.startswith(f"--as-of 2024-07-03 is where that day begins, {begin}")
    assert '--as-of "2024-07-03 23:59"' in said


AT = parse_instant("2026-11-23 10:00 ET", "at", MARKET)


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("tomorrow", "is 2026-11-24, where that day begins, 00:00 New York."),
        ("2026-11-24", "is where that day begins, 00:00 New York."),
        ("2026-11-23", "of its session is known yet. Without --as-of it is now."),
        ("2026-11-21", "is where that day begins, 00:00 New York: it is a weekend."),
        ("2024-07-04", "is where that day begins, 00:00 New York: it is an exchange holiday."),
    ],
)
def test_an_end_that_is_no_session_s_or_not_yet_is_not_advised(
    capsys: pytest.CaptureFixture[str], day: str, says: str
) -> None:
    """It would be refused, too."""
    option = click.Option(["--as-of"], type=Moment(lambda _: AT, begins=True))
    command(option).main(["--as-of", day], standalone_mode=False)
    said = capsys.readouterr().err
    assert said.startswith(f"--as-of {day} is ")
    assert said.endswith(f"{says}\n")


@pytest.mark.parametrize(
    ("word", "sent", "says"),
    [
        ("yesterday", "2026-11-20", 'is 2026-11-20, where that day begins, 00:00 New York: nothing '
         'of its session is known yet. Its end is --as-of "2026-11-20 23:59".'),
        ("Today", "2026-11-23", "nothing of its session is known yet. Without --as-of it is now."),
        ("ytd", "2026-01-01", "where that day begins, 00:00 New York: it is an exchange holiday."),
        ("2h", "2026-11-23T13:00:00+00:00", "--as-of 2h is Mon 2026-11-23 08:00 New York."),
        ("now", "2026-11-23T15:00:00+00:00", "--as-of now is Mon 2026-11-23 10:00 New York."),
    ],
)  # fmt: skip
def test_a_word_is_what_it_is_by_the_clock_of_the_market(
    capsys: pytest.CaptureFixture[str], word: str, sent: str, says: str
) -> None:
    """What was understood is said."""
    option = click.Option(["--as-of"], type=Moment(lambda _: AT, begins=True))
    assert option.type.convert(word, option, None) == sent
    assert says in capsys.readouterr().err


def test_what_is_neither_is_refused_with_the_words_that_go_there() -> None:
    """Where only an instant will do; a length is no end."""
    with pytest.raises(ValidationError, match=r'^--as-of=.someday.*"today", "yesterday", "now"'):
        command(click.Option(["--as-of"], type=AS_OF)).main(
            ["--as-of", "someday"], standalone_mode=False
        )
    with pytest.raises(ValidationError, match="a length is counted back from it"):
        command(click.Option(["--to", "end"], type=STORED)).main(
            ["--to", "5d"], standalone_mode=False
        )


@pytest.mark.parametrize(
    "arguments", [["--as-of", "1h", "--url", "turned"], ["--url", "turned", "--as-of", "1h"]]
)
def test_the_clock_is_that_of_the_gateway_that_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """Wherever it is named: a replay's is another one. None is asked of a store."""
    asked: list[str] = []
    # First: it has to be loaded with the real connect.
    monkeypatch.setattr("polytape.cli.gateway_time.gateway_now", lambda _: AT)

    def connect(url: str) -> AbstractContextManager[None]:
        asked.append(url)
        return nullcontext()

    monkeypatch.setattr("polytape.cli.gateway.connect", connect)
    as_of = click.Option(["--as-of"], type=AS_OF)
    store = click.Option(["--store"], is_eager=True)
    url = next(one for one in scan.params if one.name == "url")
    command(as_of, store, url).main(arguments, standalone_mode=False)
    assert asked == ["turned"]
    assert "--as-of 1h is Mon 2026-11-23 09:00 New York." in capsys.readouterr().err
    command(as_of, store, url).main([*arguments, "--store", "DIR"], standalone_mode=False)
    assert asked == ["turned"]


def times(group: click.Group) -> Iterator[tuple[str, click.Parameter]]:
    """Every option of every command that takes a date or an instant by its name."""
    names = {"start", "end", "at", "as_of", "anchor"}
    yield from ((path, one) for path, one in every_parameter(group) if one.name in names)


def test_every_option_that_takes_an_instant_reads_it_so() -> None:
    """But replay --from, which is a time of the day, in New York already."""
    found = {(path, one.opts[0]): one.type for path, one in times(app)}
    assert len(found) > 20
    others = {key for key, kind in found.items() if not isinstance(kind, Moment)}
    assert others == {("replay", "--from")}


@pytest.mark.socket
def test_the_tables_show_what_was_typed(polytape: Run, gateway: str) -> None:
    """The bars from 11:30 on are those of 11:30 in New York, in UTC at 15:30."""
    span = ("--start", "2024-07-03 11:30", "--end", "2024-07-03 11:32", "--timeframe", "1min")
    code, out, err = polytape("bars", "AAPL", *span, "--url", gateway)
    rows = [line for line in out.splitlines() if line.startswith(" Wed")]
    assert (code, [row.split()[2] for row in rows]) == (0, ["11:30", "11:31"])
    assert err.count(ZONE) == 1
    code, out, _ = polytape("bars", "AAPL", *span, "--format", "csv", "--url", gateway)
    assert out.splitlines()[1].startswith("2024-07-03T15:30:00Z")
    code, out, err = polytape("session", "AAPL", "--at", "2024-07-03 11:30", "--url", gateway)
    assert (code, "Wed 2024-07-03 11:30 New York" in out) == (0, True)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("10:30", "2026-11-23T10:30:00-05:00"),
        ("9:30", "2026-11-23T09:30:00-05:00"),
        ("today 10:30", "2026-11-23T10:30:00-05:00"),
        ("Yesterday 10:30", "2026-11-20T10:30:00-05:00"),
        ("yesterday 11:30 pm", "2026-11-20T23:30:00-05:00"),
        ("12:05 AM", "2026-11-23T00:05:00-05:00"),
        ("12:05 p.m.", "2026-11-23T12:05:00-05:00"),
        ("9am", "2026-11-23T09:00:00-05:00"),
        ("10:30 UTC", "2026-11-23T05:30:00-05:00"),
        ("yesterday 3:30 pm Europe/Berlin", "2026-11-20T09:30:00-05:00"),
    ],
)
@pytest.mark.parametrize("begins", [False, True])
def test_a_time_without_a_date_is_todays_in_new_york(
    capsys: pytest.CaptureFixture[str], written: str, sent: str, begins: bool
) -> None:
    """By the clock of the gateway; yesterday is the last session before, here Friday."""
    option = click.Option(["--at"], type=Moment(lambda _: AT, begins=begins))
    assert option.type.convert(written, option, None) == sent
    shown = f"{datetime.fromisoformat(sent):%a %Y-%m-%d %H:%M}"
    assert capsys.readouterr().err == f"--at {written} is {shown} New York.\n"


def test_an_instant_with_am_or_pm_is_that_of_24_hours() -> None:
    """With its date the day is known."""
    assert MOMENT.convert("2024-07-03 11:30 pm", None, None) == "2024-07-03T23:30:00-04:00"
    assert MOMENT.convert("2024-07-03 1:05 PM ET", None, None) == "2024-07-03T13:05:00-04:00"


@pytest.mark.parametrize(
    ("written", "allowed"),
    [
        ("13:30 pm", 'a time of 24 hours ("23:30"), or one from 1:00 to 12:59 with am or pm'),
        ("0:30 am", "1:00 to 12:59"),
        ("25:00", "HH:MM"),
        ("2024-13-01", "there is no day 2024-13-01"),
        ("2024-07-03 25:00", "a time from 00:00 to 23:59"),
        ("2024-07-03 24:00", "24:00 is 00:00 of the next day"),
        ("2026-03-08 02:30", "there is no 02:30 on 2026-03-08 in America/New_York"),
        ("10:30 PDQ", "there is no zone 'PDQ'"),
        ("yesterday 10:30 EDT", "EDT is not in force in New York on 2026-11-20"),
        ("noon", '"10:30", "yesterday 10:30"'),
    ],
)
def test_a_time_that_there_is_not_is_refused_with_what_is(written: str, allowed: str) -> None:
    """Before a gateway is asked for more than the time."""
    option = click.Option(["--at"], type=Moment(lambda _: AT, begins=True))
    with pytest.raises(ValidationError) as refused:
        option.type.convert(written, option, None)
    assert str(refused.value).startswith(f"--at='{written}' is not valid: ")
    assert allowed in str(refused.value)


@pytest.mark.parametrize("spelling", ["--at", "--as-of"])
def test_session_takes_its_instant_by_the_name_that_every_engine_has(
    spelling: str,
) -> None:
    """Both are one option, and notes and errors call it as it was written."""
    context = session.make_context("session", ["AAPL", spelling, "2024-07-03 10:30"])
    assert context.params["at"] == "2024-07-03T10:30:00-04:00"
    with pytest.raises(ValidationError, match=f"^{spelling}='someday'"):
        app.main(["session", "AAPL", spelling, "someday"], standalone_mode=False)
    with pytest.raises(ValidationError, match=f"^{spelling}="):
        app.main(["session", "AAPL", f"{spelling}=2024-07-03 25:00"], standalone_mode=False)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("10:30", {"to": "10:30"}), ("2:30 pm", {"to": "14:30"}), ("Close", {"to": "close"}),
        ("5", {"minutes": 5}), ("90min", {"minutes": 90}), ("2 h", {"minutes": 120}),
        ("2024-07-02 10:30 ET", {"to": "2024-07-02T10:30:00-04:00"}),
    ],
)  # fmt: skip
def test_a_step_of_the_clock_is_a_length_or_a_time_of_its_own_day(
    written: str, sent: dict[str, object]
) -> None:
    """Which the gateway knows: that of a replay is not today."""
    assert _body("step", written) == {"action": "step"} | sent


@pytest.mark.parametrize(
    ("action", "written", "says"),
    [
        ("step", None, "step takes minutes (5, 90min, 2h), a time in New York"),
        ("step", "soon", "'soon': step takes minutes"),
        ("step", "2024-07-02", "or a date with a time"),
        ("step", "yesterday 10:30", "step takes minutes"),
        ("step", "13:30 pm", "with am or pm"),
        ("step", "2024-07-02 24:00", "00:00 to 23:59"),
        ("speed", "fast", "'fast': speed takes market seconds in a second (1, 60, 0.5)"),
        ("pause", "5", "pause takes no value"),
    ],
)
def test_wrong_use_of_the_clock_names_what_is_right(
    action: str, written: str | None, says: str
) -> None:
    """Before any gateway is asked."""
    with pytest.raises(click.BadParameter, match=re.escape(says)):
        _body(action, written)
    assert _body("speed", "60x") == {"action": "speed", "speed": 60.0}
