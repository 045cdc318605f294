"""Write the prepared rows as a table of runs that `bnnopt init` takes: `python campaign_runs.py FILE.csv`."""

import sys
from pathlib import Path

from dataset import load_cqd_pbs
from preparation import prepare

from bnnopt.campaign import write_table

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Write the 100 rows, failed ones with empty outcomes; return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1:
        print("Usage: python campaign_runs.py FILE.csv")
        return 2
    file = Path(given[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    table = prepare(load_cqd_pbs())
    write_table(table, file)
    print(f"{len(table)} runs: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
