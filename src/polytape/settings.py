"""One frozen Settings; the only reader of the environment."""

from pathlib import Path
from typing import Literal, TypeAlias

import pydantic
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from polytape.errors import ConfigurationError

SourceName: TypeAlias = Literal["auto", "polygon", "flatfiles", "synthetic", "none"]
PlanOption: TypeAlias = Literal["basic", "starter", "developer", "advanced"]


class Settings(BaseSettings):
    """The environment's `POLYTAPE_...`, and the vendor's key under either brand's name.

    `data`: flat files, a folder or s3://BUCKET. `vendor_url`: where the vendor's REST API is.
    """

    model_config = SettingsConfigDict(env_prefix="POLYTAPE_", frozen=True, extra="ignore")

    url: str = "http://localhost:8200"
    host: str = "127.0.0.1"
    port: int = Field(default=8200, ge=0, le=65_535)
    source: SourceName = "auto"
    data: str | None = None
    splits: Path | None = None
    seed: int = 0
    token: SecretStr | None = None
    store: str | None = None
    vendor_url: str = "https://api.massive.com"
    plan: PlanOption | None = None
    redis: SecretStr | None = None
    files_endpoint: str = "https://files.massive.com"
    files_key: SecretStr | None = None
    files_secret: SecretStr | None = None
    api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("POLYGON_API_KEY", "MASSIVE_API_KEY")
    )

    @pydantic.field_validator(
        "token", "api_key", "store", "data", "plan", "redis", "files_key", "files_secret",
        mode="before",
    )  # fmt: skip
    @classmethod
    def _blank_is_nothing(cls, value: object) -> object:
        """`POLYTAPE_TOKEN=` means that there is none, not one that every request carries."""
        return None if isinstance(value, str) and not value.strip() else value


def load(**given: object) -> Settings:
    """The environment, under what is given and not None. Raises ConfigurationError naming the
    variable, never its value.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings().model_copy(update=chosen)
    except pydantic.ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"POLYTAPE_{name}: {first['msg']}") from None
