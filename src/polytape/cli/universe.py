"""Files of tickers."""

from pathlib import Path

from polytape.errors import ConfigurationError


def read_universe(path: str | Path | None) -> list[str]:
    """The tickers of a file, one a line; `#` begins a remark. Raises: ConfigurationError."""
    if path is None:
        return []
    try:
        lines = Path(path).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]
