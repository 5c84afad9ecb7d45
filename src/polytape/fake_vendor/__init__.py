"""A whole vendor on loopback: Polygon's REST API and live events, on made-up or real bars. It
misbehaves where it is ordered to.

Written from what is known of the vendor and not from `polytape.wire.polygon`, so that each can find
the other's mistakes; only the server's side of the live session is the one that our own gateway
has, and the vendor's own client checks that. `polytape fake-vendor` runs it for any Polygon
program.
"""
