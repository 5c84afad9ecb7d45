"""Colours of pictures, on a light and on a dark ground."""

from dataclasses import dataclass

from polytape.errors import ValidationError, one_of


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they are for. `series` are told apart without red and green, too."""

    ground: str
    ink: str
    quiet: str
    grid: str
    closed_hours: str
    up: str
    down: str
    support: str
    resistance: str
    profile: str
    accent: str
    series: tuple[str, ...]

    def side(self, side: str) -> str:
        """That of support or resistance."""
        return self.support if side == "support" else self.resistance


LIGHT = Palette(
    ground="#ffffff",
    ink="#1f2328",
    quiet="#6b7280",
    grid="#e7e9ec",
    closed_hours="#f1f3f6",
    up="#1a7f5a",
    down="#c0392b",
    support="#2b6cb0",
    resistance="#a8650a",
    profile="#9db4c8",
    accent="#7c3aed",
    series=("#7c3aed", "#0e7490", "#a8650a", "#be185d"),
)
DARK = Palette(
    ground="#14181d",
    ink="#e6e8eb",
    quiet="#9aa3ad",
    grid="#262c33",
    closed_hours="#1b2127",
    up="#3fb68b",
    down="#ef6a5b",
    support="#6aa8e8",
    resistance="#e0a64b",
    profile="#46586a",
    accent="#b794f6",
    series=("#b794f6", "#4cc3d9", "#e0a64b", "#f07fb0"),
)
STYLES = {"light": LIGHT, "dark": DARK}


def palette_of(style: object) -> Palette:
    """The colours of a style. Raises: ValidationError for an unknown one."""
    palette = STYLES.get(style) if isinstance(style, str) else None
    if palette is None:
        raise ValidationError("style", style, one_of(list(STYLES)))
    return palette
