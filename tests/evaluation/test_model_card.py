"""What a card says of a checkpoint that is kept."""

import json
from pathlib import Path

import pytest

from lenet.evaluation.model_card import promote
from lenet.network import checkpoint
from tests.small import small_config, snapshot_of, trained


@pytest.mark.usefixtures("small_dataset")
def test_a_card_tells_the_time_up_to_its_epoch(tmp_path: Path) -> None:
    epoch = {"step": 8, "train_loss": 1.0, "val_loss": 0.5, "val_accuracy": 0.5}
    lines = [json.dumps({**epoch, "epoch": n, "seconds": 100 * n}) + "\n" for n in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("".join(lines))
    trainer = trained(small_config(epochs=3))
    checkpoint.save(tmp_path / "model_epoch2.pt", snapshot_of(trainer, epoch=2, val_accuracy=0.5))
    kept = promote(tmp_path / "model_epoch2.pt", "mine", {"Why": "To see."}, tmp_path / "kept")
    card = kept.with_suffix(".md").read_text()
    assert "| Training | 2 of 3 epochs, seed 0, 300 s on 1 CPU thread |" in card
    assert "| Validation accuracy | 50.00% |" in card
    assert "| Why | To see. |" in card
    assert checkpoint.load(kept).training is None
