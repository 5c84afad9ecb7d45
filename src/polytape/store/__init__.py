"""2 KEEP: bars on disk, each file with what it covers; reference data beside them."""
