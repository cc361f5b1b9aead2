"""What becomes of the ten probabilities: a mean over views, and whether to be unsure."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from lenet.config import Config
from lenet.ui.images import img
from lenet.ui.inside.stage import input_pixels

WIDEST = 8.0
"""The detector's score at the ends of its scale."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network and its detector say of a picture.

    Attributes:
        views: (V, 1, S, S), the input first; see `LeNet5.views`.
        probabilities: (V, 10), of each view.
        mean: (10,), what Predict shows.
        score: the detector's, above 0 where the picture looks like none; None without detector.
    """

    views: Tensor
    probabilities: Tensor
    mean: Tensor
    score: float | None

    @property
    def unsure(self) -> bool:
        return self.score is not None and self.score > 0


def html_of(answer: Answer, config: Config, classes: Sequence[str]) -> str:
    return _views(answer, config, classes) + _score(answer)


def _views(answer: Answer, config: Config, classes: Sequence[str]) -> str:
    """Each view with its probability of the class that the mean names."""
    if len(answer.views) == 1:
        return ""
    best = int(answer.mean.argmax())
    name = html.escape(classes[best])
    shares = answer.probabilities[:, best].tolist()
    pictures = "".join(
        f"<figure>{img(input_pixels(view, config), 'A view')}<figcaption>{share:.0%}</figcaption>"
        "</figure>"
        for view, share in zip(answer.views, shares, strict=True)
    )
    return (
        f'<h4>Predict looks {len(shares)} times</h4><div class="views">{pictures}</div>'
        f'<p class="quiet">It mirrors and moves the picture, and takes the mean: {name} '
        f"{float(answer.mean[best]):.1%}.</p>"
    )


def _score(answer: Answer) -> str:
    """Where the detector's score lies between "known" and "looks like none"."""
    if answer.score is None:
        return ""
    place = 50 + 50 * max(-1.0, min(1.0, answer.score / WIDEST))
    verdict = "No, it looks like none of the ten" if answer.unsure else "Yes"
    score = f"{answer.score:+.1f}".replace("-", "\N{MINUS SIGN}")
    return (
        f'<h4>Is it sure? {verdict}</h4><div class="gauge"><i style="left:{place:.0f}%">'
        f'</i></div><p class="quiet">Percentages always add up to 100, whatever is shown. So a '
        f"second, small network looks at pool1, conv2 and fc3: {score}, and above 0 it is not "
        "sure.</p>"
    )
