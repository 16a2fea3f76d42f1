"""Layers in whole numbers: next to what they are in floats, and the same however many sources are read at once."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.models.onnx import open_model
from training.eight_bit import Layers, Scale, to_onnx

STRIDES, FEATURES, WORDS, WIDTH, LABELS = (1, 2), 30, 12, 24, 5
Floats = np.ndarray
SCALE = Scale(np.linspace(-1, 1, FEATURES, dtype=np.float32), np.linspace(0.5, 2, FEATURES, dtype=np.float32), 4.0)


def softmax(scores: Floats) -> Floats:
    odds = np.exp(scores - scores.max(-1, keepdims=True))
    return odds / odds.sum(-1, keepdims=True)


def in_floats(weights: list[Floats], biases: list[Floats], rows: Floats, tops: Sequence[float] = ()) -> list[Floats]:
    """What each layer reads of one source, and the probabilities. tops: where what each reads is cut off."""
    state = np.maximum(rows @ weights[0] + biases[0], 0)
    read = [rows, state]
    tops = tops or [np.inf] * len(weights)
    for weight, bias, stride, top in zip(weights[1:-1], biases[1:-1], STRIDES, tops[1:-1], strict=True):
        wide = np.pad(np.minimum(state, top), ((stride, stride), (0, 0)))
        around = np.hstack([wide[: len(state)], np.minimum(state, top), wide[2 * stride :]])
        state = state + np.maximum(around @ weight + bias, 0)
        read.append(state)
    return [*read, softmax(np.minimum(state, tops[-1]) @ weights[-1] + biases[-1])]


def made(seed: int) -> tuple[Layers, Floats]:
    """Layers of random numbers that have read some sources, and the last of these, its features scaled."""
    rng = np.random.default_rng(seed)
    shapes = [(FEATURES + WORDS, WIDTH), *((3 * WIDTH, WIDTH) for _ in STRIDES), (WIDTH, LABELS)]
    weights = [rng.normal(0, 0.2, shape).astype(np.float32) for shape in shapes]
    biases = [rng.normal(0, 0.2, shape[1]).astype(np.float32) for shape in shapes]
    sources = rng.normal(0, 1, (60, 20, FEATURES + WORDS)).astype(np.float32)
    read = [in_floats(weights, biases, rows)[:-1] for rows in sources]
    return Layers(weights, biases, [np.concatenate(rows) for rows in zip(*read, strict=True)]), sources[-1]


def said(networks: list[Layers], *sources: Floats) -> Floats:
    """The probabilities of sources of one size, read at once, by networks that read the same words."""
    scaled, words = np.split(np.stack(sources), [FEATURES], axis=-1)
    features = (scaled * SCALE.spread + SCALE.center).astype(np.float32)
    session = open_model(to_onnx(networks, STRIDES, SCALE))
    [chance] = session.run(None, {"features": features, "words": np.concatenate([words] * len(networks), axis=-1)})
    return chance


@pytest.mark.parametrize("seed", range(4))
def test_whole_numbers_say_nearly_what_floats_say(seed: int) -> None:
    layers, rows = made(seed)
    expected = in_floats([*layers.weights], [*layers.biases], rows)[-1]
    [chance] = said([layers], rows)
    assert np.abs(chance - expected).mean() < 0.005
    assert np.mean(chance.argmax(1) == expected.argmax(1)) >= 0.9


def test_several_networks_are_averaged() -> None:
    (one, rows), (other, _) = made(1), made(2)
    alone = np.mean([said([one], rows), said([other], rows)], axis=0)
    assert np.allclose(said([one, other], rows), alone, atol=1e-6)


def test_what_is_said_of_a_source_does_not_depend_on_what_is_read_with_it() -> None:
    layers, rows = made(5)
    sources = [rows, rows * 3, np.zeros_like(rows), rows[::-1]]
    assert np.array_equal(said([layers], *sources), np.concatenate([said([layers], one) for one in sources]))


def test_states_take_seven_bits() -> None:
    layers, rows = made(7)
    tops = [100.0, *(float(states.max()) / 3 for states in layers.read[1:])]
    low = Layers(layers.weights, layers.biases, [layers.read[0], *(np.full((9, 9), top) for top in tops[1:])])
    expected = in_floats([*layers.weights], [*layers.biases], rows, tops)[-1]
    assert np.abs(said([low], rows)[0] - expected).mean() < 0.005


def test_numbers_higher_than_any_in_training_are_cut_off() -> None:
    layers, rows = made(6)
    highest = max(SCALE.far, np.abs(layers.read[0]).max())
    chances = [said([layers], np.full_like(rows, more * highest)) for more in (1.1, 1.5, 1000)]
    assert np.array_equal(chances, [chances[0]] * 3)
