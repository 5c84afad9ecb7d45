"""The vendor's dialect (Polygon.io, now Massive), both ways: requests and responses."""
