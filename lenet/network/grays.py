"""What the layers make of some images, in grays that can be shown without torch."""

import torch
from torch import Tensor

from lenet.config import Config
from lenet.geometry import CONV_CHANNELS
from lenet.network.lenet5 import LeNet5


@torch.inference_mode()
def grays(model: LeNet5, x: Tensor, config: Config) -> bytes:
    """The maps of each layer, then the filters of conv0 and conv1, as `runs.moments.record` says.

    Activations come before pooling, as in the textbook.

    Args:
        model: in evaluation mode.
        x: (N, 1, S, S) float32, as `to_input` gives it.
    """
    mean, deviation = config.scaling
    parts = [(x * deviation + mean) * 255]
    maps = x
    for place in range(len(CONV_CHANNELS)):
        conv, norm, pool = (getattr(model, f"{part}{place}") for part in ("conv", "bn", "pool"))
        maps = model.activation(norm(conv(maps)))
        parts.append(_shades(maps))
        if not isinstance(pool, torch.nn.Identity):
            maps = pool(maps)
            parts.append(_shades(maps))
    features = model.activation(model.fc3(maps.flatten(1)))
    parts += [_shades(features), model.fc4(features).softmax(1) * 255]
    parts += [_shades(conv.weight[None]) for conv in (model.conv0, model.conv1)]
    levels = torch.cat([part.flatten() for part in parts])
    return levels.round_().clamp_(0, 255).byte().cpu().numpy().tobytes()


def _shades(values: Tensor) -> Tensor:
    """Of each image, (N, …): 128 for 0, 1 to 255 for its largest absolute value."""
    largest = values.abs().amax(tuple(range(1, values.dim())), keepdim=True)
    return values * (127 / largest.clamp_(min=1e-12)) + 128
