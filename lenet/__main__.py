"""`python -m lenet`, or `lenet` where it is installed."""

from typing import NoReturn

from lenet.cli import startup
from lenet.cli.main import main


def command() -> NoReturn:
    startup.run(main)


if __name__ == "__main__":
    command()
