"""Were there as many tests as there should be? By `python -m tools.enough_tests REPORT LEAST`.

REPORT is what `pytest --junit-xml` wrote of the run itself: to collect the tests once more, only to
count them, takes a quarter of a minute. LEAST is a file with a number.
"""

import re
import sys
from pathlib import Path

# The report is one long line with this near its beginning.
SUITE = re.compile(r"<testsuite\s[^>]*?\stests=\"(\d+)\"")


def count_of(report: str) -> int:
    """How many tests a report has, those that were skipped among them.

    Raises: ValueError for what is no report.
    """
    counts = SUITE.findall(report)
    if not counts:
        raise ValueError("no <testsuite tests=...> in the report: did pytest write it?")
    return sum(map(int, counts))


def main(report: Path, least: Path) -> int:
    """Say how many there were. The exit code is 1 for too few."""
    count, expected = count_of(report.read_text("utf-8")), int(least.read_text("utf-8"))
    enough = count >= expected
    stream = sys.stdout if enough else sys.stderr
    print(f"{count} tests were run, at least {expected} are expected", file=stream)
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
