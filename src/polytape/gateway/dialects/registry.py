"""The dialects that the gateway speaks beside its own `/api/v1`: another one is a folder beside
`polygon` and a line here.
"""

from polytape.gateway.dialects.dialect import Dialect
from polytape.gateway.dialects.polygon.dialect import POLYGON

DIALECTS: tuple[Dialect, ...] = (POLYGON,)
