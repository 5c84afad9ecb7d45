"""The vendor's own dialect, served: any Polygon client in any language can point here."""
