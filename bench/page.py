"""Put the figures of bench/results.json and bench/growth.json into the page on performance, between
its marks: `python -m bench.page`.
"""

import json
import re
from pathlib import Path
from typing import Any

from bench.growth import GROWTH
from bench.table import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "performance.md"
MARK = "<!-- {name}: python -m bench.page writes this -->"
END = "<!-- end of {name} -->"


def render(page: str, results: dict[str, Any], growth: dict[str, Any]) -> str:
    """The page with these figures."""
    parts = {
        "machine": machine(results),
        "table": table(results["results"]),
        "growth": slopes(growth["lines"]),
    }
    for name, text in parts.items():
        begin, end = MARK.format(name=name), END.format(name=name)
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if len(pattern.findall(page)) != 1:
            raise ValueError(f"the page needs one pair of marks: {begin} ... {end}")
        filled = f"{begin}\n{text}\n{end}"
        page = pattern.sub(lambda _, filled=filled: filled, page)  # type: ignore[misc]
    return page


def machine(results: dict[str, Any]) -> str:
    """What was measured on, when, beside which versions."""
    named = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    cases = "the large cases" if results["full"] else "the usual cases"
    return f"{results['date']}, {cases}: {results['machine']}.\n{named}."


def table(rows: list[dict[str, Any]]) -> str:
    """A line for each row."""
    lines = [
        "| row | what | beside | ours | beside | unit | ratio | goal | met |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row["ratio"] is None:
            numbers = [row["note"], "", row["unit"], ""]
        else:
            numbers = [_text(row["ours"]), _text(row["beside"]), row["unit"], _ratios(row)]
        met = "yes" if row["goal_met"] else "**no**"
        cells = [f"`{row['name']}`", row["path"], row["beside_name"], *numbers, row["goal"], met]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


def slopes(lines: list[dict[str, Any]]) -> str:
    """A line for each that grows."""
    made = ["| what | by | slope | from | to |", "|---|---|---|---|---|"]
    for line in lines:
        ends = [f"{number:,}: {_text(value)} {line['unit']}" for number, value in line["points"]]
        cells = (line["name"], line["by"], f"{line['slope']:.2f}", ends[0], ends[-1])
        made.append(f"| {' | '.join(cells)} |")
    return "\n".join(made)


def _ratios(row: dict[str, Any]) -> str:
    """The ratio; of runs in a row, that of each."""
    ratios = row.get("ratios", [row["ratio"]])
    return ", ".join("-" if ratio is None else _text(ratio) for ratio in ratios)


def _text(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1_000 else f"{number:.3g}"


def main() -> None:
    """Write the page anew."""
    results, growth = (json.loads(path.read_text("utf-8")) for path in (RESULTS, GROWTH))
    PAGE.write_text(render(PAGE.read_text("utf-8"), results, growth), "utf-8")


if __name__ == "__main__":
    main()
