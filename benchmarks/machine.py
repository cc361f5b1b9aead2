"""What a measurement ran on."""

import os
import platform
from datetime import date
from importlib.metadata import version

from lenet.cores import usable_cores


def machine(*packages: str) -> str:
    """One line: the date, the cores, how busy they are, and the versions that count."""
    versions = [f"{package} {version(package)}" for package in ("torch", *packages)]
    return ", ".join(
        (
            f"{date.today()}, {usable_cores()} cores ({platform.machine()})",
            f"load {os.getloadavg()[0]:.1f}",
            f"Python {platform.python_version()}",
            *versions,
        )
    )
