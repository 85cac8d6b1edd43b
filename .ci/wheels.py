"""Compare wheels with the checkout: usage `wheels.py WHEEL...`.

The import package is made of links. A build that loses one makes a wheel that installs and does not
work, so every wheel (built from the checkout, built from the sdist) must hold every module.
"""

import sys
import zipfile
from pathlib import Path

LINKED = ("actors", "config", "supervisors", "transport")
PACKED = {".py", ".toml", ".typed"}


def expected() -> set[str]:
    """Name the files that belong into a wheel."""
    names = {f"ringleader/{file}" for folder in LINKED for file in Path(folder).rglob("*")}
    names |= {str(file.relative_to("src")) for file in Path("src/ringleader").rglob("*")}
    return {name for name in names if Path(name).suffix in PACKED}


def held(wheel: str) -> set[str]:
    """Name the files of a wheel, its metadata apart."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    if not any(name.endswith("/licenses/LICENSE") for name in names):
        sys.exit(f"{wheel} holds no LICENSE")
    return {name for name in names if ".dist-info/" not in name}


def main(wheels: list[str]) -> int:
    """Print what differs; fail if anything does."""
    right = expected()
    wrong = 0
    for wheel in wheels:
        names = held(wheel)
        for name in sorted(right ^ names):
            what = "lacks" if name in right else "holds, and should not,"
            print(f"{wheel} {what} {name}")
        wrong += len(right ^ names)
    print(f"{len(wheels)} wheels, {len(right)} files expected in each, {wrong} differences")
    return 1 if wrong or not wheels else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
