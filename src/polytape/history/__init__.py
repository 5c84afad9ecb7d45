"""2 KEEP: stored bars, made whole. Everybody who reads stored bars reads them here. No HTTP."""
