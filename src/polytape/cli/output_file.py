"""Where results are written: checked before the work, not after it."""

import os
from collections.abc import Mapping
from pathlib import Path

import click

STDOUT = "-"
PICTURES = {".png": "png", ".svg": "svg", ".pdf": "pdf", ".jpg": "jpg", ".jpeg": "jpg"}
BARS_FILES = {".csv": "csv", ".json": "json", ".parquet": "parquet"}


def chosen_form(out: Path | None, form: str | None) -> tuple[str, Path | None]:
    """The form of bars and the file that they go into (None: stdout), of `--out` and `--format`.

    Raises: BadParameter where the two do not agree, and where nothing could be written.
    """
    if out is None or str(out) == STDOUT:
        chosen = form or ("table" if out is None else "csv")
        if chosen == "parquet":
            raise click.BadParameter("--format parquet needs --out FILE.parquet")
        return chosen, None
    by_ending = form_of(out, BARS_FILES)
    if form not in (None, by_ending):
        raise click.BadParameter(f"--out {_short(out)} and --format {form} do not agree")
    return by_ending, out


def form_of(
    path: Path, forms: Mapping[str, str], option: str = "--out", *, makes_folders: bool = False
) -> str:
    """The form of a file by its ending, of those in `forms`.

    Raises: BadParameter for another ending, and where nothing could be written there.
    """
    form = forms.get(path.suffix.lower())
    if form is None:
        endings = ", ".join(forms)
        raise click.BadParameter(f"{option} {_short(path)}: its ending has to be one of {endings}")
    check_place(path, option, makes_folders=makes_folders)
    return form


def check_place(path: Path, option: str = "--out", *, makes_folders: bool = False) -> None:
    """Raises: BadParameter where no file can be written: a folder, or in none that is there (but
    for a command that makes it).
    """
    try:
        is_folder, folder = path.is_dir(), path.parent
        there, writable = folder.is_dir(), os.access(folder, os.W_OK)
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{option} {_short(path)} is no path: {error}") from error
    if is_folder:
        raise click.BadParameter(f"{option} {_short(path)} is a folder: name a file in it")
    if makes_folders and not there:
        return
    if not there:
        raise click.BadParameter(f"{option} {_short(path)}: there is no folder {_short(folder)}")
    if not writable:
        raise click.BadParameter(f"{option} {_short(path)}: {_short(folder)} cannot be written to")


def _short(path: Path) -> str:
    text = str(path)
    return text if len(text) <= 80 else f"{text[:77]}..."
