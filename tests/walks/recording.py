"""What is written down of an answer, and how it is compared with the record.

Masked is what may differ from run to run: ports, folders, request ids, our version, bytes on disk.
"""

import difflib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import pyarrow as pa
import pyarrow.parquet
import pytest

import polytape

Told: TypeAlias = dict[str, Any]

RECORD = Path(__file__).parent / "record"
RECORDING, ANSWERS = (os.environ.get(f"POLYTAPE_{name}") for name in ("RECORD", "ANSWERS"))
HEADERS = ("content-type", "content-encoding", "retry-after", "vary", "allow", "www-authenticate")
ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
LONGEST, BEGINNING = 1_400, 300
MASKS = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b[0-9a-f]{32}\b"), "REQUEST-ID"),
    (re.compile(rf"(?<![\d.]){re.escape(polytape.__version__)}(?![\d.])"), "VERSION"),
    (re.compile(r'("bytes": ?)\d+'), r"\1BYTES"),
    (re.compile(r'("job": ?)"[0-9a-f]{8}"'), r'\1"JOB"'),
    # Rates, and how long requests took: the last part of a gateway's status.
    (re.compile(r'("activity": ?)\{"window_seconds.*\}(?=\})'), r'\1"ACTIVITY"'),
    # What a library says of an address, a store or an option that it was given.
    (re.compile(r'(could not reach \S+: )[^"(\n]*[^"(\n ]'), r"\1WHY"),
    (
        re.compile(
            r"(cannot be a store: |Invalid value for '\S+': ).*?(?= \(polytape|$)", re.MULTILINE
        ),
        r"\1WHY",
    ),
)


class Masked:
    """Texts without what differs from run to run; `names` maps texts to what stands for them."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def __call__(self, text: str) -> str:
        for volatile, name in self._names.items():
            text = text.replace(volatile, name)
        for pattern, name in MASKS:
            text = pattern.sub(name, text)
        return text


def whole(answer: httpx2.Response, masked: Masked) -> str:
    """All of a body as text."""
    if answer.headers.get("content-type") == ARROW:
        return "\n".join(str(row) for table in _tables(answer.content) for row in table.to_pylist())
    return masked(answer.text)


def of_answer(answer: httpx2.Response, masked: Masked) -> Told:
    """An HTTP answer: status, some headers, body."""
    headers = {name: answer.headers[name] for name in HEADERS if name in answer.headers}
    if "retry-after" in headers:  # counted from the machine's own clock
        headers["retry-after"] = re.sub(r"^\d+$", "SECONDS", headers["retry-after"])
    if "allow" in headers:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
    kind = answer.headers.get("content-type", "")
    if kind == ARROW:
        body: Any = of_bytes(answer.content) | {
            "streams": list(map(_stream, _tables(answer.content)))
        }
    elif kind == PARQUET:
        body = of_parquet(answer.content)
    elif answer.request.url.path == "/metrics":
        body = sorted(re.findall(r"^# TYPE (\S+)", answer.text, re.MULTILINE))
    else:
        body = of_text(masked(answer.text))
    return {"status": answer.status_code, "headers": headers, "body": body}


def of_text(text: str) -> Any:
    """A short text itself, as lines where it has several; of a long one what tells it apart."""
    if len(text) > LONGEST:
        return of_bytes(text.encode()) | {"begins": text[:BEGINNING].split("\n")}
    return text.split("\n") if "\n" in text else text


def of_bytes(content: bytes) -> Told:
    return {"sha256": sha256(content).hexdigest(), "length": len(content)}


def of_parquet(content: bytes) -> Told:
    """A Parquet file by its values: its bytes carry the version of the library that wrote them."""
    table = pyarrow.parquet.read_table(io.BytesIO(content))
    values = repr(table.to_pydict()).encode()
    columns = [f"{field.name}: {field.type}" for field in table.schema]
    return {"rows": table.num_rows, "columns": columns} | of_bytes(values)


def of_file(path: Path, masked: Masked) -> Any:
    """A file that a command wrote; of a folder its files."""
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file())
        return {str(p.relative_to(path)): of_file(p, masked) for p in found}
    if path.suffix == ".parquet":
        return of_parquet(path.read_bytes())
    return of_text(masked(path.read_text()))


def compare(group: str, answers: dict[str, Told]) -> None:
    """Fail, telling what differs, where the answers are not those of the record; or record them."""
    text = json.dumps(answers, indent=1, ensure_ascii=False) + "\n"
    recorded = _recorded(group, text)
    before: dict[str, Told] = json.loads(recorded)
    now: dict[str, Told] = json.loads(text)
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    told = [f"{group}: {name}\n{_difference(before.get(name), now.get(name))}" for name in names]
    if told:
        count = f"{len(told)} of {len(now)} answers of {group} are not those of the record"
        pytest.fail("\n\n".join([count, *told]), pytrace=False)


def compare_text(group: str, text: str) -> None:
    """The same for one long text."""
    recorded = _recorded(group, text)
    if recorded != text:
        pytest.fail(f"{group} is not as recorded\n{_lines_between(recorded, text)}", pytrace=False)


def unique(names: Iterable[str]) -> list[str]:
    """The names, with a number where one comes again."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def keep_whole(group: str, texts: Mapping[str, str]) -> None:
    """Where POLYTAPE_ANSWERS names a folder: whole answers by name, for the record hashes some."""
    for number, (name, text) in enumerate(texts.items() if ANSWERS else ()):
        slug = re.sub("[^A-Za-z0-9]+", "-", name)[:150]
        path = Path(str(ANSWERS)) / group / f"{number:03}{slug}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("},{", "},\n{"))


def _recorded(group: str, text: str) -> str:
    path = RECORD / f"{group}.json"
    if RECORDING:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if not path.is_file():
        pytest.fail(f"no record of {group}: POLYTAPE_RECORD=1 makes one", pytrace=False)
    return path.read_text(encoding="utf-8")


def _tables(content: bytes) -> Iterator[pa.Table]:
    """The Arrow streams of a body."""
    source = pa.BufferReader(content)
    while source.tell() < len(content):
        yield pa.ipc.open_stream(source).read_all()


def _stream(table: pa.Table) -> Told:
    """Rows, and what is said of them."""
    said = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    return {"rows": table.num_rows} | said


def _difference(before: Told | None, now: Told | None) -> str:
    if before is None or now is None:
        return "  is not in the record" if before is None else "  is in the record alone"
    parts = []
    for part in {**before, **now}:
        one, other = before.get(part), now.get(part)
        if one != other:
            parts.append(f"  {part}:\n{_lines_between(_spread(one), _spread(other))}")
    return "\n".join(parts)


def _spread(value: Any) -> str:
    """On many lines, so that a difference is one of lines."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, indent=1, ensure_ascii=False)


def _lines_between(before: str, now: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), "recorded", "now", lineterm="", n=2
    )
    found = [f"    {line}" for line in lines] or [f"    {before!r} was recorded, now {now!r}"]
    return "\n".join(found[:60] + (["    ..."] if len(found) > 60 else []))
