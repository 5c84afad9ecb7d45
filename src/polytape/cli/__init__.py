"""6 SHOW: the `polytape` command; the only place that wires everything together."""
