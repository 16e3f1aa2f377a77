"""Whether a folder of packages has all that they require, on the machine that it was gathered for; for build.sh.

pip reads the conditions of requirements (`; python_version < "3.12"`) as those of the machine that it runs on, which
may be another one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name


def missing(folder: Path, python: str, machine: str, extras: dict[str, tuple[str, ...]]) -> Iterator[str]:
    """One line for each requirement that is not met.

    Args:
        folder: of installed packages.
        python: such as "3.13".
        machine: such as "aarch64".
        extras: which extras of a package count, by its name.
    """
    found = {canonicalize_name(each.metadata["Name"]): each for each in distributions(path=[str(folder)])}
    target = {"python_version": python, "python_full_version": f"{python}.0", "platform_machine": machine}
    for name, package in sorted(found.items()):
        for requirement in required(package, target, extras.get(name, ())):
            there = found.get(canonicalize_name(requirement.name))
            if there is None:
                yield f"{name}: {requirement.name} is missing"
            elif not requirement.specifier.contains(there.version, prereleases=True):
                yield f"{name}: expected {requirement.name}{requirement.specifier}, got {there.version}"


def required(package: Distribution, target: dict[str, str], extras: tuple[str, ...]) -> Iterator[Requirement]:
    """What a package requires on the target."""
    for line in package.requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**target, "extra": extra}) for extra in ("", *extras)):
            yield requirement


def main(folder: str, python: str, machine: str) -> int:
    """Print what is missing; 1 if anything is."""
    lines = list(missing(Path(folder), python, machine, {"edge-emotion": ("web", "mqtt", "metrics")}))
    print("\n".join(lines), end="\n" if lines else "", file=sys.stderr)
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
