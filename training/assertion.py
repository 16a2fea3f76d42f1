"""Train the network that says whether a sentence denies a claim, or doubts it: `python -m training.assertion`.

An hour of two cores, minutes of a GPU; `train` extra. MiniLM reads the sentence with marks in the place of both
arguments, learns from labelled claims of the corpus' train pages and from made-up sentences
(training/assertion_examples), and teaches every second of its layers, which are written as whole numbers. Then it is
fitted on dev pages, which it has not seen, how much its answer and that of the cue words count
(`training.fit_attributes` comes before). Seeds are fixed.
"""

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn import functional

from pipeline.evaluation.gold import load_pages
from pipeline.knowledge.assertion import cue_odds, shown
from pipeline.knowledge.evidence import FLAGS, Sentence
from pipeline.models.assertion import KINDS, MIX, OBJECT, SPREAD, SUBJECT, Mix, evidence_of, log_odds
from pipeline.models.onnx import instead
from pipeline.schema import PREDICATES
from training.fit_attributes import CORPUS, EXAMPLES, MADE_UP, example, labelled, made_up
from training.reader.corpus import base
from training.reader.encoder import MINILM, Encoder, EncoderShape
from training.reader.export import OPSET, in_eight_bits, join_attention
from training.tuning import Encoding, Tuning, training_device, tuned

OUT = Path(__file__).parent.parent / "pipeline/models/assertion/weights.onnx"
SEED, BATCH, RATE, SMALL_RATE, WARM = 1, 32, 6e-5, 1e-4, 0.03
SMALL = replace(MINILM, layers=(0, 2, 4), feedforward=(1536,) * 3)
ROUNDED_FROM = 0.9  # share of the steps after which numbers are rounded, as they are when it is read
PLAIN, WITH_CUES = 1000, 6000  # claims that are neither denied nor doubted, without cue words and with some
MADE_UP_WEIGHT, MIX_WEIGHT = 2.0, 2.0  # of made-up sentences, in training and where the answers are weighed


@dataclass(frozen=True)
class Example:
    """What the network reads of a claim; denied and doubted as 1 and 0, -1 where it is not said; what it counts."""

    given: tuple[list[int], list[int]]
    predicate: int
    meant: tuple[float, float]
    weight: float


class Assertion(Encoding):
    """Log odds that a claim is denied, and that it is doubted."""

    def __init__(self, shape: EncoderShape, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = Encoder(shape, dropout)
        self.kinds, self.predicates = (nn.Embedding(n, MINILM.width) for n in (len(KINDS), len(PREDICATES)))
        self.out = nn.Linear(3 * MINILM.width, len(FLAGS))
        for table in (self.kinds, self.predicates):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, tokens: Tensor, kinds: Tensor, predicate: Tensor, padding: Tensor | None = None) -> Tensor:
        """tokens, kinds: (batch, tokens), see `evidence_of`. predicate: (batch). padding: True where there is none."""
        added = self.kinds(kinds)
        added = torch.cat([added[:, :1] + self.predicates(predicate)[:, None], added[:, 1:]], 1)
        states = self.encoder.states(tokens, added, padding, None)[-1]
        marks = [(tokens == mark).to(states.dtype)[..., None] for mark in (SUBJECT, OBJECT)]
        places = [(states * mark).sum(1) / mark.sum(1).clamp(min=1) for mark in marks]
        answer: Tensor = self.out(torch.cat([states[:, 0], *places], -1))
        return answer


def examples(corpus: Path, made: Path) -> list[Example]:
    """Of labelled claims all that are denied or doubted, and some of the others; of made-up sentences all."""
    rng = random.Random(SEED)
    kinds: dict[str, list[Example]] = {"marked": [], "cued": [], "plain": []}
    for claim, sentence in labelled(load_pages(corpus, "train")):
        meant = claim.negated, claim.certainty == "hedged"
        cued = any(cue_odds(flag, sentence)[1] for flag in FLAGS)
        kind = "marked" if any(meant) else "cued" if cued else "plain"
        kinds[kind].append(Example(*_read(sentence), (float(meant[0]), float(meant[1])), 1.0))
    found = kinds["marked"]
    for kind, most in (("cued", WITH_CUES), ("plain", PLAIN)):
        found += rng.sample(kinds[kind], min(most, len(kinds[kind])))
    for path, weight in ((made, MADE_UP_WEIGHT), (EXAMPLES, 1.0)):
        found += [Example(*_read(example(row)), _meant(row), weight) for row in _told_within(path)]
    return found


def _told_within(path: Path) -> list[dict[str, str]]:
    """The made-up sentences that no verdict follows, which the network is not shown."""
    return [row for row in made_up(path) if "following" not in row]


def _read(sentence: Sentence) -> tuple[tuple[list[int], list[int]], int]:
    tokens, kinds, predicate = evidence_of(shown(sentence))
    return (tokens, kinds), predicate


def _meant(row: Mapping[str, object]) -> tuple[float, float]:
    denied = float(bool(row["negated"])) if "negated" in row else -1.0
    return denied, float(row["certainty"] == "hedged") if "certainty" in row else -1.0


def fit(given: Sequence[Example], passes: int) -> Assertion:
    """MiniLM, trained so many times on each example."""
    network = Assertion(MINILM)
    network.encoder.load(base().weights)
    return _trained(network, given, passes, RATE)


def shrunk(teacher: Assertion, given: Sequence[Example], passes: int) -> Assertion:
    """Every second layer of the network, which learns half from the labels and half from what the whole one says."""
    network = Assertion(SMALL)
    lower = {_lower(name): value for name, value in teacher.state_dict().items() if _lower(name)}
    network.load_state_dict(lower, strict=False)  # all but what mixes layers, which is not used here
    return _trained(network, [_told(each, teacher) for each in given], passes, SMALL_RATE)


def _lower(name: str) -> str:
    """What a weight of the whole network is called in the small one; empty where it is in none of its layers."""
    if not name.startswith("encoder.layers."):
        return "" if name == "encoder.mix" else name
    _, _, layer, *part = name.split(".")
    kept = int(layer) in SMALL.layers
    return ".".join(["encoder.layers", str(SMALL.layers.index(int(layer))), *part]) if kept else ""


@torch.no_grad()
def _told(example: Example, teacher: Assertion) -> Example:
    tokens, kinds, predicate, _ = _padded([example])
    said = teacher(tokens, kinds, predicate)[0].sigmoid().tolist()
    denied, doubted = ((a + b) / 2 if a >= 0 else a for a, b in zip(example.meant, said, strict=True))
    return replace(example, meant=(denied, doubted))


def _trained(network: Assertion, given: Sequence[Example], passes: int, rate: float) -> Assertion:
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    steps = [batch for _ in range(passes) for batch in _batches(given, rng)]
    device = training_device()
    network.to(device)

    def loss(step: int, left: float) -> Tensor:
        with torch.autocast(device, torch.bfloat16):
            said = network(*(each.to(device) for each in _padded(steps[step])))
        return _loss(said.float().cpu(), steps[step])

    tuning = Tuning(rate, max(1, int(WARM * len(steps))), ROUNDED_FROM)
    return tuned(network, range(len(steps)), loss, tuning).cpu()


def _batches(given: Sequence[Example], rng: random.Random) -> Iterator[list[Example]]:
    """Examples of like length together, in random order."""
    order = rng.sample(given, len(given))
    batches = []
    for begin in range(0, len(order), 20 * BATCH):
        some = sorted(order[begin : begin + 20 * BATCH], key=lambda each: len(each.given[0]))
        batches += [some[i : i + BATCH] for i in range(0, len(some), BATCH)]
    rng.shuffle(batches)
    yield from batches


def _padded(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    size = max(len(each.given[0]) for each in batch)
    tokens, kinds = (
        torch.tensor([each.given[part] + [0] * (size - len(each.given[part])) for each in batch]) for part in (0, 1)
    )
    return tokens, kinds, torch.tensor([each.predicate for each in batch]), tokens == 0


def _loss(said: Tensor, batch: Sequence[Example]) -> Tensor:
    meant = torch.tensor([each.meant for each in batch])
    weight = torch.tensor([each.weight for each in batch])[:, None] * (meant >= 0)
    each = functional.binary_cross_entropy_with_logits(said, meant.clamp(min=0), reduction="none")
    return (each * weight).sum() / weight.sum().clamp(min=1)


def export(network: Assertion, path: Path) -> None:
    """Write the network to `path`, one claim at a time."""
    given = (torch.randint(3, 1000, (1, 40)), torch.zeros(1, 40, dtype=torch.long), torch.zeros(1, dtype=torch.long))
    raw = path.with_suffix(".float.onnx")
    torch.onnx.export(
        network, given, str(raw), input_names=["tokens", "kinds", "predicate"], output_names=["odds"],
        dynamic_axes={"tokens": {1: "tokens"}, "kinds": {1: "tokens"}}, opset_version=OPSET, dynamo=False,
    )  # fmt: skip
    in_eight_bits(raw, path)
    join_attention(path, network.encoder.shape.heads)


def weighed(claims: Sequence[tuple[Sentence, bool, float]], flag: str) -> Mix:
    """How much the network, the cue words and their want count. claims: whether the flag holds of each, its weight."""
    rows = []
    for sentence, _, _ in claims:
        odds, cues = cue_odds(flag, sentence)
        said = log_odds(shown(sentence))[FLAGS.index(flag)]
        rows.append([np.clip(said, -SPREAD, SPREAD), np.clip(odds, -SPREAD, SPREAD), not cues])
    right, weight = zip(*((right, weight) for _, right, weight in claims), strict=True)
    model = LogisticRegression().fit(np.array(rows, float), right, sample_weight=weight)
    return Mix(*(round(float(value), 3) for value in (*model.coef_[0], model.intercept_[0])))


def mix(path: Path, corpus: Path, held_out: Path) -> None:
    """Fit on dev pages, and on made-up sentences kept for it, what each answer counts, and write it into the file."""
    dev = labelled(load_pages(corpus, "dev"))
    claims = [(sentence, (claim.negated, claim.certainty == "hedged"), 1.0) for claim, sentence in dev]
    claims += [(example(row), (_meant(row)[0] > 0, _meant(row)[1] > 0), MIX_WEIGHT) for row in _told_within(held_out)]
    with instead({"assertion/weights.onnx": path.read_bytes()}):
        found = {
            flag: weighed([(sentence, meant[i], weight) for sentence, meant, weight in claims], flag)
            for i, flag in enumerate(FLAGS)
        }
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {MIX: json.dumps({flag: list(each) for flag, each in found.items()})})
    onnx.save(model, path)
    print(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument(
        "--passes", type=int, default=4, help="of the whole network over the sentences; half as many of the small one"
    )
    options = parser.parse_args()
    given = examples(options.corpus, MADE_UP / "train.jsonl")
    print(f"{len(given)} claims")
    export(shrunk(fit(given, options.passes), given, options.passes // 2), options.out)
    mix(options.out, options.corpus, MADE_UP / "dev.jsonl")
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
