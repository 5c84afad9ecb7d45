"""`polytape scan` where no gateway answers, and where one is there but does not."""

from contextlib import AbstractContextManager

import pytest

from polytape.cli.scan import READ_STORE
from polytape.errors import ConnectionError
from tests.cli.conftest import Run

WHERE = "http://127.0.0.1:9/api/v1/scan"


@pytest.mark.parametrize("sent", [False, True])
def test_the_store_is_read_only_where_nobody_listens(
    polytape: Run, monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    """A gateway that is slow is one: what happened is said, and how to do without it."""

    def lost(_: str | None) -> AbstractContextManager[object]:
        raise ConnectionError("no answer in time", url=WHERE, sent=sent)

    read: list[object] = []
    monkeypatch.setattr("polytape.cli.scan.connect", lost)
    monkeypatch.setattr("polytape.cli.scan._scan_store", lambda *given: read.append(given))
    code, _, err = polytape("scan", "AAPL")
    said = " ".join(err.split())
    if sent:
        assert (code, read) == (1, [])
        assert f"no answer in time {READ_STORE}" in said
        assert "no gateway" not in said
    else:
        assert (code, len(read)) == (0, 1)
        assert "no gateway at http://127.0.0.1:9: reading" in said
