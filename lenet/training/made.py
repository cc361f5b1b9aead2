"""Drawings and photographs made for a training, which join each of its batches."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lenet.catalog import SIDE
from lenet.config import Config
from lenet.data.splits import Split
from lenet.drawing import photographs, portions, synthetic
from lenet.drawing.portions import Portion

USES = 4
"""How often a training draws each of the pictures made for it, on average."""
MOST = 40_000


class MadePictures:
    """The pictures of one kind: each step adds as many as it draws, until all are there.

    So a training begins at once, and hardly waits where none are kept from another one. Which
    pictures a step draws from depends on its number alone, as a resumed training needs it.

    Args:
        count: how many of them join each batch.
        steps: of the whole training.
    """

    def __init__(
        self,
        kind: str,
        make: Callable[[int], Portion],
        count: int,
        steps: int,
        device: torch.device,
    ) -> None:
        self._kind, self._make, self._count = kind, make, count
        self._most = min(
            math.ceil(count * steps / USES / portions.PORTION) * portions.PORTION, MOST
        )
        # A captured step reads them from where they are; their number, too.
        self.images = torch.empty(self._most, SIDE, SIDE, dtype=torch.uint8, device=device)
        self.labels = torch.empty(self._most, dtype=torch.int64, device=device)
        self.there = torch.zeros((), dtype=torch.float64, device=device)
        self._there = 0

    def grow(self, step: int) -> None:
        """Have as many as step number `step`, from 0, draws from; no fewer than before."""
        wanted = min((step + 1) * self._count, self._most)
        if wanted <= self._there:
            return
        while self._there < wanted:
            made = portions.kept(self._kind, self._there // portions.PORTION, self._make)
            place = slice(self._there, self._there + portions.PORTION)
            for kept, new in zip((self.images, self.labels), made, strict=True):
                kept[place] = torch.from_numpy(new)
            self._there += portions.PORTION
        self.there.fill_(self._there)

    def pick(self) -> tuple[Tensor, Tensor]:
        """(count, 28, 28) uint8 of those that there are, and their labels, by torch's generator."""
        device = self.there.device
        chance = torch.rand(self._count, dtype=torch.float64, device=device)
        chosen = (chance * self.there).long()
        return self.images[chosen], self.labels[chosen]


def kinds_for(config: Config, train: Split, steps: int, device: torch.device) -> list[MadePictures]:
    """What joins the batches of a training on the images `train`; nothing joins digits."""
    if config.dataset != "FashionMNIST":
        return []
    rows: list[tuple[float, str, Callable[[int], Portion]]] = []
    if config.sketches:
        rows.append((config.sketches, "drawings", synthetic.portion))
    if config.photographs:
        rows.append((config.photographs, *photographs.row(train)))
    return [
        MadePictures(kind, make, max(1, round(config.batch_size * share)), steps, device)
        for share, kind, make in rows
    ]
