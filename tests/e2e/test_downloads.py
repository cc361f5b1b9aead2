"""Files behind buttons and pictures can be had while pages are drawn again."""

import pytest
from playwright.sync_api import expect

from lenet.runs.run import Run
from tests.drawing.pictures import encode, photo
from tests.e2e.app import App
from tests.e2e.look import Visit, choose, download, go, title, upload
from tests.small import small_config, train

pytestmark = pytest.mark.e2e


def test_files_outlive_the_page_that_offers_them(fresh_app: App, open_tab: Visit) -> None:
    """A slow browser asks for them after other pages were drawn."""
    run = Run(fresh_app.runs_dir / "20260101-000000-lab-0000")
    train(run, small_config())
    page = open_tab(fresh_app.url + "/experiments")
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    go(page, "Train")
    title(page, "Train LeNet-5")
    page.get_by_text("This run: name, command").click()
    contents = {}
    for label in ("Checkpoint", "Metrics"):  # a file, and one that is made on demand
        file = download(page, label)
        contents[file.url] = file.path().read_bytes()
    go(page, "Predict")
    title(page, "Predict")
    choose(page, "Upload")
    upload(page, "thing.png", encode(photo(), "PNG"))
    expect(page.get_by_test_id("stImage").filter(has_text="28×28").locator("img")).to_be_visible()
    for name in ("Experiments", "Evaluate", "Experiments"):
        go(page, name)
        title(page, name)

    files = {url for url in asked if "/media/" in url} | contents.keys()
    assert any(url.endswith(".png") for url in files), "the steps of a photograph"
    answers = {url: page.request.get(url) for url in files}
    assert {url: answer.status for url, answer in answers.items()} == dict.fromkeys(files, 200)
    assert {url: answers[url].body() for url in contents} == contents
