"""The page of settings, in the sections and words of the file that `polytape init` writes."""

import msgspec

from polytape.cli.init import SECTIONS
from polytape.settings import KEY_NAMES, Settings, variable_of
from tools.site.markdown import code, fence, page, table

SUMMARY = (
    "Every setting: its name in `polytape.toml`, its environment variable, default and meaning."
)


def pages() -> dict[str, str]:
    """The page by its path."""
    defaults = {field.name: field for field in msgspec.structs.fields(Settings)}
    parts = [
        f"## {title}\n\n"
        + table(
            ("setting", "environment", "default", "meaning"),
            [
                [code(name), _variables(name), _default(defaults[name]), meaning]
                for name, _, meaning in rows
            ],
        )
        for title, rows in SECTIONS.items()
    ]
    return {"reference/settings.md": page("Settings", SUMMARY, _ORDER, *parts)}


_ORDER = f"""\
An option of a command goes before the environment, that before a file `.env` in the working
directory, that before `polytape.toml` in the working directory, and that before the same file in
the user's own folder. `polytape doctor` says what is set, and whether it works.

{fence("$ polytape init --print", "console")}"""


def names() -> list[str]:
    """The settings that the page has."""
    return [name for rows in SECTIONS.values() for name, _, _ in rows]


def _variables(name: str) -> str:
    if name == "api_key":
        return " or ".join(map(code, KEY_NAMES))
    return code(variable_of(name))


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default
    return "not set" if value is None else code(str(value) or '""')
