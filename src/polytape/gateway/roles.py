"""What a caller may do, and what a request asks for. Pure."""

from enum import IntEnum

from polytape.errors import ValidationError, one_of

# Where a POST changes what the gateway holds or does; others only ask, in whatever media type.
MANAGED = frozenset(
    {
        "/api/v1/clock",
        "/api/v1/history/backfill",
        "/api/v1/history/compact",
        "/api/v1/history/repair",
        "/api/v1/session/code",
    }
)
# Where a code is traded for a token: the code is what lets a page in.
SESSION = "/api/v1/session"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# What the requirements' clients clear: the memory of answers, not what is stored.
CACHE = "/api/v1/cache"


class Role(IntEnum):
    """Each may do what those before it may."""

    READ = 1
    SPEND = 2
    ADMINISTER = 3

    @property
    def word(self) -> str:
        """As it is written in files and on the command line."""
        return self.name.lower()


ROLES = tuple(role.word for role in Role)
MEANINGS = {
    Role.READ: "read what is stored",
    Role.SPEND: "cause requests of the vendor's",
    Role.ADMINISTER: "change what is stored, and manage the gateway",
}


def parse_role(text: str, param: str = "role") -> Role:
    """A role as it is written. Raises: ValidationError naming `param`."""
    if text not in ROLES:
        raise ValidationError(param, text, one_of(ROLES))
    return Role[text.upper()]


def needed_role(method: str, path: str) -> Role:
    """The least role that a request asks for. A method that changes something is for those who
    administer, unless it is known to be harmless: a new route is safe before anybody thinks of it.
    """
    if method in READING:
        return Role.READ
    route = route_of(path)
    if method == "POST":
        return Role.ADMINISTER if route in MANAGED else Role.READ
    return Role.SPEND if method == "DELETE" and route == CACHE else Role.ADMINISTER


def route_of(path: str) -> str:
    """A path as the framework sees it: `/api//v1/clock/` is `/api/v1/clock`."""
    if "//" not in path and not path.endswith("/"):
        return path
    return "/" + "/".join(part for part in path.split("/") if part)


def changes_state(method: str, path: str) -> bool:
    """Whether a request changes something that others see: what the audit has a line of."""
    asks = needed_role(method, path) is Role.READ
    return not asks or (method == "POST" and route_of(path) == SESSION)
