"""The lab under a sub-path, as behind a reverse proxy that serves other things beside it."""

from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import expect

from tests.e2e.app import serve
from tests.e2e.look import Visit, at_rest, go, title

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]


def test_every_page_its_pictures_and_links_stay_under_the_sub_path(
    tmp_path: Path, open_tab: Visit
) -> None:
    with serve(tmp_path, STREAMLIT_SERVER_BASE_URL_PATH="course/lab") as app:
        url = f"{app.url}/course/lab"
        with urlopen(f"{url}/_stcore/health") as health:
            assert health.status == 200
        page = open_tab(url)
        title(page, "Train LeNet-5")
        for name in ("Evaluate", "Predict", "Inside", "Experiments", "Predict"):
            go(page, name)
            title(page, name)
            assert page.url.startswith(f"{url}/{name.lower()}")
        at_rest(page)
        page.reload()
        title(page, "Predict")
        pictures = page.locator("img[alt^='Test image']")
        expect(pictures.first).to_be_visible()
        assert pictures.first.evaluate("image => image.complete && image.naturalWidth > 0")
        page.get_by_role("link", name="Why?").first.click()
        title(page, "Inside")
        assert page.url.startswith(f"{url}/inside")
        page.go_back()
        title(page, "Predict")
        assert page.url.startswith(f"{url}/predict")
