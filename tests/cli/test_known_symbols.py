"""Symbols are looked at before they are streamed: one that there is not would be silent for ever."""

from typing import Self

import pytest

from polytape.cli import known_symbols
from polytape.cli.known_symbols import check_symbols
from polytape.errors import AuthenticationError, NotFoundError


class Gateway:
    """One of a source, which has AAPL and SPY; `says` false: it refuses to tell."""

    def __init__(self, source: str | None, *, left: int = 100, says: bool = True) -> None:
        self.source, self.left, self.says = source, left, says
        self.looked_up: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def status(self) -> dict[str, object]:
        if self.source is None:
            raise NotFoundError("no such route", status=404)
        return {"source": self.source, "rate_limit": {"remaining": self.left}}

    def post(self, path: str, body: dict[str, list[str]], _: object) -> dict[str, dict[str, bool]]:
        assert path == "/validate"
        if not self.says:
            raise AuthenticationError("this token may not spend", status=403)
        self.looked_up += body["symbols"]
        return {name: {"valid": name in ("AAPL", "SPY")} for name in body["symbols"]}

    def hint(self, symbol: str) -> str:
        return {"APPL": " (did you mean AAPL?)"}.get(symbol, "")


def check(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway, *symbols: str, shows_each: bool = False
) -> None:
    monkeypatch.setattr(known_symbols, "connect", lambda _: gateway)
    check_symbols(None, symbols, shows_each=shows_each)


def test_a_source_that_knows_its_symbols_refuses_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that are wrong are named, each with what may be meant."""
    says = r"there is no symbol APPL \(did you mean AAPL\?\), QQQQQ"
    with pytest.raises(NotFoundError, match=says):
        check(monkeypatch, Gateway("synthetic"), "spy", "appl", "QQQQQ")
    check(monkeypatch, Gateway("synthetic"), "spy", "*")


def test_a_watch_shows_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows say what is wrong with each; without any other there is nothing to show."""
    check(monkeypatch, Gateway("synthetic"), "SPY", "APPL", shows_each=True)
    with pytest.raises(NotFoundError, match="did you mean AAPL"):
        check(monkeypatch, Gateway("synthetic"), "APPL", "APPL", shows_each=True)


def test_what_a_vendor_does_not_list_is_streamed_with_a_remark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its feed may have a new listing before its reference has."""
    check(monkeypatch, Gateway("polygon"), "SPY", "APPL")
    assert capsys.readouterr().err == (
        "polygon lists no symbol APPL (did you mean AAPL?): it is streamed in case the feed has it\n"
    )


def test_the_check_leaves_half_of_the_vendors_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request a symbol: of the free plan's five a minute two are spent on it at most."""
    enough, short = Gateway("polygon", left=4), Gateway("polygon", left=3)
    check(monkeypatch, enough, "AAPL", "SPY")
    check(monkeypatch, short, "AAPL", "SPY")
    assert (enough.looked_up, short.looked_up) == (["AAPL", "SPY"], [])


def test_who_cannot_say_does_not_keep_from_streaming(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another server is not asked; a refusal is said."""
    another = Gateway(None)
    check(monkeypatch, another, "APPL")
    assert (another.looked_up, capsys.readouterr().err) == ([], "")
    check(monkeypatch, Gateway("polygon", says=False), "APPL")
    assert "could not be found out: this token may not spend" in capsys.readouterr().err
