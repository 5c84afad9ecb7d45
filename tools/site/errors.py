"""The page of errors: the tree, and of each error its cause, its cure and its HTTP code."""

import inspect

import polytape
from polytape.errors import PolygonClientError, TimeZoneWarning
from polytape.wire.api.problems import to_problem
from tools.site.docstrings import as_markdown
from tools.site.markdown import code, fence, page

PARTS = ("Cause", "Cure")
TITLE = "Errors"
SUMMARY = (
    "Every error that polytape raises on purpose: what causes it, what cures it, its HTTP code."
)


def pages() -> dict[str, str]:
    """The page by its path."""
    tree = inspect.getdoc(inspect.getmodule(PolygonClientError)) or ""
    _, drawn, after = tree.split("\n\n")
    text = page(
        TITLE,
        SUMMARY,
        fence(inspect.cleandoc(drawn)),
        after,
        *map(_entry, error_classes()),
        f"## {TimeZoneWarning.__name__}",
        as_markdown(inspect.getdoc(TimeZoneWarning) or ""),
        _on_the_wire(),
    )
    return {"reference/errors.md": text}


def error_classes() -> list[type[PolygonClientError]]:
    """The public ones in the order of the file, in which parents stand before their children."""
    public = [getattr(polytape, name) for name in polytape.__all__]
    errors = [one for one in public if inspect.isclass(one) and issubclass(one, PolygonClientError)]
    return sorted(errors, key=lambda one: inspect.getsourcelines(one)[1])


def parts_of(error: type[PolygonClientError]) -> dict[str, str]:
    """Cause and cure, by the docstring's paragraphs that begin so."""
    paragraphs = inspect.cleandoc(error.__doc__ or "").split("\n\n")
    parts = {name: block for block in paragraphs for name in PARTS if block.startswith(f"{name}: ")}
    return {
        name: " ".join(block.split()).removeprefix(f"{name}: ") for name, block in parts.items()
    }


def status_of(error: type[PolygonClientError]) -> int:
    """The HTTP code with which the gateway answers."""
    instance = error.__new__(error)
    instance.args = ("",)
    facts = {"detail": "", "param": "", "status": None, "request_id": None, "suggestions": ()}
    instance.__dict__.update(facts)
    return to_problem(instance).status


def _entry(error: type[PolygonClientError]) -> str:
    parts = parts_of(error)
    paragraphs = inspect.cleandoc(error.__doc__ or "").split("\n\n")
    about = "\n\n".join(
        block for block in paragraphs if not block.startswith(tuple(f"{p}: " for p in PARTS))
    )
    parents = ", ".join(code(_named(one)) for one in error.__bases__ if one is not Exception)
    kind = f"HTTP code {status_of(error)}" + (f"; is also {parents}" if parents else "") + "."
    causes = [f"**{name}.** {text[0].upper()}{text[1:]}" for name, text in parts.items()]
    return "\n\n".join([f"## {error.__name__}", as_markdown(about), *causes, kind])


def _named(kind: type) -> str:
    return f"builtins.{kind.__name__}" if kind.__module__ == "builtins" else kind.__name__


def _on_the_wire() -> str:
    return """## On the wire

Over HTTP each is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`,
`request_id`, where a parameter is wrong `param`, and where a symbol is unknown `suggestions`;
`Retry-After` says when to come back. The command line prints one line and leaves with exit code 1,
or 2 for wrong usage."""
