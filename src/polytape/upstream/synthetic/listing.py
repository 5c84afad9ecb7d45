"""The listing of the made-up market: about 8,000 symbols with names.

A few dozen names are those of well-known securities, so that examples read naturally; their
prices are as invented as the rest. All other companies do not exist.
"""

from collections.abc import Iterator
from functools import lru_cache
from string import ascii_uppercase

from polytape.model.securities import SymbolInfo

COUNT = 8_000
FAMOUS = {
    "AAPL": ("Apple Inc.", "CS", "XNAS"),
    "ABBV": ("AbbVie Inc.", "CS", "XNYS"),
    "ADBE": ("Adobe Inc.", "CS", "XNAS"),
    "AIG": ("American International Group, Inc.", "CS", "XNYS"),
    "AMD": ("Advanced Micro Devices, Inc.", "CS", "XNAS"),
    "AMZN": ("Amazon.com, Inc.", "CS", "XNAS"),
    "AVGO": ("Broadcom Inc.", "CS", "XNAS"),
    "BA": ("The Boeing Company", "CS", "XNYS"),
    "BAC": ("Bank of America Corporation", "CS", "XNYS"),
    "BRK.A": ("Berkshire Hathaway Inc. Class A", "CS", "XNYS"),
    "BRK.B": ("Berkshire Hathaway Inc. Class B", "CS", "XNYS"),
    "C": ("Citigroup Inc.", "CS", "XNYS"),
    "CAT": ("Caterpillar Inc.", "CS", "XNYS"),
    "COST": ("Costco Wholesale Corporation", "CS", "XNAS"),
    "CSCO": ("Cisco Systems, Inc.", "CS", "XNAS"),
    "CVX": ("Chevron Corporation", "CS", "XNYS"),
    "DIA": ("SPDR Dow Jones Industrial Average ETF Trust", "ETF", "ARCX"),
    "DIS": ("The Walt Disney Company", "CS", "XNYS"),
    "F": ("Ford Motor Company", "CS", "XNYS"),
    "GE": ("General Electric Company", "CS", "XNYS"),
    "GLD": ("SPDR Gold Shares", "ETF", "ARCX"),
    "GOOG": ("Alphabet Inc. Class C", "CS", "XNAS"),
    "GOOGL": ("Alphabet Inc. Class A", "CS", "XNAS"),
    "HD": ("The Home Depot, Inc.", "CS", "XNYS"),
    "IBM": ("International Business Machines Corporation", "CS", "XNYS"),
    "INTC": ("Intel Corporation", "CS", "XNAS"),
    "IWM": ("iShares Russell 2000 ETF", "ETF", "ARCX"),
    "JNJ": ("Johnson & Johnson", "CS", "XNYS"),
    "JPM": ("JPMorgan Chase & Co.", "CS", "XNYS"),
    "KIMpL": ("Kimco Realty Corporation Class L Depositary Shares", "PFD", "XNYS"),
    "KO": ("The Coca-Cola Company", "CS", "XNYS"),
    "MA": ("Mastercard Incorporated", "CS", "XNYS"),
    "META": ("Meta Platforms, Inc.", "CS", "XNAS"),
    "MRK": ("Merck & Co., Inc.", "CS", "XNYS"),
    "MSFT": ("Microsoft Corporation", "CS", "XNAS"),
    "NFLX": ("Netflix, Inc.", "CS", "XNAS"),
    "NKE": ("NIKE, Inc.", "CS", "XNYS"),
    "NVDA": ("NVIDIA Corporation", "CS", "XNAS"),
    "ORCL": ("Oracle Corporation", "CS", "XNYS"),
    "PEP": ("PepsiCo, Inc.", "CS", "XNAS"),
    "PFE": ("Pfizer Inc.", "CS", "XNYS"),
    "PG": ("The Procter & Gamble Company", "CS", "XNYS"),
    "QQQ": ("Invesco QQQ Trust", "ETF", "XNAS"),
    "SPY": ("SPDR S&P 500 ETF Trust", "ETF", "ARCX"),
    "T": ("AT&T Inc.", "CS", "XNYS"),
    "TLT": ("iShares 20+ Year Treasury Bond ETF", "ETF", "XNAS"),
    "TSLA": ("Tesla, Inc.", "CS", "XNAS"),
    "UNH": ("UnitedHealth Group Incorporated", "CS", "XNYS"),
    "V": ("Visa Inc.", "CS", "XNYS"),
    "WMT": ("Walmart Inc.", "CS", "XNYS"),
    "XLE": ("Energy Select Sector SPDR Fund", "ETF", "ARCX"),
    "XLF": ("Financial Select Sector SPDR Fund", "ETF", "ARCX"),
    "XLK": ("Technology Select Sector SPDR Fund", "ETF", "ARCX"),
    "XOM": ("Exxon Mobil Corporation", "CS", "XNYS"),
}
_FIRST = [
    "Alder",
    "Amber",
    "Anchor",
    "Arbor",
    "Aspen",
    "Atlas",
    "Basin",
    "Beacon",
    "Birch",
    "Blue",
    "Bridge",
    "Bright",
    "Canyon",
    "Cedar",
    "Cobalt",
    "Copper",
    "Coral",
    "Crest",
    "Delta",
    "Drift",
    "Eagle",
    "Ember",
    "Falcon",
    "Fern",
    "Flint",
    "Forge",
    "Granite",
    "Harbor",
    "Hazel",
    "Heron",
    "Iron",
    "Juniper",
    "Keystone",
    "Lantern",
    "Larch",
    "Linden",
    "Maple",
    "Meridian",
    "Mesa",
    "Moss",
    "North",
    "Oak",
    "Onyx",
    "Orchard",
    "Osprey",
    "Pine",
    "Prairie",
    "Quarry",
    "Quartz",
    "Raven",
    "Ridge",
    "River",
    "Rowan",
    "Sable",
    "Sage",
    "Sierra",
    "Slate",
    "Spruce",
    "Summit",
    "Thistle",
    "Timber",
    "Tundra",
    "Vale",
    "Willow",
]
_SECOND = [
    "Aerospace",
    "Analytics",
    "Bancorp",
    "Biosciences",
    "Brands",
    "Capital",
    "Chemical",
    "Dynamics",
    "Energy",
    "Foods",
    "Freight",
    "Genomics",
    "Health",
    "Industries",
    "Insurance",
    "Lithium",
    "Logistics",
    "Marine",
    "Materials",
    "Media",
    "Medical",
    "Metals",
    "Motors",
    "Networks",
    "Optics",
    "Pharma",
    "Power",
    "Rail",
    "Realty",
    "Resources",
    "Retail",
    "Robotics",
    "Semiconductor",
    "Software",
    "Steel",
    "Systems",
    "Telecom",
    "Therapeutics",
    "Utilities",
    "Water",
]
_LAST = ("Inc.", "Corp.", "Holdings", "Group", "Ltd.")
_EXCHANGES = ("XNAS", "XNYS", "XNAS", "XASE")
# Coprime to 26**4, so that the walk below meets every four-letter word once.
_STRIDE = 104_729


@lru_cache(maxsize=1)
def listing() -> dict[str, SymbolInfo]:
    """Every symbol of the made-up market."""
    infos = [SymbolInfo(symbol, *facts) for symbol, facts in FAMOUS.items()]
    known = {info.symbol for info in infos}
    made = (info for info in _invented() if info.symbol not in known)
    infos += [next(made) for _ in range(COUNT - len(infos))]
    return {info.symbol: info for info in infos}


def _invented() -> Iterator[SymbolInfo]:
    """Companies in a fixed order: one in 20 delisted, one in 25 an ETF, one in 60 preferred."""
    for number in range(26**4):
        word = _word(number * _STRIDE % 26**4)
        word = word if number % 3 else word[:3]
        if not number % 3 and number >= 3 * 26**2:
            continue  # three-letter words would repeat from here on
        first = _FIRST[number % len(_FIRST)]
        second = _SECOND[number // 7 % len(_SECOND)]
        exchange = _EXCHANGES[number % len(_EXCHANGES)]
        active = number % 20 != 19  # noqa: PLR2004
        if number % 60 == 59:  # noqa: PLR2004
            yield SymbolInfo(f"{word}pA", f"{first} {second} Preferred A", "PFD", "XNYS", active)
        elif number % 25 == 24:  # noqa: PLR2004
            yield SymbolInfo(word, f"{first} {second} Select ETF", "ETF", "ARCX", active)
        else:
            last = _LAST[number % len(_LAST)]
            yield SymbolInfo(word, f"{first} {second} {last}", "CS", exchange, active)


def _word(number: int) -> str:
    letters = []
    for _ in range(4):
        number, letter = divmod(number, 26)
        letters.append(ascii_uppercase[letter])
    return "".join(letters)
