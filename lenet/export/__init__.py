"""A network in forms that work without the lab: a page, ONNX, a script."""

from typing import Literal

Form = Literal["html", "onnx", "code"]
