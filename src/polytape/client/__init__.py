"""5 READ: the clients. One core of flows, driven sync or async."""
