"""`python -m lenet`."""

from lenet.cli import startup
from lenet.cli.main import main

startup.run(main)
