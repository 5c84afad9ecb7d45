"""How many requests a key may make, and who goes first."""
