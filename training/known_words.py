"""What words mean beforehand: one vector a word, out of a pretrained encoder.

Labelled pages hold few words often enough to learn what each says of a line; a pretrained encoder knows how words
relate. So each word is read alone by MiniLM (`training.reader.corpus.base`), and its mean vector kept in few
dimensions: the main axes where each word weighs by its frequency, common words being made small (the latter after
Arora, Liang and Ma, A simple but tough-to-beat baseline for sentence embeddings, 2017).
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from training.reader.corpus import base
from training.reader.encoder import Encoder
from training.reader.train import Base

__all__ = ["known_words"]

Floats = npt.NDArray[np.float32]
_WIDTH = 48  # numbers a word; they hold .57 of the spread of the 384 they are made of
_RARE = 1e-3  # share of all words from which a word counts as common; Arora and others use it
_SPREAD = 0.5  # standard deviation of the numbers, about that of the features beside them
_SEEN = 3  # times a word stands on the pages that the encoder's own list of words does not hold
_LONGEST = 24  # letters of a word
_AT_ONCE = 1024
_LETTERS = re.compile(r"[a-z]{2,}")


def known_words(counts: Mapping[str, int]) -> tuple[list[str], Floats]:
    """Words in order, and a row of numbers for each.

    counts: how often each word stands on the training pages. Raises InputError without the training libraries.
    """
    start = base()
    own = [word for word in start.tokenizer.get_vocab() if _LETTERS.fullmatch(word)]
    seen = [w for w, n in counts.items() if n >= _SEEN and len(w) <= _LONGEST and re.search("[a-z]", w)]
    words = sorted({*own, *seen})
    vectors = _read(words, start)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    share = np.array([counts.get(word, 0) + 1.0 for word in words])
    share /= share.sum()
    vectors -= (vectors * share[:, None]).sum(0)
    _, _, axes = np.linalg.svd(vectors * np.sqrt(share)[:, None], full_matrices=False)
    low = vectors @ axes[:_WIDTH].T * (_RARE / (_RARE + share))[:, None]
    return words, np.asarray(low * (_SPREAD / low.std()), np.float32)


def _read(words: Sequence[str], start: Base) -> npt.NDArray[np.float64]:
    """The mean of what the encoder's last layer makes of each word's pieces."""
    encoder = Encoder(start.shape)
    encoder.load(start.weights)
    encoder.eval()
    ids = [start.tokenizer.encode(word).ids for word in words]
    lengths = np.array([len(pieces) for pieces in ids])
    vectors = np.zeros((len(words), start.shape.width))
    with torch.no_grad():
        for length in np.unique(lengths).tolist():
            alike = np.flatnonzero(lengths == length)
            for some in np.array_split(alike, -(-len(alike) // _AT_ONCE)):
                state = encoder.words(torch.tensor([ids[i] for i in some.tolist()]))
                state = encoder.norm(state + encoder.positions(torch.arange(length)))
                for layer in encoder.layers:
                    state = layer(state, None)
                vectors[some] = state.mean(1).numpy()
    return vectors
