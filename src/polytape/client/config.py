"""The client's settings, as class attributes that older tools read and subclasses override."""

from types import MappingProxyType
from typing import ClassVar

from polytape.model.timeframes import STANDARD, spellings


class PolygonClientConfig:
    """Times in seconds. `TIMEFRAME_MAPPINGS` maps every spelling to its standard name."""

    BASE_URL: ClassVar[str] = "http://localhost:8200"
    API_VERSION: ClassVar[str] = "/api/v1"
    DEFAULT_TIMEOUT: ClassVar[float] = 30
    MAX_RETRIES: ClassVar[int] = 3
    RETRY_BACKOFF: ClassVar[float] = 1.0
    TOTAL_DEADLINE: ClassVar[float] = 120.0
    CACHE_SIZE: ClassVar[int] = 100
    CACHE_TTL_MINUTES: ClassVar[float] = 5
    TIMEFRAMES: ClassVar[tuple[str, ...]] = STANDARD
    TIMEFRAME_MAPPINGS: ClassVar[MappingProxyType[str, str]] = MappingProxyType(
        {text: timeframe.value for text, timeframe in spellings().items()}
    )
