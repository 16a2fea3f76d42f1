"""A network with an encoder trained step by step, in the end with whole numbers, as it is read (after Jacob and others,
2018)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from training.reader.encoder import Encoder

__all__ = ["Encoding", "Tuning", "training_device", "tuned"]

Network = TypeVar("Network", bound="Encoding")


class Encoding(nn.Module):
    """A network whose words are read by an encoder."""

    encoder: Encoder


@dataclass(frozen=True)
class Tuning:
    """rate: of learning, which rises for `warm` steps and falls to next to nothing. rounded_from: share of the steps
    after which numbers are rounded."""

    rate: float
    warm: int
    rounded_from: float


def training_device() -> str:
    """Where networks are trained."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def tuned(network: Network, order: Sequence[int], loss: Callable[[int, float], Tensor], tuning: Tuning) -> Network:
    """The network after these steps. loss: that of a step, by its number and the share of steps that is left."""
    weights = [weight for weight in network.train().parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, tuning.rate, betas=(0.9, 0.98), weight_decay=0.01)
    hooks: list[RemovableHandle] = []
    for done, step in enumerate(order):
        left = 1 - done / len(order)
        for group in optimiser.param_groups:
            group["lr"] = tuning.rate * min(1, (done + 1) / tuning.warm) * max(0.02, left)
        if done == int(tuning.rounded_from * len(order)):
            linear = [module for module in network.encoder.layers.modules() if isinstance(module, nn.Linear)]
            hooks = [module.register_forward_pre_hook(_rounded) for module in linear]
        optimiser.zero_grad(set_to_none=True)
        loss(step, left).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if (done + 1) % 100 == 0:
            print(f"step {done + 1} of {len(order)}", flush=True)
    for hook in hooks:
        hook.remove()
    return network.eval()


def _rounded(_: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
    """To 256 steps between the least and the largest number, as onnxruntime does; the gradient sees no steps."""
    [numbers] = given
    with torch.no_grad():
        least, most = numbers.min().clamp(max=0), numbers.max().clamp(min=0)
        step = (most - least) / 255 + 1e-8
        moved = ((numbers - least) / step).round() * step + least - numbers
    return (numbers + moved,)
