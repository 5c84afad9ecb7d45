"""4 SCAN: many symbols at once: one function per symbol that reads the store, on all cores."""
