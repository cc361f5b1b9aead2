"""LeNet-5 as people publish it, in plain PyTorch: four layouts, and four ways to save each."""

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lenet.data.splits import load_split

TRAINED_ON, TESTED_ON = 4000, 1000


class Blog(nn.Module):
    """conv0 … fc4, three poolings, batch norm, softmax in forward()."""

    def __init__(self) -> None:
        super().__init__()
        self.conv0, self.bn0 = nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6)
        self.conv1, self.bn1 = nn.Conv2d(6, 16, 3), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 120, 3), nn.BatchNorm2d(120)
        self.fc3, self.fc4 = nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        for at in range(3):
            conv, norm = self.get_submodule(f"conv{at}"), self.get_submodule(f"bn{at}")
            x = F.max_pool2d(torch.tanh(norm(conv(x))), 2)
        return F.softmax(self.fc4(torch.tanh(self.fc3(x.flatten(1)))), dim=1)


class Tutorial(nn.Module):
    """conv1, conv2, fc1, fc2, fc3: 28×28 unpadded, ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(256, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class Sequential(nn.Module):
    """features and classifier, 32×32; batch norm in some places, no bias where it makes it idle."""

    def __init__(self) -> None:
        super().__init__()
        slope = 0.2
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 6, 5, bias=False), nn.BatchNorm2d(6), nn.LeakyReLU(slope)),
            *(nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.LeakyReLU(slope), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 120, 5), nn.LeakyReLU(slope)),
        )
        self.classifier = nn.Sequential(
            *(nn.Flatten(), nn.Linear(120, 84), nn.BatchNorm1d(84), nn.LeakyReLU(slope)),
            nn.Linear(84, 10),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))


class Textbook(nn.Sequential):
    """Sigmoid and average pooling, all in one list."""

    def __init__(self) -> None:
        super().__init__(
            *(nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2), nn.Flatten()),
            *(nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid()),
            nn.Linear(84, 10),
        )
        for layer in self:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight, gain=4)  # a sigmoid's slope is 1/4


@dataclass(frozen=True)
class Layout:
    """How it is built and fed, and what the lab has to find of it."""

    build: Callable[[], nn.Module]
    feed: Callable[[Tensor], Tensor]
    settings: dict[str, Any]
    notes: tuple[str, ...] = ()
    lr: float = 0.002


LAYOUTS = {
    "blog": Layout(
        Blog,
        lambda x: x - 0.5,
        {
            **{"activation": "tanh", "pooling": "max", "normalization": "half"},
            **{"input_size": 28, "kernel_size": 3, "pool2": True, "batch_norm": True},
        },
    ),
    "tutorial": Layout(
        Tutorial,
        lambda x: (x - 0.5) / 0.5,
        {
            **{"activation": "relu", "pooling": "max", "normalization": "symmetric"},
            **{"input_size": 28, "padding": 0, "conv2_kernel": 4, "batch_norm": False},
        },
    ),
    "sequential": Layout(
        Sequential,
        lambda x: (F.interpolate(x, (32, 32), mode="bilinear") - 0.2860) / 0.3530,
        {
            **{"activation": "leaky_relu", "negative_slope": 0.2, "normalization": "dataset"},
            **{"pooling": "max", "input_size": 32, "fit": "resize", "batch_norm": False},
        },
        ("batch norm of conv0 is folded", "batch norm of fc3 is folded", "28×28 with padding 2 or"),
    ),
    "textbook": Layout(
        Textbook,
        lambda x: x,
        {
            **{"activation": "sigmoid", "pooling": "average", "normalization": "none"},
            **{"input_size": 28, "padding": 2, "conv2_kernel": 0, "batch_norm": False},
        },
        ("28×28 with padding 2 or",),
        lr=0.003,
    ),
}


@functools.cache
def trained(layout: str) -> tuple[nn.Module, Tensor]:
    """The network after two epochs of a few images, and what it answers to test images."""
    made, data = LAYOUTS[layout], load_split("FashionMNIST", "train")
    torch.manual_seed(0)
    model = made.build()
    optimizer = torch.optim.Adam(model.parameters(), made.lr)
    for _ in range(2):
        for batch in torch.randperm(TRAINED_ON).split(32):
            x = made.feed(data.images[batch][:, None].float() / 255)
            loss = F.cross_entropy(model(x), data.labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    images = load_split("FashionMNIST", "test").images[:TESTED_ON]
    with torch.no_grad():
        return model, model(made.feed(images[:, None].float() / 255))


def prefixed(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: part for name, part in state.items()}


def bare(model: nn.Module) -> bytes:
    return packed(model.state_dict())


def wrapped(model: nn.Module) -> bytes:
    """As a training loop with DataParallel and its optimizer keeps it."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    model(
        torch.zeros(2, 1, *((28, 28) if not isinstance(model, Sequential) else (32, 32)))
    ).sum().backward()
    before = {name: part.clone() for name, part in model.state_dict().items()}
    optimizer.step()
    model.load_state_dict(before)
    parts = {"model_state_dict": prefixed("module.", before), "epoch": 3, "loss": 0.4}
    return packed({"optimizer_state_dict": optimizer.state_dict(), **parts})


def legacy(model: nn.Module) -> bytes:
    """In the format before PyTorch 1.6, of a compiled model."""
    state = prefixed("_orig_mod.", model.state_dict())
    return packed({"net": state}, _use_new_zipfile_serialization=False)


def tensors(model: nn.Module) -> bytes:
    return safetensors.torch.save(prefixed("model.", model.state_dict()))


def packed(content: object, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, **options)
    return file.getvalue()


WAYS: dict[str, Callable[[nn.Module], bytes]] = {
    "bare.pt": bare,
    "wrapped.pth": wrapped,
    "legacy.pt": legacy,
    "model.safetensors": tensors,
}
