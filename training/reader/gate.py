"""Fit the gate of an exported reader: `python -m training.reader.gate [--out FOLDER]` (some ten minutes of a core).

`make train` does it too. The gate learns which pairs the reader's second half finds a claim in, on every third page
that the network learned from. Then it reads the pages kept for the judge, which neither has seen, and tells what share
of the pairs it lets through, and of those with a claim. Seeds are fixed.
"""

import argparse
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.evaluation.gold import GoldPage
from pipeline.models import reader
from pipeline.models.reader.decode import Decoding
from pipeline.models.reader.gate import STANDINGS, log_odds, standing
from pipeline.models.reader.network import Network, load
from training.reader.corpus import network_pages, unseen_pages
from training.reader.data import articles_of
from training.reader.export import OPSET

__all__ = ["fit_gate"]

_FOLDER = Path(reader.__file__).parent
_EVERY = 3  # pages
_RANK, _EPOCHS, _RATE, _DROPOUT = 32, 12, 5e-3, 0.1  # rank 64 and 24 epochs do no better
# Scores of the second half between which a pair goes from not worth asking about to worth it: claims below .05 are not
# returned at all.
_LEAST, _ENOUGH = 0.02, 0.1
_TOLD = 0.2  # near the shipped threshold
_Given = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]  # spans' vectors and log odds; of pairs indices and standings
_Window = tuple[_Given, Tensor]  # and the best score that the second half gives each pair


class _Gate(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.subject, self.object = nn.Linear(hidden, _RANK), nn.Linear(hidden, _RANK)
        self.lone_subject, self.lone_object = nn.Linear(hidden, 1), nn.Linear(hidden, 1)
        self.places, self.sure = nn.Parameter(torch.zeros(STANDINGS)), nn.Parameter(torch.zeros(2))
        self.noise = nn.Dropout(_DROPOUT)

    def forward(self, hidden: Tensor, sure: Tensor, subject: Tensor, object: Tensor, place: Tensor) -> Tensor:
        h = self.noise(hidden)
        both = self.subject(h) @ self.object(h).T / _RANK**0.5 + self.lone_subject(h) + self.lone_object(h).T
        odds: Tensor = both[subject, object] + self.places[place]
        return odds + self.sure[0] * sure[subject] + self.sure[1] * sure[object]


def fit_gate(folder: Path) -> None:
    """Fit the gate of the network in `folder`, write gate.onnx beside it and print what it does on unseen pages."""
    torch.manual_seed(0)
    rng = random.Random(0)
    network = replace(load(folder), gate=None)
    windows = [*_windows(network, network_pages()[::_EVERY])]
    model = _Gate(windows[0][0][0].shape[1])
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=_EPOCHS * len(windows))
    for _ in range(_EPOCHS):
        rng.shuffle(windows)
        for given, score in windows:
            loss = F.binary_cross_entropy_with_logits(model(*given), _worth(score))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    _export(model.eval(), windows[0][0], folder / "gate.onnx")
    _report(model, _windows(network, unseen_pages()[::_EVERY]))


def _windows(network: Network, pages: Sequence[GoldPage]) -> Iterator[_Window]:
    for lines in (article.lines for page in pages for article in articles_of(page)):
        for window in network.windows(lines):
            found = network.candidates(window)
            pairs = network.likely_pairs(window, found)
            if not len(pairs[0]):
                continue
            relation, _, allowed = network.relations(window, found, pairs)
            weight = (found.probability[pairs[0]] * found.probability[pairs[1]]) ** network.decoding.weight
            score = relation[:, 1:].max(1) * weight * allowed
            arrays = found.hidden, log_odds(found.probability), *pairs, standing(window, found[:3], pairs)
            hidden, sure, subject, object_, place = map(torch.from_numpy, arrays)
            yield (hidden, sure, subject, object_, place), torch.from_numpy(score)


def _worth(score: Tensor) -> Tensor:
    low, high = np.log(_LEAST), np.log(_ENOUGH)
    return ((score.clamp(min=1e-6).log() - low) / (high - low)).clamp(0, 1).float()


def _export(model: _Gate, given: _Given, path: Path) -> None:
    spans, pairs = {0: "spans"}, {0: "pairs"}
    torch.onnx.export(
        model, given, str(path), input_names=["hidden", "sure", "subject", "object", "place"], output_names=["odds"],
        dynamic_axes={"hidden": spans, "sure": spans, "subject": pairs, "object": pairs, "place": pairs, "odds": pairs},
        opset_version=OPSET, dynamo=False,
    )  # fmt: skip


@torch.no_grad()
def _report(model: _Gate, windows: Iterable[_Window]) -> None:
    seen = [(model(*given) >= Decoding.min_odds, score) for given, score in windows]
    passed, score = (torch.cat(column) for column in zip(*seen, strict=True))
    claims = score >= _TOLD
    print(
        f"gate: of {len(passed)} pairs {passed.float().mean():.3f} pass,"
        f" of {int(claims.sum())} that score {_TOLD} or more {passed[claims].float().mean():.3f}"
    )


def main() -> None:
    """Read the option and fit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=_FOLDER, help="folder of spans.onnx and pairs.onnx")
    fit_gate(parser.parse_args().out)


if __name__ == "__main__":
    main()
