"""Where the API lies and what it is written in."""

API = "/api/v1"
JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
PROBLEM_JSON = "application/problem+json"
