"""The vendor itself: Polygon.io, now Massive."""
