"""Writes the drawing of a preset's network: `python -m lenet.diagram > docs/diagram.svg`."""

import sys

from lenet.config import build_config
from lenet.diagram.svg import draw

preset = {"preset": sys.argv[1]} if len(sys.argv) > 1 else {}
sys.stdout.write(draw(build_config(preset).model_dump()) + "\n")
