"""A budget in a file: shared by the programs of a machine, and there after a restart."""

import json
import subprocess
import sys
from collections import deque
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polytape.errors import RateLimitError
from polytape.net.shared_file import turn_at
from polytape.upstream.budget.budget import Budget
from polytape.upstream.budget.file_window import BUSY_S, LEASE_S, FileWindow, window_path
from tests.fakes.vendor import KEY

LIMIT, WINDOW_S = 5, 60.0


class Machine:
    """Programs of one machine: one wall clock, and a clock of its own for each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wall = 1_800_000_000.0

    def window(self, *, learns: bool = False, limit: int = LIMIT) -> FileWindow:
        return FileWindow(self.path, limit, WINDOW_S, learns=learns, wall=lambda: self.wall,
                          sleep=lambda _: None)  # fmt: skip

    def ask(self, window: FileWindow) -> float:
        """One request, answered at once where there is a place; else how long to wait."""
        token, seconds = window.take(self.wall)
        if token is not None:
            window.answered(token, self.wall)
        return seconds


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "budget" / "k.json")


def test_four_restarts_of_a_basic_key_make_five_requests_a_minute(machine: Machine) -> None:
    """Not twenty."""
    granted = 0
    for _ in range(4):
        program = machine.window()
        granted += sum(machine.ask(program) == 0 for _ in range(5))
        machine.wall += 1
    assert granted == LIMIT
    program = machine.window()
    assert (program.state(0.0).used, program.state(0.0).remaining) == (LIMIT, 0)
    assert machine.ask(program) == pytest.approx(56)
    machine.wall += 56
    assert machine.ask(machine.window()) == 0


def test_a_gateway_that_is_restarted_says_when_to_come_back(machine: Machine) -> None:
    """As one that has used its budget up itself does."""
    old = machine.window()
    for _ in range(LIMIT):
        machine.ask(old)
    budget = Budget(machine.window())
    with pytest.raises(RateLimitError, match="5 in 60 s"), budget.place():
        pass


steps = st.lists(
    st.tuples(st.sampled_from(["take", "answer", "restart"]), st.integers(0, 2),
              st.sampled_from([0.0, 1.0, 20.0, 59.0, 61.0])),
    max_size=60,
)  # fmt: skip


@given(steps)
def test_no_window_ever_has_more_requests_than_the_limit(
    steps: list[tuple[str, int, float]],
) -> None:
    """Whatever several programs do, and whoever of them dies: counted at any instant between being
    sent and being answered, which is when the vendor counts.
    """
    with TemporaryDirectory() as folder:
        machine = Machine(Path(folder) / "k.json")
        programs = [machine.window() for _ in range(3)]
        under_way: list[deque[tuple[int, float]]] = [deque() for _ in range(3)]
        counted: list[float] = []
        for step, at, seconds in steps:
            machine.wall += seconds
            if step == "take":
                token, _ = programs[at].take(machine.wall)
                if token is not None:
                    under_way[at].append((token, machine.wall))
                    counted.append(machine.wall)
            elif step == "answer" and under_way[at]:
                token, sent = under_way[at].popleft()
                programs[at].answered(token, machine.wall)
                counted.remove(sent)
                counted.append(machine.wall)
            elif step == "restart":
                under_way[at].clear()
                programs[at] = machine.window()
            recent = [one for one in counted if one > machine.wall - WINDOW_S]
            assert len(recent) <= LIMIT
            if machine.path.exists():
                assert len(json.loads(machine.path.read_bytes())["places"]) <= LIMIT


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"places": 1}', b'{"places": {"a": "b"}}', b"\0" * 100, b"x" * 300_000,
     b'{"places": {}, "learned": {"limit": 0, "window_s": 1, "until": 1e12}}'],
)  # fmt: skip
def test_a_damaged_file_is_a_window_that_is_used_up(
    machine: Machine, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, and is over after one window."""
    machine.path.parent.mkdir()
    machine.path.write_bytes(content)
    program = machine.window()
    assert machine.ask(program) == pytest.approx(WINDOW_S)
    assert caplog.text.count("is damaged") == 1
    machine.wall += WINDOW_S
    assert machine.ask(program) == 0


def test_a_file_that_cannot_be_written_leaves_each_program_its_own_count(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Better than none: it is said when it begins and when it ends."""
    machine.path.parent.write_text("no folder")
    program = machine.window()
    assert [machine.ask(program) == 0 for _ in range(LIMIT + 1)] == [True] * LIMIT + [False]
    assert program.state(machine.wall).used == LIMIT
    assert caplog.text.count("counts its own requests alone") == 1
    machine.path.parent.unlink()
    assert machine.ask(program) > 0
    assert "again" in caplog.text


def test_who_meets_another_in_the_file_comes_back_at_once(machine: Machine) -> None:
    """Nobody waits for a program that stands still; what was answered meanwhile is written later."""
    program = machine.window()
    token, _ = program.take(machine.wall)
    assert token is not None
    with turn_at(machine.path) as file:
        assert file is not None
        assert program.take(machine.wall) == (None, BUSY_S)
        program.answered(token, machine.wall)
    machine.wall += WINDOW_S
    assert machine.window().state(0.0).used == 1  # its lease
    program.refresh(machine.wall)
    assert machine.window().state(0.0).used == 0


def test_a_request_whose_program_died_frees_its_place_after_the_lease(machine: Machine) -> None:
    """Nobody says when it was counted."""
    assert machine.window(limit=1).take(machine.wall)[0] is not None
    machine.wall += WINDOW_S + LEASE_S - 1
    assert machine.ask(machine.window(limit=1)) > 0
    machine.wall += 1
    assert machine.ask(machine.window(limit=1)) == 0


def test_a_clock_that_is_set_back_does_not_stop_the_gateway(machine: Machine) -> None:
    """Nothing is taken for longer than a window and a lease."""
    program = machine.window(limit=1)
    machine.ask(program)
    machine.wall -= 365 * 86_400
    restarted = machine.window(limit=1)
    assert 0 < machine.ask(restarted) <= WINDOW_S
    machine.wall += WINDOW_S + LEASE_S
    assert machine.ask(restarted) == 0


def test_a_smaller_plan_is_learned_by_all_for_a_day(machine: Machine) -> None:
    """But not by who was told the plan."""
    program = FileWindow(machine.path, 100, 1.0, wall=lambda: machine.wall)
    machine.ask(program)
    program.resize(LIMIT, WINDOW_S)
    other = FileWindow(machine.path, 100, 1.0, learns=True, wall=lambda: machine.wall)
    state = other.state(machine.wall)
    assert (state.limit, state.window_s, state.used) == (LIMIT, WINDOW_S, 1)
    told = FileWindow(machine.path, 100, 1.0, wall=lambda: machine.wall)
    assert told.limit == 100
    machine.wall += 86_400
    assert FileWindow(machine.path, 100, 1.0, learns=True, wall=lambda: machine.wall).limit == 100


def test_the_key_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    """Its hash names the file, which nobody else may read."""
    path = window_path(tmp_path, KEY)
    window = FileWindow(path, LIMIT, WINDOW_S)
    token, _ = window.take(0.0)
    assert token is not None
    assert KEY not in str(path)
    assert KEY.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert window_path(tmp_path, "another") != path


ASKER = """
import sys, time
from pathlib import Path
from polytape.upstream.budget.file_window import FileWindow

path, limit, window_s, count = sys.argv[1:]
window = FileWindow(Path(path), int(limit), float(window_s))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(count)):
    while (taken := window.take(time.monotonic()))[0] is None:
        time.sleep(min(taken[1], 0.02))
    print(time.time(), flush=True)
    window.answered(taken[0], time.monotonic())
"""


@pytest.mark.process
def test_three_programs_never_ask_more_than_the_budget(machine: Machine) -> None:
    """At once: each place is one program's."""
    limit, window_s, count = 4, 0.25, 5
    arguments = [str(machine.path), str(limit), str(window_s), str(count)]
    askers = [
        subprocess.Popen([sys.executable, "-c", ASKER, *arguments], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]  # fmt: skip
    for asker in askers:
        assert asker.stdout is not None
        assert asker.stdout.readline() == "ready\n"
    for asker in askers:
        assert asker.stdin is not None
        asker.stdin.write("go\n")
        asker.stdin.flush()
    times = sorted(float(line) for asker in askers for line in asker.communicate()[0].split())
    assert len(times) == 3 * count
    spread = zip(times, times[limit:], strict=False)
    assert all(later - first >= window_s for first, later in spread)


def test_a_place_that_was_given_back_is_free_for_all_programs(machine: Machine) -> None:
    """A request that never reached the vendor is in nobody's count."""
    one, other = machine.window(), machine.window()
    for _ in range(2 * LIMIT):
        token, _ = one.take(machine.wall)
        assert token is not None
        one.released(token, machine.wall)
    assert [machine.ask(other) for _ in range(LIMIT)] == [0.0] * LIMIT
    assert one.take(machine.wall)[0] is None
