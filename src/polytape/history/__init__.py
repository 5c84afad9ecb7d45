"""2 KEEP: stored bars, made whole. Whoever reads stored bars reads them here. No HTTP."""
