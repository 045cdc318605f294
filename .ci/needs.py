"""Print what pip has to install, one requirement a line: the dependencies of bnnopt and those of some extras.

`python .ci/needs.py --without-networks test` leaves out TensorFlow, Keras and scikeras, which are the
dependencies that only some versions of Python have. An extra that names others ("bnnopt[plot,report]") brings
them along.
"""

import argparse
import re
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = re.compile(r"bnnopt\[([\w,]+)\]")


def main() -> None:
    """Print the requirements."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("extras", nargs="*", help="extras, such as test")
    parser.add_argument(
        "--without-networks", action="store_true", help="leave out TensorFlow and what needs it"
    )
    options = parser.parse_args()
    lines = [*PROJECT["dependencies"], *of_extras(options.extras)]
    print(*(line for line in lines if not (options.without_networks and "python_version" in line)), sep="\n")


def of_extras(extras: list[str]) -> list[str]:
    """Return the requirements of extras and of those that they name."""
    lines: list[str] = []
    for line in (line for extra in extras for line in PROJECT["optional-dependencies"][extra]):
        named = OWN.fullmatch(line)
        lines += of_extras(named[1].split(",")) if named else [line]
    return lines


if __name__ == "__main__":
    main()
