"""What breaks it: accuracy on changed images, a small chart for each kind of change."""

from collections.abc import Sequence
from operator import attrgetter

import plotly.graph_objects as go
import streamlit as st

from lenet.data.splits import load_split
from lenet.evaluation.robustness import CHANGES, COUNT, Point, robustness, table
from lenet.ui.address import COUNTS
from lenet.ui.app import fragment
from lenet.ui.checkpoints import Chosen
from lenet.ui.escape import chart_text
from lenet.ui.evaluate import charts
from lenet.ui.evaluate.confusion_matrix import EvaluatedSet
from lenet.ui.images import data_uri
from lenet.ui.style import COLORS, CONFIG, WIDTH, figure
from lenet.ui.widgets import downloads, segments


@fragment
def what_breaks_it(sets: Sequence[EvaluatedSet]) -> None:
    row = st.container(horizontal=True, vertical_alignment="bottom")
    few = segments(
        "Test images",
        COUNTS,
        "changed images",
        place=row,
        format_func=lambda name: f"the first {COUNT:,}" if name == COUNTS[0] else "all",
        help="Bars show where the accuracy on other images of this kind would be, with 95 % "
        "confidence; with all images they are narrower.",
    )
    names = "AB" if len(sets) > 1 else (sets[0].chosen.name,)
    count = COUNT if few == COUNTS[0] else len(sets[0].pictures)
    found = {
        name: _points(one.chosen, one.dataset, count) for name, one in zip(names, sets, strict=True)
    }
    first = next(iter(found.values()))[0]
    st.caption(
        f"The share of {first.images:,} test images that is classified right after they were "
        "changed, from not at all (left) to much (right). The network looks at each image once. "
        "Below each point: the first test image, changed so."
    )
    dark = st.context.theme.type == "dark"
    drawn = {change: chart(found, change, dark=dark) for change in CHANGES}
    downloads(
        row,
        ("Accuracies, CSV", lambda: table(found), "robustness.csv"),
        ("Charts, HTML", lambda: charts.standalone(*drawn.values()), "robustness.html"),
    )
    with st.grid(4, min_column_width=240):
        for change, one in drawn.items():
            said = ", ".join(f"{name} {points[-1].accuracy:.0%}" for name, points in found.items())
            st.plotly_chart(one, config=CONFIG, key=f"changed by {change}", alt=f"{change}: {said}")


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs={Chosen: attrgetter("digest")})
def _points(chosen: Chosen, dataset: str, count: int) -> list[Point]:
    """Measure, with a progress bar; once for each content of a checkpoint."""
    bar = st.progress(0.0)

    def progress(share: float) -> None:
        bar.progress(share, f"Changing and classifying the test images… {share:.0%}")

    found = robustness(chosen.checkpoint, load_split(dataset, "test"), count, progress)
    bar.empty()
    return found


def chart(found: dict[str, list[Point]], change: str, *, dark: bool = False) -> go.Figure:
    """The accuracy of each checkpoint over the strengths of a change, an image below each."""
    lines, shown = [], []
    for color, (name, points) in zip(COLORS, found.items(), strict=False):
        shown = [at for at in points if at.change in ("none", change)]
        bars = {
            "array": [at.interval[1] - at.accuracy for at in shown],
            "arrayminus": [at.accuracy - at.interval[0] for at in shown],
            "symmetric": False,
            "width": 3,
            "thickness": 1,
        }
        lines.append(
            {
                "x": list(range(len(shown))),
                "y": [at.accuracy for at in shown],
                "name": chart_text(name),
                "mode": "lines+markers",
                "line": {"color": color, "width": WIDTH},
                "error_y": {"type": "data", "color": color, **bars},
                "customdata": [(*at.interval, at.strength) for at in shown],
                "hovertemplate": f"%{{customdata[2]}} {CHANGES[change].unit}<br>%{{y:.1%}} right, "
                "95 % interval %{customdata[0]:.1%} to %{customdata[1]:.1%}",
            }
        )
    place = {"xref": "x", "yref": "paper", "xanchor": "center", "yanchor": "top", "y": -0.16}
    return figure(
        lines,
        270,
        template=None,  # Streamlit's, which follows the page's theme
        title={"text": f"{change.capitalize()}: {CHANGES[change].unit}", "font": {"size": 14}},
        margin={"l": 10, "r": 10, "t": 40, "b": 70},
        dragmode=False,
        showlegend=len(found) > 1,
        legend={"x": 1, "xanchor": "right", "y": 1},
        xaxis={
            "tickvals": list(range(len(shown))),
            "ticktext": [f"{at.strength:g}" if at.strength else "–" for at in shown],
            "range": [-0.5, len(shown) - 0.5],
        }
        | charts.axis_of("", dark),
        yaxis={"range": [0, 1], "tickformat": ".0%"} | charts.axis_of("", dark),
        images=[
            place | {"source": data_uri(at.example), "x": x, "sizex": 0.8, "sizey": 0.3}
            for x, at in enumerate(shown)
        ],
    )
