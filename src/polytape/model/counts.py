"""How many of something, in words."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 bar`, `2,000 bars`; `many` where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
