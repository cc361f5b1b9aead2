"""The post's loop, as PyTorch's users write it: torchvision's dataset and a DataLoader.

    python -m benchmarks.rival ROOT [--batch_size 32] [--epochs 1] [--until 0.9]
        [--workers 0] [--seed 0] [--device cpu]

ROOT holds the data set as torchvision keeps it. Prints one JSON object: seconds of each
epoch, test accuracy after each, and seconds of its last evaluation.
"""

import argparse
import json
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import FashionMNIST


class Net(nn.Module):
    """The post's LeNet-5 with its improvements, on 28×28 with padding, without the softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.conv0, self.bn0 = nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6)
        self.conv1, self.bn1 = nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 120, 5), nn.BatchNorm2d(120)
        self.pool = nn.MaxPool2d(2)
        self.fc3, self.fc4 = nn.Linear(120, 84), nn.Linear(84, 10)
        self.activation = nn.LeakyReLU(0.1)
        for layer in (self.conv0, self.conv1, self.conv2, self.fc3, self.fc4):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.activation(self.bn0(self.conv0(x))))
        x = self.pool(self.activation(self.bn1(self.conv1(x))))
        x = self.activation(self.bn2(self.conv2(x)))
        return self.fc4(self.activation(self.fc3(x.flatten(1))))


def train(model: Net, batches: DataLoader, optimizer: torch.optim.Optimizer) -> float:
    """Seconds of one epoch."""
    device = model.fc4.weight.device
    began = time.perf_counter()
    model.train()
    for images, labels in batches:
        optimizer.zero_grad()
        F.cross_entropy(model(images.to(device)), labels.to(device)).backward()
        optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


@torch.no_grad()
def evaluate(model: Net, batches: DataLoader) -> tuple[float, float]:
    """Accuracy, and the seconds it took to find out."""
    device = model.fc4.weight.device
    began = time.perf_counter()
    model.eval()
    right = sum(
        int((model(images.to(device)).argmax(1) == labels.to(device)).sum())
        for images, labels in batches
    )
    return right / len(batches.dataset), time.perf_counter() - began  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root")
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--until", type=float, default=1.0, help="stop at this test accuracy")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    transform = transforms.Compose(
        [
            transforms.Resize([28, 28]),
            transforms.ToTensor(),
            transforms.Normalize((0.5,), (1.0,)),
        ]
    )
    loaders = [
        DataLoader(
            FashionMNIST(args.root, train=part, transform=transform),
            batch_size=args.batch_size,
            shuffle=part,
            num_workers=args.workers,
        )
        for part in (True, False)
    ]
    model = Net().to(args.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    found: dict[str, list[float]] = {"epoch": [], "accuracy": [], "evaluation": []}
    for _ in range(args.epochs):
        found["epoch"].append(train(model, loaders[0], optimizer))
        accuracy, seconds = evaluate(model, loaders[1])
        found["accuracy"].append(accuracy)
        found["evaluation"].append(seconds)
        if accuracy >= args.until:
            break
    print(json.dumps(found))


if __name__ == "__main__":
    main()
