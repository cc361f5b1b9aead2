"""The same network in Keras 3, as its users write it: compile, fit.

    KERAS_BACKEND=jax python -m benchmarks.rival_keras ROOT [--batch_size 32] [--epochs 1]

Keras is no dependency of the lab: `pip install keras jax`, here or in an environment of its
own (LENET_KERAS_PYTHON names its interpreter to `benchmarks.training`). Prints one JSON object:
seconds of each epoch, the first of which compiles.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from keras import layers


class Clock(keras.callbacks.Callback):
    """Seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.seconds.append(time.perf_counter() - self.began)


def images(root: Path) -> tuple[np.ndarray, np.ndarray]:
    """(60000, 28, 28, 1) float32 and (60000,) labels of the files as torchvision keeps them."""
    raw = root / "FashionMNIST" / "raw"
    pixels = np.fromfile(raw / "train-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 28, 28, 1)
    labels = np.fromfile(raw / "train-labels-idx1-ubyte", np.uint8)[8:]
    return pixels.astype("float32") / 255 - 0.5, labels.astype("int32")


def network() -> keras.Model:
    """The post's LeNet-5 with its improvements, on 28×28 with padding, without the softmax."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.1),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 5),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.1),
            layers.MaxPooling2D(2),
            layers.Conv2D(120, 5),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.1),
            layers.Flatten(),
            layers.Dense(84),
            layers.LeakyReLU(0.1),
            layers.Dense(10),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()
    keras.utils.set_random_seed(0)
    model = network()
    model.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    clock = Clock()
    x, y = images(args.root)
    model.fit(x, y, batch_size=args.batch_size, epochs=args.epochs, verbose=0, callbacks=[clock])
    print(json.dumps({"epoch": clock.seconds}))


if __name__ == "__main__":
    main()
