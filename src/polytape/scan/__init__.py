"""Many symbols at once: one function per symbol that reads the store, on all cores or a cluster."""
