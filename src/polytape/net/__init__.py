"""HOW IT IS CARRIED: the only importer of httpx2. Drives a flow of `wire`, sync or async."""
