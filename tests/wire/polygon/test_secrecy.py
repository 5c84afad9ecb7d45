"""The vendor's key: out of every text, however it is written there; and no data is changed."""

import json
import traceback
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import ConnectionError, DataFetchError, ValidationError
from polytape.wire.polygon.secrecy import LONG_ENOUGH, KeyScrubber

KEYS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=LONG_ENOUGH, max_size=40
)


def escaped(key: str) -> str:
    """As JSON may write it: each character by its number."""
    return "".join(f"\\u{ord(c):04x}" for c in key)


@given(KEYS, st.text(max_size=30), st.text(max_size=30))
def test_a_text_has_no_key_in_it_however_it_is_written(key: str, before: str, after: str) -> None:
    """As it is, in capitals, as part of an address, by its characters' numbers."""
    forms = (key, key.upper(), key.lower(), quote(key, safe=""), escaped(key))
    for form in forms:
        text = KeyScrubber(key).text(f"{before} {form} {after}")
        assert form not in text
        assert "***" in text
    assert key.casefold() not in KeyScrubber(key).text(f"{key}{key}").casefold()


def test_an_error_has_no_key_in_it_nor_in_what_it_came_from() -> None:
    """Libraries repeat what a server sent: it would stand in the traceback."""
    key = "s3cret-" * 3
    error = ConnectionError(f"could not reach {key}", url=f"http://v/?k={key}")
    error.__cause__ = OSError(f"illegal status line: {key}")
    KeyScrubber(key).error(error)
    shown = "".join(traceback.format_exception(error)) + repr(vars(error))
    assert key not in shown
    assert error.url == "http://v/?k=***"
    wrong = ValidationError("symbol", key, "x")
    KeyScrubber(key).error(wrong)
    assert key not in str(wrong) + repr(vars(wrong))


def test_an_error_without_the_key_stays_as_it_is() -> None:
    """What it came from is of use to whoever reads it."""
    error = DataFetchError("late", status=504, request_id="7")
    error.__cause__ = OSError("reset")
    KeyScrubber("s3cret-s3cret-s3cret").error(error)
    assert (str(error), str(error.__cause__)) == ("late (HTTP 504, request 7)", "reset")


@given(KEYS)
def test_data_with_the_key_in_it_is_refused_as_a_whole(key: str) -> None:
    """It would lie in the store, and go to whoever asks."""
    scrubber = KeyScrubber(key)
    for text in (json.dumps({"name": f"x{key}y"}), f'{{"name": "{escaped(key)}"}}'):
        if "\\" in key or '"' in key:
            continue  # written with escapes of their own
        with pytest.raises(DataFetchError, match="neither stored nor passed on") as caught:
            scrubber.check_data(text.encode())
        assert key not in str(caught.value)


@pytest.mark.parametrize("key", ["any", "Ford", "OK", "a"])
def test_a_short_key_is_a_word_and_data_has_words(key: str) -> None:
    """With the key `any`, there is a Ford Motor Company."""
    KeyScrubber(key).check_data(b'{"status":"OK","results":[{"name":"Ford Motor Company"}]}')
