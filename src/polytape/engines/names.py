"""The engines' names and titles, apart from the registry: a command line that lists them loads
neither their options nor what checks these.
"""

# The first is the scanner; the last is no engine of the client's, which has a method for it.
TITLES = {
    "scan": "Zones of confluence",
    "fractals": "Swing points and structure",
    "fractal-history": "Swing points as they were shown at each instant",
    "hvn": "Volume by price",
    "camarilla": "Pivots of the last completed day, week and month",
    "zones": "Weekly, daily, ATR and structure zones",
    "vwap": "Volume-weighted average price with bands",
    "opening-range": "Opening range of the session, and when price left it",
    "gaps": "Open gaps between sessions",
    "poc": "Naked points of control, and the session's developing one",
    "atr": "Average true range of all hours, of regular hours, and by time of day",
    "bad-prints": "Bars with a price that nothing around them confirms",
    "session": "Prices and ranges of a session; prices are decimal texts",
}
