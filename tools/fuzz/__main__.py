"""`python -m tools.fuzz [--seconds N] [TARGET...]`: each by atheris, in a process of its own."""

import argparse
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

SECONDS = 120
# An input that takes longer or more than this is a finding as well: seconds, megabytes.
LONGEST_S, MOST_MB = 20, 2048
# Bytes of findings.
KEPT = Path("build/fuzz")
NO_ATHERIS = "atheris is not here: nothing is fuzzed (pip install atheris; it has wheels for Linux)"


def main(arguments: list[str]) -> int:
    """Fuzz what is named, or all. The exit code is 1 for a finding."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="segments, answers, messages")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each target")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if find_spec("atheris") is None:
        print(NO_ATHERIS)
        return 0
    if chosen.inside:  # before anything that is to be led through is imported
        fuzz_here(chosen.targets[0], chosen.seconds, Path(chosen.inside))
    from tools.fuzz.targets import TARGETS

    unknown = set(chosen.targets) - set(TARGETS)
    if unknown:
        parser.error(f"{', '.join(unknown)}: one of {', '.join(TARGETS)} is expected")
    names = chosen.targets or list(TARGETS)
    return max([fuzz(name, chosen.seconds) for name in names])


def fuzz(name: str, seconds: int) -> int:
    """One target, so long at most: 1 for a finding, whose bytes are kept in build/fuzz."""
    from tools.fuzz.targets import TARGETS

    kept = KEPT / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(TARGETS[name].seeds()):
            (Path(corpus) / f"seed-{number}").write_bytes(seed)
        again = [sys.executable, "-m", "tools.fuzz", name, "--seconds", str(seconds)]
        done = subprocess.run(
            [*again, "--inside", corpus], check=False, timeout=seconds + 120, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    lines = done.stdout.splitlines()
    runs = [line for line in lines if line.startswith(("Done ", "stat::number_of_executed"))]
    print(f"{name}: {runs[-1] if runs else 'ended'}, exit code {done.returncode}", flush=True)
    if done.returncode:
        print("\n".join(lines[-60:]))
    return int(done.returncode != 0)


def fuzz_here(name: str, seconds: int, corpus: Path) -> None:
    """In this process, which ends with it."""
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

    with atheris.instrument_imports(include=["polytape"]):
        from tools.fuzz.targets import TARGETS

    limits = [f"-max_total_time={seconds}", f"-timeout={LONGEST_S}", f"-rss_limit_mb={MOST_MB}"]
    shown = [f"-artifact_prefix={KEPT / name}/", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], str(corpus), *limits, *shown], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
