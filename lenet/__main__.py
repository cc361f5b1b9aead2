"""`python -m lenet`."""

from lenet import interpreter
from lenet.cli import main

interpreter.run(main)
