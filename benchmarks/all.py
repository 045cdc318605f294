"""All benchmarks, one after the other, each in a process of its own.

Run `python -m benchmarks.all --short` for CI; other arguments than `--short` are for the single benchmarks.
Without `--short`, what the CSV files of `benchmarks/results` have is not measured again, and the rest takes
hours. The exit status is 1 if any benchmark failed; ratios that miss their bar are no failure.
"""

import argparse
import subprocess
import sys
from pathlib import Path

NAMES = [
    "latency",
    "fit_time",
    "threads",
    "continuity",
    "training",
    "prediction",
    "scoring",
    "scaling",
    "cluster",
    "pbs_quality",
    "sequential",
    "rotated",
    "noisy",
    "bump",
    "loop_alone",
    "batches",
    "acquisition_values",
    "maximum",
    "pool",
    "regression",
    "transfer",
    "bounded",
    "noise_split",
    "several_objectives",
    "constrained",
    "failures",
    "many_inputs",
    "trust_region",
    "search",
    "long_run",
    "optuna_study",
]


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks and print what they print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--short", action="store_true", help="the short form of each")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="some of them")
    options = parser.parse_args(arguments)
    failed = [name for name in options.only if not _succeeds(name, ["--short"] if options.short else [])]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _succeeds(name: str, arguments: list[str]) -> bool:
    """Run one benchmark and tell whether it came to its end."""
    print(f"\n## {name}\n", flush=True)
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    return subprocess.run(command, cwd=Path(__file__).parents[1], check=False).returncode == 0


if __name__ == "__main__":
    main()
