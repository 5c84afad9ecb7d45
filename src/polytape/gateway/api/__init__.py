"""The routes of `/api/v1`, and what else the gateway shows of itself."""
