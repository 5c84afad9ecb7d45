"""Texts of others, made fit to be shown. Pure."""

# A reader's worth; what is longer is a page, or an attack.
MOST_TEXT = 500
MOST_IDENTITY = 100
# An error of a gateway's own names spans, values and what is allowed.
MOST_DETAIL = 4 * MOST_TEXT


def shown(text: str, most: int = MOST_TEXT) -> str:
    """A text of a server's in one line: at most so many characters, and none that moves a cursor,
    ends a line of a log, or hides what stands there.
    """
    head = text[: 2 * most]
    line = " ".join("".join(c if c.isprintable() else " " for c in head).split())
    return line if len(line) <= most else line[: most - 1] + "…"
