"""The list of engines that a command line reads without loading any of them."""

from polytape.engines.names import TITLES
from polytape.engines.registry import ENGINES


def test_every_engine_has_its_title_once_and_in_the_registrys_order() -> None:
    assert list(TITLES.items()) == [(spec.name, spec.title) for spec in ENGINES]
