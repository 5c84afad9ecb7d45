"""A whole vendor on loopback: Polygon's REST API on made-up or real bars. It misbehaves
where it is ordered to.

Written from what is known of the vendor and not from `polytape.wire.polygon`, so that each can find
the other's mistakes. `polytape fake-vendor` runs it for any Polygon program.
"""
