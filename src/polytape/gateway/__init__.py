"""3 SERVE: the gateway on localhost:8200, which asks once and answers everybody."""
