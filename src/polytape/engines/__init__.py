"""5 DERIVE: levels from bars. Pure functions; what needs bars is a generator of queries."""
