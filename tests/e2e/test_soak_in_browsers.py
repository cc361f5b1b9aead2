"""The parts of the soak that need a browser, in short and in a process of their own."""

import json

import pytest

from tests.small import run_lab

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


@pytest.mark.parametrize("part", ["server", "visitors"])
def test_nothing_is_lost(part: str) -> None:
    """The server is killed while runs train; visitors draw and switch pages while two train."""
    said = run_lab(part, "--short", "--json", module="soak")
    assert said.stdout, said.stderr
    rows = json.loads(said.stdout)["rows"]
    assert all(row["times"] for row in rows)
    assert [row["faults"] for row in rows] == [[]] * len(rows), said.stderr
