"""What a hostile visitor, link or name can do on a real server in a real browser: nothing."""

import shutil
import urllib.request
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote

import psutil
import pytest
from playwright.sync_api import Page, expect

from lenet.runs.run import Run
from tests.e2e.app import App
from tests.e2e.look import Visit, labels, select, tick, title, upload
from tests.small import small_config, train

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("real_fashion_mnist")]

WICKED = (
    "<img src=x onerror=alert(1)>",
    '<b>b</b> <a href="https://example.org">x</a>',
    "**b** [a](javascript:alert(1)) $x$ &amp;",
    ":material/bolt: :red[r] https://example.org",
    "![x](https://example.org/x.png)",
)
PAGES = {"": "Train LeNet-5", "evaluate": "Evaluate", "predict": "Predict", "inside": "Inside"}


@pytest.fixture
def wicked_runs(fresh_app: App, tmp_path: Path) -> App:
    """A server whose finished runs have wicked names."""
    train(finished := Run(tmp_path / "finished"), small_config())
    for number, name in enumerate(WICKED):
        run = Run(fresh_app.runs_dir / f"20260101-00000{number}-lab-000{number}")
        shutil.copytree(finished.folder, run.folder)
        run.rename(name)
    return fresh_app


def shows_text_only(page: Page) -> None:
    """Nothing on the page has become a link, a picture or a formula by somebody's words."""
    made = 'img[src="x"], a[href*="example.org"], a[href^="javascript:"], .katex'
    expect(page.locator(made)).to_have_count(0)
    expect(page.get_by_label("bolt icon")).to_have_count(0)


def test_wicked_names_are_shown_as_text_on_every_page(wicked_runs: App, open_tab: Visit) -> None:
    for path, heading in PAGES.items():
        page = open_tab(f"{wicked_runs.url}/{path}")
        title(page, heading)
        label = "Checkpoint" if path else "Run"
        for name in WICKED:
            select(page, label, name)
            title(page, heading)
            shows_text_only(page)
            expect(page.get_by_role("combobox", name=label, exact=True)).to_have_value(name)


def test_wicked_names_are_text_in_a_chart_and_where_a_run_is_deleted(
    wicked_runs: App, open_tab: Visit
) -> None:
    page = open_tab(wicked_runs.url)
    title(page, "Train LeNet-5")
    select(page, "Run", WICKED[0])
    for row in range(len(WICKED)):
        tick(page, row)
    expect(labels(page)).to_have_count(len(WICKED))
    page.locator("summary", has_text="This run").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("This deletes for good")).to_contain_text(WICKED[0])
    shows_text_only(page)


def test_a_link_cannot_put_anything_on_the_page(app: App, open_tab: Visit) -> None:
    wicked = "&".join(f"{quote(name)}=1" for name in WICKED)
    page = open_tab(f"{app.url}/?{wicked}&epochs=inf")
    title(page, "Train LeNet-5")
    notice = page.get_by_role("alert").filter(has_text="Ignored in the address")
    for name in WICKED:
        expect(notice).to_contain_text(name.split()[0].split(":")[0])
    shows_text_only(page)


def test_the_name_of_an_upload_is_shown_as_text(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?view=Upload")
    title(page, "Predict")
    name = "![x](https:example.org) **b** <img src=x>.png"
    upload(page, name, b"none")
    expect(page.get_by_role("alert").filter(has_text="is not a PNG")).to_contain_text(name)
    shows_text_only(page)


def test_the_server_hears_this_machine_only(app: App) -> None:
    listening = [
        found.laddr.ip
        for found in psutil.Process(app.process.pid).net_connections("tcp")
        if found.status == psutil.CONN_LISTEN and found.laddr.port == app.port
    ]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}


def test_an_upload_from_another_site_is_refused(app: App) -> None:
    request = urllib.request.Request(
        f"{app.url}/_stcore/upload_file/session/file", data=b"x", method="PUT"
    )
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 403


def test_a_file_above_the_limit_is_refused(app: App, open_tab: Visit) -> None:
    page = open_tab(f"{app.url}/predict?view=Upload")
    title(page, "Predict")
    upload(page, "large.png", bytes(11 * 2**20))
    expect(page.get_by_text("File must be 10.0MB or smaller")).to_be_visible()


def test_a_fault_is_not_to_show_its_details() -> None:
    from streamlit import config

    assert config.get_option("client.showErrorDetails") == "none"
    assert config.get_option("server.enableXsrfProtection")
