"""5 SERVE: the gateway on localhost:8200, which fetches once what many want."""
