"""The figures of one evaluation, or of two side by side."""

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from lenet.evaluation.comparison import Comparison
from lenet.evaluation.metrics import Evaluation
from lenet.ui.app import fragment
from lenet.ui.evaluate.confusion_matrix import EvaluatedSet
from lenet.ui.evaluate.gallery import Caption, gallery

HELP = {
    "Accuracy": "The share of the test images that is classified right.",
    "95 % interval": "Where the accuracy on other images of this kind would be, with 95 % "
    "confidence (Wilson).",
    "Macro F1": "The mean F1 of the ten classes: 1 if every class is always found and never "
    "mistaken.",
    "Loss": "The mean negative log-likelihood of the truth: 0 for certain and right, 2.3 for a "
    "guess among ten.",
    "Calibration error": "By how much the probabilities differ from how often they come true, "
    "on average (expected calibration error, 15 bins).",
    "Parameters": "Weights that training adjusts.",
    "Images per second": "As measured when these images were classified on this machine.",
}
LIKELY_CHANCE = 0.05


def headline(found: Evaluation) -> None:
    """The figures that most people look for."""
    with st.grid(len(HELP), min_column_width=124):
        for label, value in _values(found).items():
            st.metric(label, value, help=HELP[label])


def _values(found: Evaluation) -> dict[str, str]:
    low, high = found.interval
    return {
        "Accuracy": f"{found.accuracy:.2%}",
        "95 % interval": f"{100 * low:.1f}–{high:.1%}",
        "Macro F1": f"{found.macro_f1:.4f}",
        "Loss": f"{found.loss:.4f}",
        "Calibration error": f"{found.calibration_error:.2%}",
        "Parameters": f"{found.parameters:,}",
        "Images per second": f"{found.images_per_second:,.0f}",
    }


def compare(first: EvaluatedSet, second: EvaluatedSet) -> None:
    """Two checkpoints side by side, whether they differ, and on which images."""
    both = Comparison(first.found, second.found)
    left, right = st.columns([6, 5], gap="large")
    with left:
        columns = {"A": _values(first.found), "B": _values(second.found)}
        frame = pd.DataFrame({"": list(HELP)} | {k: list(v.values()) for k, v in columns.items()})
        st.table(frame, border="horizontal", hide_index=True, alt="Figures of A and B")
    with right, st.container(horizontal=True, gap="large"):
        st.metric("B − A, accuracy", _points(both.difference), width="content")
        st.metric(
            "McNemar's test",
            _p(both.p_value),
            width="content",
            help="Looks only at images that one of the two gets right and the other wrong. If both "
            "were equally good, each would win about half of them; p is the probability of a "
            "split at least as uneven (exact, two-sided).",
        )
    with right:
        st.markdown(_verdict(both))
    _disagreements(first, second, both)


def _points(difference: float) -> str:
    return f"{100 * difference:+.2f} points".replace("-", "−")


def _p(value: float) -> str:
    return "p < 0.0001" if value < 0.0001 else f"p = {value:.4f}"


def _verdict(both: Comparison) -> str:
    if both.p_value >= LIKELY_CHANCE:
        return "This may be chance: equally good networks often differ as much."
    better = "B" if both.difference > 0 else "A"
    return f"**{better} is better** on these images: equally good networks rarely differ as much."


@fragment
def _disagreements(first: EvaluatedSet, second: EvaluatedSet, both: Comparison) -> None:
    """The images that one gets right and the other wrong."""
    sides = {"A": both.only_first, "B": both.only_second}
    side = st.segmented_control(
        "Images that only one gets right",
        list(sides),
        default="A",
        required=True,
        format_func=lambda name: f"only {name} is right: {len(sides[name]):,}",
        key="side",
        persist_state="session",
    )

    def caption(at: int) -> Caption:
        truth = first.classes[first.found.targets[at]]
        answers = [
            f"{name}: {one.classes[one.found.predictions[at]]} {one.found.confidence[at]:.0%}"
            for name, one in (("A", first), ("B", second))
        ]
        return Caption(truth, answers, f"Test image {at}: {truth}, {', '.join(answers)}")

    if not len(sides[side]):
        st.caption("There is none.")
        return
    gallery(f"{first.key} {second.key} {side}", first.pictures, sides[side], caption)


def per_class(found: Evaluation, classes: tuple[str, ...]) -> None:
    """Precision, recall and F1 of each class; a click on a head sorts."""
    st.subheader("Classes")
    frame = pd.DataFrame([vars(report) for report in found.classes])
    frame.insert(0, "class", classes)
    others = [found.confused_with(label) for label in range(len(classes))]
    frame["confused"] = ["–" if other is None else classes[other] for other in others]
    st.dataframe(
        frame,
        hide_index=True,
        height=36 * (len(frame) + 1) + 2,
        row_height=36,
        column_config={
            "precision": _share("precision", "Of the images given this class, the share with it."),
            "recall": _share("recall", "Of the images of this class, the share that was found."),
            "f1": _share("F1", "Harmonic mean of precision and recall."),
            "support": st.column_config.NumberColumn("images", format="localized", width=70),
            "confused": st.column_config.TextColumn(
                "most taken for", help="What its images are most often mistaken for."
            ),
        },
        alt="Precision, recall, F1, number of images and most frequent mistake of each class",
    )


def _share(label: str, meaning: str) -> ColumnConfig:
    """A column of shares between 0 and 1."""
    return st.column_config.NumberColumn(label, help=meaning, format="%.3f", width=70)
