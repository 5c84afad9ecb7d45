"""One live feed for several gateways with one API key, over Redis: one of them has the socket."""
