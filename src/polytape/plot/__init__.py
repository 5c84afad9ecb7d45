"""3 DERIVE: pictures of results. Loaded by name, only where something is drawn."""
