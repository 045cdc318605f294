"""Print docs/licences.md: what bnnopt needs, and what that needs, with version and licence as installed.

Run `python .ci/licences.py > docs/licences.md` in an environment that has bnnopt.
"""

from importlib.metadata import PackageNotFoundError, metadata, requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEAD = """# Licences of dependencies

bnnopt itself is under the BSD 3-Clause licence. It needs the packages below: those named by its own metadata,
and those that these need in turn. Each stays under its own licence and is installed beside bnnopt, never
copied into it. Versions are those of the environment in which the list was made, by `python .ci/licences.py`.
Extras bring more; their licences stand in the metadata of their packages.

| package | version | licence | needed by |
|---|---|---|---|"""
LONGEST = 60


def main() -> None:
    """Print the page."""
    print(HEAD)
    for name, needing in sorted(_needed().items()):
        own = metadata(name)
        print(f"| {name} | {own['Version']} | {_licence(own)} | {', '.join(sorted(needing))} |")


def _needed() -> dict[str, set[str]]:
    """Return who needs each package, over all steps."""
    found: dict[str, set[str]] = {}
    todo = ["bnnopt"]
    while todo:
        needing = todo.pop()
        for line in requires(needing) or []:
            requirement = Requirement(line)
            name = canonicalize_name(requirement.name)
            is_wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if not is_wanted or not _is_installed(name):
                continue
            if name not in found:
                todo.append(name)
            found.setdefault(name, set()).add(needing)
    return found


def _is_installed(name: str) -> bool:
    try:
        metadata(name)
    except PackageNotFoundError:
        return False
    return True


def _licence(own: object) -> str:
    """Return the licence expression, else the classifiers, else the field if it is no text of a licence."""
    if own["License-Expression"]:
        return str(own["License-Expression"])
    kinds = [
        each.split(" :: ")[-1] for each in own.get_all("Classifier") or [] if each.startswith("License ::")
    ]
    short = str(own["License"] or "").splitlines()
    return "; ".join(kinds) or (short[0] if short and len(short[0]) <= LONGEST else "see its files")


if __name__ == "__main__":
    main()
