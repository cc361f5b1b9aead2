"""Modules that a test file imports at their first use: collecting the tests then takes no torch."""

import importlib
from typing import Any


class Lazy:
    """Stands for the module `name`. Type checkers are shown the import itself instead."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_"):  # pytest looks at everything in a test file for its marks
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)
