"""The vendor's dialect (Polygon.io, now Massive), both ways: how it is asked, how it answers."""
