"""The map of the test images, and the images behind its points."""

from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray
from PIL import Image
from streamlit.runtime import get_instance

from lenet.data.splits import load_split
from lenet.evaluation import image_map
from lenet.evaluation.predict import features
from lenet.evaluation.report import as_csv
from lenet.paths import SHIPPED, cache_dir
from lenet.ui.address import MAPS
from lenet.ui.app import fragment
from lenet.ui.background import is_made
from lenet.ui.checkpoints import Chosen
from lenet.ui.evaluate import charts
from lenet.ui.evaluate.confusion_matrix import EvaluatedSet
from lenet.ui.evaluate.gallery import Caption, gallery
from lenet.ui.images import png
from lenet.ui.live_chart import CSS, PLOTLY, serve_plotly
from lenet.ui.style import GRAY, figure
from lenet.ui.widgets import downloads, segments

HEIGHT = 620
NEIGHBOURS = 11  # with the image itself a gallery's first dozen
COLORS = (
    *("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f"),
    *("#d4b106", "#b07aa1", "#ff9da7", "#9c755f", "#7f7f7f"),
)
_HERE = Path(__file__).parent
_show = st.components.v2.component(
    "lenet_image_map",
    html='<div class="image-map"><div class="live-chart" role="figure"></div>'
    '<div class="under-pointer" hidden><i></i><span></span></div></div>',
    css=CSS
    + """.image-map { position: relative; }
.under-pointer { position: absolute; z-index: 9; width: 140px; padding: 4px; pointer-events: none;
  font: 12px var(--st-font); color: var(--st-text-color); border-radius: 4px;
  background: var(--st-background-color); box-shadow: 0 1px 6px rgba(0, 0, 0, 0.4); }
.under-pointer i { display: block; width: 84px; height: 84px; background-size: 8400px 8400px;
  image-rendering: pixelated; }""",
    js=PLOTLY + (_HERE / "image_map.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@fragment
def show_map(shown: EvaluatedSet) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    how = segments(
        "Arranged by",
        list(MAPS),
        "map",
        place=row,
        format_func=MAPS.get,
        help="PCA looks at the cloud of points from its widest side. t-SNE keeps together what is "
        "near to each other; how far apart its groups lie, and how large they are, means little.",
    )
    st.caption(
        "Each point is a test image, where the network's last 84 features put it; crosses are "
        "mistakes. Point at one to see it; tap it for the training images most like it to the "
        "network. With the lasso, above the map, a group of points is chosen."
    )
    places = _places(shown, how)
    drawn = draw(shown, places)
    downloads(
        row,
        ("Places, CSV", lambda: table(shown, places), "map.csv"),
        ("Map, HTML", lambda: charts.standalone(drawn), "map.html"),
    )
    _chart(shown, drawn)
    _neighbours(shown, st.session_state.get("map point"))
    _lassoed(shown, st.session_state.get(f"lasso {shown.dataset}"))


def _chart(shown: EvaluatedSet, drawn: go.Figure) -> None:
    state = st.session_state

    def report() -> None:
        told = state["image map"]
        if told.point is not None:
            state["map point"] = int(told.point)
        if told.lasso is not None:
            state[f"lasso {shown.dataset}"] = np.unique(np.asarray(told.lasso, np.int64))

    serve_plotly()
    _show(
        key="image map",
        data={
            "figure": drawn.to_json(),
            "height": HEIGHT,
            "classes": shown.classes,
            "sprite": _sprite(shown.dataset),
            "alt": "Map of the test images, coloured by class",
        },
        on_point_change=report,
        on_lasso_change=report,
    )


def _places(shown: EvaluatedSet, how: str) -> NDArray[np.uint16]:
    """Of the map that is asked for; while t-SNE is at work, of the one by PCA."""
    name = Path("maps") / f"{shown.chosen.digest[:24]}-{shown.dataset}.npy"
    shipped, own = SHIPPED / name, cache_dir() / name

    def given() -> NDArray[np.float32]:
        return _features(shown.chosen, shown.dataset, "test")

    if how == "tsne":
        if shipped.is_file():
            return np.asarray(np.load(shipped), np.uint16)
        if is_made(own, image_map.__name__, image_map.ITERATIONS, given):
            return np.asarray(np.load(own), np.uint16)
        st.caption("Until it is there, the map by PCA:")
    return image_map.by_pca(given())


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={Chosen: attrgetter("digest")})
def _features(chosen: Chosen, dataset: str, part: Any) -> NDArray[np.float32]:
    """(N, 84) of a dataset's images, with a progress bar."""
    bar = st.progress(0.0)

    def progress(share: float) -> None:
        bar.progress(share, f"Looking at the images… {share:.0%}")

    found = features(chosen.checkpoint, load_split(dataset, part).images, progress).numpy()
    bar.empty()
    return np.asarray(found, np.float32)


def draw(shown: EvaluatedSet, places: NDArray[np.uint16]) -> go.Figure:
    """A point for each image, in its class's colour; of mistakes a cross."""
    traces = []
    for right in (True, False):
        for label, name in enumerate(shown.classes):
            of = ((shown.found.targets == label) & (shown.found.right == right)).nonzero()[0]
            marker = {"symbol": "circle", "size": 4} if right else {"symbol": "x", "size": 7}
            traces.append(
                {
                    "type": "scattergl",
                    "mode": "markers",
                    "x": places[of, 0],
                    "y": places[of, 1],
                    "name": name,
                    "meta": label,
                    "legendgroup": name,
                    "showlegend": right,
                    "customdata": np.stack([of, shown.found.predictions[of]], 1).astype(np.uint16),
                    "marker": marker | {"color": COLORS[label]},
                    "hoverinfo": "none",
                }
            )
    axis = {"visible": False, "showspikes": False}
    return figure(
        traces,
        HEIGHT,
        dragmode="pan",
        hovermode="closest",
        legend={"itemsizing": "constant", "y": 0, "yanchor": "top"},
        modebar={"bgcolor": "rgba(0, 0, 0, 0)", "color": GRAY},
        xaxis=axis,
        yaxis=axis | {"scaleanchor": "x"},
    )


def table(shown: EvaluatedSet, places: NDArray[np.uint16]) -> str:
    """CSV with each test image's place on the map."""
    answers = zip(shown.found.targets, shown.found.predictions, places.tolist(), strict=True)
    return as_csv(
        ("index", "target", "prediction", "x", "y"),
        (
            (at, shown.classes[target], shown.classes[answer], *place)
            for at, (target, answer, place) in enumerate(answers)
        ),
    )


@st.cache_data(max_entries=2, show_spinner=False)
def _sheet(dataset: str) -> bytes:
    """All test images as one PNG, 100 in a row, each pixel as it is stored."""
    pictures = load_split(dataset, "test").images.numpy()
    padded = np.concatenate([pictures, np.zeros((-len(pictures) % 100, 28, 28), np.uint8)])
    rows = padded.reshape(-1, 100, 28, 28).transpose(0, 2, 1, 3).reshape(-1, 2800)
    return png(Image.fromarray(rows))


def _sprite(dataset: str) -> str:
    files = get_instance().media_file_mgr
    return str(files.add(_sheet(dataset), "image/png", f"images of {dataset}"))


def _neighbours(shown: EvaluatedSet, point: int | None) -> None:
    """A test image, and the training images whose features are nearest to its own."""
    if point is None or point >= len(shown.pictures):
        return
    train = load_split(shown.dataset, "train")
    own = _features(shown.chosen, shown.dataset, "test")[point]
    near = image_map.nearest(own, _features(shown.chosen, shown.dataset, "train"), NEIGHBOURS)
    st.markdown(f"#### Test image {point}, and the training images most like it to the network")
    pictures = np.concatenate([shown.pictures[[point]], train.images.numpy()[near]])

    def caption(at: int) -> Caption:
        if not at:
            return shown.caption(point)
        index = int(near[at - 1])
        name = shown.classes[train.labels[index]]
        words = f"<b>{name}</b><br>training image {index}"
        return Caption(words, f"Training image {index}: {name}")

    gallery(f"{shown.key} near {point}", pictures, np.arange(len(pictures)), caption)


def _lassoed(shown: EvaluatedSet, index: NDArray[np.int64] | None) -> None:
    if index is None or not len(index):
        return
    wrong = int((~shown.found.right[index]).sum())
    st.markdown(f"#### In the lasso: {len(index):,} images, {wrong:,} of them mistakes")
    order = np.argsort(shown.found.right[index], kind="stable")  # mistakes first
    lasso = f"{shown.key} lasso {len(index)}"
    gallery(lasso, shown.pictures, index[order], shown.caption, shown.why)
