"""Several visitors at once, in short; `python -m soak.visitors` is the long form."""

import pytest

from soak import visitors

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


def test_visitors_draw_and_switch_pages_while_two_runs_train() -> None:
    found = visitors.rows(short=True)
    assert all(row.times for row in found)  # in Chromium and on the wire
    assert [row.lost for row in found] == [0] * len(found)
