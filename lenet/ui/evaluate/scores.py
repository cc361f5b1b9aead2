"""The figures of one evaluation, or of two side by side."""

from functools import partial

import pandas as pd
import streamlit as st

from lenet.evaluation.metrics import Comparison, Evaluation
from lenet.ui.answer import html_of
from lenet.ui.app import fragment
from lenet.ui.evaluate import charts
from lenet.ui.evaluate.confusion_matrix import EvaluatedSet
from lenet.ui.evaluate.gallery import Caption, gallery
from lenet.ui.style import CONFIG
from lenet.ui.widgets import segments

HELP = {
    "Accuracy": "The share of the test images that is classified right.",
    "On other images": "Where the accuracy on other images of this kind would be, with 95 % "
    "confidence (Wilson's interval).",
    "Mean of classes": "1 if every class is always found and nothing else is taken for it; each "
    "class counts alike (macro F1).",
    "Loss": "How little it expects the truth (its mean negative log-likelihood): 0 for certain "
    "and right, 2.3 for a guess among ten.",
    "Misjudges itself by": "By how much its percentages differ from how often they come true, "
    "on average (expected calibration error, 15 bins).",
    "Weights": "The numbers that training adjusts (parameters).",
    "Images per second": "As measured when these images were classified on this machine.",
}
MCNEMAR = (
    "The test looks only at images that one of the two gets right and the other wrong. If both "
    "were equally good, each would win about half of them; p is the probability of a split at "
    "least as uneven (exact, two-sided)."
)
SIGNIFICANT = 0.05  # a smaller p-value counts as a real difference


def headline(found: Evaluation) -> None:
    with st.grid(len(HELP), min_column_width=124):
        for (label, help_text), value in zip(HELP.items(), _values(found), strict=True):
            st.metric(label, value, help=help_text)


def _values(found: Evaluation) -> tuple[str, ...]:
    """The figures in the order of `HELP`."""
    low, high = found.interval
    return (
        f"{found.accuracy:.2%}",
        f"{100 * low:.1f}–{high:.1%}",
        f"{found.macro_f1:.4f}",
        f"{found.loss:.4f}",
        f"{found.calibration_error:.2%}",
        f"{found.parameters:,}",
        f"{found.images_per_second:,.0f}",
    )


def compare(first: EvaluatedSet, second: EvaluatedSet) -> None:
    """Two checkpoints side by side, whether they differ, and on which images."""
    both = Comparison(first.found, second.found)
    left, right = st.columns([6, 5], gap="large")
    table = pd.DataFrame({"": list(HELP), "A": _values(first.found), "B": _values(second.found)})
    left.table(table, border="horizontal", hide_index=True, alt="Figures of A and B")
    with right:
        st.markdown(_verdict(both), help=MCNEMAR)
        st.plotly_chart(
            charts.class_bars(
                first.found, second.found, first.classes, dark=st.context.theme.type == "dark"
            ),
            config=CONFIG,
            key="class bars",
            alt="Of each class, the share that A and B find",
        )
    _disagreements(first, second, both)


def _verdict(both: Comparison) -> str:
    p = "p < 0.0001" if both.p_value < 0.0001 else f"p = {both.p_value:.4f}"
    points = f"{100 * abs(both.difference):.2f} points"
    if both.p_value >= SIGNIFICANT:
        return (
            f"**These two may be equally good.** They differ by {points}, which may be chance: "
            f"equally good networks often differ as much (McNemar's test, {p})."
        )
    return (
        f"**{'B' if both.difference > 0 else 'A'} is better**, by {points}: equally good networks "
        f"rarely differ as much (McNemar's test, {p})."
    )


@fragment
def _disagreements(first: EvaluatedSet, second: EvaluatedSet, both: Comparison) -> None:
    first.mind_deleted()
    second.mind_deleted()
    sides = {"A": both.only_first, "B": both.only_second}
    side = segments(
        "Images that only one gets right",
        list(sides),
        "side",
        format_func=lambda name: f"only {name} is right: {len(sides[name]):,}",
    )

    def caption(at: int) -> Caption:
        truth = first.classes[first.found.targets[at]]
        said = [
            (name, one.classes[one.found.predictions[at]], float(one.found.confidence[at]))
            for name, one in (("A", first), ("B", second))
        ]
        text = ", ".join(f"{name}: {prediction} {share:.0%}" for name, prediction, share in said)
        return Caption(
            "".join(html_of(one, share, truth=truth, by=name) for name, one, share in said),
            f"Test image {at}: {truth}, {text}",
        )

    gallery(f"{first.key} {second.key} {side}", first.pictures, sides[side], caption, first.why)


def per_class(shown: EvaluatedSet) -> None:
    """Precision, recall and F1 of each class; a click on a column's head sorts."""
    st.subheader("Classes")
    found, classes = shown.found, shown.classes
    others = [found.confused_with(label) for label in range(len(classes))]
    table = pd.DataFrame([vars(report) for report in found.classes])
    table.insert(0, "class", classes)
    table["confused"] = ["–" if other is None else classes[other] for other in others]
    number = partial(st.column_config.NumberColumn, width=70)
    st.dataframe(
        table,
        hide_index=True,
        height=36 * (len(table) + 1) + 2,
        row_height=36,
        column_config={
            "precision": number(
                help="Of the images given this class, the share with it.", format="%.3f"
            ),
            "recall": number(
                help="Of the images of this class, the share that was found.", format="%.3f"
            ),
            "f1": number("F1", help="Harmonic mean of precision and recall.", format="%.3f"),
            "support": number("images", format="localized"),
            "confused": st.column_config.TextColumn(
                "most taken for", help="What its images are most often mistaken for."
            ),
        },
        alt="Precision, recall, F1, number of images and most frequent mistake of each class",
    )
