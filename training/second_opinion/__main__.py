"""Train the network that reads once more what the labeller doubts: `python -m training.second_opinion`.

Meant for a GPU (four minutes of an H100); `train` extra, and the teachers' weights of training/reader/teacher.txt.
Teachers are MPNet: two fitted to the pages of half of the writers each say what they think of the other half's, so
that no opinion is of a page that its teacher has seen; a third, fitted to all, of public pages. Their pupil is MiniLM,
taught by the labels and by these opinions (after Hinton, Vinyals and Dean, 2015); what ships is made out of it by
`shrink`, and last taught pages of lists (`lists`). Reads training/corpus, training/segments and training/lists (train
parts), and what is main text of every second public page of WCXB, which is not part of the project (`--pages FOLDER`).
Seeds are fixed; the same machine makes the same weights, another kind nearly the same.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pipeline.evaluation.gold import GoldPage, load_pages, writer_of
from training.eight_bit import Scale
from training.labeller import blank_network, train_pages, varied
from training.main_blocks import WCXB
from training.public import public_dumps, public_texts
from training.reader.corpus import base, teacher_base
from training.reader.train import Base
from training.second_opinion.export import export
from training.second_opinion.lists import taught_lists
from training.second_opinion.network import Reread, loss_of
from training.second_opinion.shrink import shrunk
from training.second_opinion.stream import Stream
from training.tuning import training_device

HERE = Path(__file__).parents[2] / "pipeline" / "models" / "second_opinion"
LISTS = Path(__file__).parents[1] / "lists"
FIRST, FIRST_PUBLIC = 20_000, 500  # numbers of the variants; the labeller has seen others
OFTENER = 2  # hard pages, as in `training.distil`
_TOKENS = 16_384  # a step


@dataclass(frozen=True)
class Settings:
    """How a network is trained. Nothing else was tried but where a comment says so.

    window: tokens; with 512 MiniLM does no better than with 192, which reads faster. passes: over the variants; two
    read unseen hands .002 to .012 better than one. taught: share of the teachers' opinions in what is learnt.
    """

    window: int
    passes: int
    rate: float
    taught: float
    learn_words: bool
    head_rate: float = 1e-3
    warm: float = 0.08


TEACHER = Settings(window=512, passes=1, rate=6e-5, taught=0.0, learn_words=True, head_rate=8e-4)
PUPIL = Settings(window=192, passes=2, rate=2e-4, taught=0.5, learn_words=False)


def fit(variants: Sequence[Sequence[Stream]], start: Base, settings: Settings, seed: int) -> Reread:
    """The network, trained on one variant after the other, `passes` times."""
    torch.manual_seed(seed)
    device = training_device()
    features = variants[0][0].features.shape[1]
    network = Reread(start.shape, features)
    network.encoder.load(start.weights)
    network.encoder.words.weight.requires_grad_(settings.learn_words)
    network.to(device).train()
    encoder = [weight for weight in network.encoder.parameters() if weight.requires_grad]
    others = [weight for name, weight in network.named_parameters() if not name.startswith("encoder.")]
    steps = [*_steps(variants, settings, np.random.default_rng(seed))]
    rates = [settings.rate, settings.head_rate]
    groups = [{"params": weights, "lr": rate} for weights, rate in zip((encoder, others), rates, strict=True)]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rates, total_steps=len(steps) + 1, pct_start=settings.warm, anneal_strategy="linear",
        cycle_momentum=False,
    )  # fmt: skip
    for number, (stream, windows) in enumerate(steps, 1):
        batch = stream.batch(windows, settings.window, device)
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            scores = network(batch)
        optimiser.zero_grad(set_to_none=True)
        loss_of(scores, batch, settings.taught).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if number % 100 == 0:
            print(f"step {number} of {len(steps)}", flush=True)
    return network.eval()


def _steps(
    variants: Sequence[Sequence[Stream]], settings: Settings, rng: np.random.Generator
) -> Iterator[tuple[Stream, np.ndarray]]:
    for streams in [*variants] * settings.passes:
        at_once = _TOKENS // settings.window
        steps = [(each, windows) for each in streams for windows in each.batches(settings.window, at_once, rng)]
        yield from (steps[i] for i in rng.permutation(len(steps)))


def ask(network: Reread, stream: Stream, window: int) -> torch.Tensor:
    """What it says of each part, where the part has most around it in a window."""
    device = next(network.parameters()).device.type
    windows = stream.windows(window)
    said, room = torch.zeros_like(stream.said), np.full(len(stream.said), -1)
    for begin in range(0, len(windows), _TOKENS // window):
        some = windows[begin : begin + _TOKENS // window]
        batch = stream.batch(some, window, device)
        with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            chance = network(batch).softmax(1).cpu()
        at, size = batch.marks.cpu().numpy() % window, batch.size.cpu().numpy()[batch.marks.cpu().numpy() // window]
        around = np.minimum(at, size - at)
        better = around > room[batch.part]
        said[batch.part[better]], room[batch.part[better]] = chance[better], around[better]
    return said


def lessons(
    pages: Sequence[GoldPage], scale: Scale, folder: Path, variants: int
) -> tuple[list[list[Stream]], list[Stream]]:
    """Variants of the pages of either half of the writers, and of public pages."""
    halves = [[page for page in pages if writer_of(page.name) % 2 == half] for half in (0, 1)]
    written = [
        [Stream(varied(half, FIRST + 2 * i + h, OFTENER), scale) for h, half in enumerate(halves)]
        for i in range(variants)
    ]
    texts = public_texts(folder)
    mixed = (public_dumps(texts, random.Random(FIRST_PUBLIC + i)) for i in range(variants))
    return written, [Stream(dumps, scale, only_main=True) for dumps in mixed]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "weights.onnx")
    parser.add_argument("--pages", type=Path, default=WCXB, help="folder with html/ and ground-truth/ of WCXB")
    parser.add_argument("--variants", type=int, default=8, help="of all pages; fewer are quicker and worse")
    parser.add_argument("--taught-on", type=int, default=6, help="variants that the teachers are fitted to")
    options = parser.parse_args()
    pages = train_pages()
    blank = blank_network(pages)
    written, public = lessons(pages, blank.scale, options.pages, options.variants)
    few = range(min(options.taught_on, options.variants))
    teacher = fit([[*written[i], public[i]] for i in few], teacher_base(), TEACHER, 1)
    for stream in public:
        stream.said = ask(teacher, stream, TEACHER.window)
    for half in (0, 1):
        teacher = fit([[written[i][half], public[i]] for i in few], teacher_base(), TEACHER, 2 + half)
        for streams in written:
            streams[1 - half].said = ask(teacher, streams[1 - half], TEACHER.window)
    pupil = fit([[*both, some] for both, some in zip(written, public, strict=True)], base(), PUPIL, 1)
    streams = [stream for both, some in zip(written, public, strict=True) for stream in (*both, some)]
    lists = load_pages(LISTS, "train")
    export(taught_lists(shrunk(pupil, streams, 1), lists, pages, blank.scale, 1), blank, options.out)
    print(f"{len(pages)} pages, {len(lists)} of lists; {options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
