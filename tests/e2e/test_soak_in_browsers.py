"""The part of the soak that needs a browser, in short and in a process of its own."""

import json

import pytest

from tests.small import run_lab

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


def test_visitors_meet_no_error_while_runs_train() -> None:
    said = run_lab("visitors", "--short", "--json", module="soak")
    assert said.stdout, said.stderr
    rows = json.loads(said.stdout)["rows"]
    assert all(row["times"] for row in rows)
    assert [row["faults"] for row in rows] == [[]] * len(rows), said.stderr
