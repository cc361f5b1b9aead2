"""The training loop against the post's: the same weights, the same images, the same result."""

import copy
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from torchvision import transforms

from benchmarks import rival
from lenet.training.events import StepEvent
from lenet.training.trainer import Trainer
from tests.small import small_config, small_split

STEPS = {"optimizer": "sgd", "lr": 0.01, "momentum": 0.9, "weight_decay": 0.0}
REST = {
    "schedule": "constant",
    "label_smoothing": 0.0,
    "normalization": "half",
    "val_size": 0,
    "sketches": 0.0,
    "photographs": 0.0,
}


def test_both_loops_learn_the_same() -> None:
    data = small_split()
    trainer = Trainer(small_config(**STEPS, **REST, epochs=1), data)
    net = rival.Net()
    net.load_state_dict(copy.deepcopy(trainer.model.state_dict()))
    order = trainer._batches(1)
    look = transforms.Compose(
        [transforms.Resize([28, 28]), transforms.ToTensor(), transforms.Normalize((0.5,), (1.0,))]
    )
    images: Any = [
        (look(transforms.functional.to_pil_image(image.numpy())), int(label))
        for image, label in zip(data.images, data.labels, strict=True)
    ]
    batches = DataLoader(images, batch_sampler=[batch.tolist() for batch in order])
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    losses = [event.loss for event in trainer.run() if isinstance(event, StepEvent)]
    rival.train(net, batches, optimizer)
    assert np.mean(losses[-3:]) < 0.7 * losses[0]
    for (name, mine), theirs in zip(
        trainer.model.state_dict().items(), net.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5, msg=name)
