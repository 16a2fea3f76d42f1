"""What copies of a text have in common: its words, its word shingles and their MinHash bands.

Every hash here is stable: blake2b of the words, mixed by the finaliser of SplitMix64, never `hash()`, so
that sketches made on different days and machines can be compared.
"""

import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pipeline.errors import ConfigError

__all__ = ["MINHASH", "Hashes", "band_hashes", "fingerprint", "overlaps", "shingles", "words"]

# The algorithm and its version as rensa numbers it: signatures of two versions cannot be compared.
MINHASH = "rminhash-2"
# Signatures are comparable only under one seed; the value itself means nothing.
_SEED = 42
# A comparison sign is a word of its own, lest "BMI > 30" and "BMI < 30" be copies. A CJK character is one
# too: those scripts put no space between words.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff<>≤≥]|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
# Constants of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014).
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))

Hashes = npt.NDArray[np.unsignedinteger]
_U64 = npt.NDArray[np.uint64]


def words(text: str) -> list[str]:
    """The words of `text` as copies share them: NFKC, case folded, punctuation and white space left out.

    NFKC on purpose: a copy that lost its superscripts or full-width letters is still a copy.

    >>> words("Don’t  WAIT (10³ cells, p<0.05)!")
    ['don', 't', 'wait', '103', 'cells', 'p', '<', '0', '05']
    """
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def fingerprint(tokens: Sequence[str]) -> int:
    """Hash of a word sequence, 64 bits: equal sequences have equal ones, unlike ones as good as never.

    >>> fingerprint(["a", "b"]) != fingerprint(["ab"])
    True
    """
    return _digest("\x1f".join(tokens))


def shingles(tokens: Sequence[str], size: int) -> _U64:
    """Hashes of the distinct runs of `size` words, sorted; none where there are fewer words.

    >>> len(shingles(["a", "b", "a", "b"], 2))
    2
    """
    count = len(tokens) - size + 1
    if count < 1:
        return np.empty(0, np.uint64)
    hashed = np.fromiter(map(_word_hash, tokens), np.uint64, len(tokens))
    state = np.zeros(count, np.uint64)
    for k in range(size):
        state = _mix(state + hashed[k : k + count])
    return np.unique(state)


def band_hashes(sets: Sequence[_U64], *, bands: int, rows: int) -> _U64:
    """MinHash signatures of `sets` (as `shingles` returns them, none empty) cut into bands.

    Returns an array of len(sets) x bands hashes. Two sets of Jaccard similarity s share at least one of
    them with probability 1 - (1 - s**rows)**bands (Leskovec et al., Mining of Massive Datasets, 3.4). The
    number of the band is part of its hash, so all bands can be joined in one column.

    Raises ConfigError: the installed rensa computes another version of the signature than `MINHASH`.
    """
    from rensa import RMinHash

    installed = f"rminhash-{RMinHash.ALGORITHM_VERSION}"
    if installed != MINHASH:
        raise ConfigError(f"rensa computes {installed}, these sketches are {MINHASH}: install the pinned version")
    if not sets:
        return np.empty((0, bands), np.uint64)
    ends = np.cumsum([0, *map(len, sets)], dtype=np.uint64)
    digests = RMinHash.digest_matrix_from_flat_token_hashes(np.concatenate(sets), ends, bands * rows, _SEED)
    signatures = np.array(digests.to_rows(), np.uint64).reshape(len(sets), bands, rows)
    state = np.broadcast_to(np.arange(bands, dtype=np.uint64), (len(sets), bands))
    for row in range(rows):
        state = _mix(state + signatures[:, :, row])
    return state


def overlaps(one: Hashes, others: Sequence[Hashes]) -> npt.NDArray[np.int64]:
    """Sizes of the intersections of the set `one` with each of `others`: sorted distinct hashes, none empty.

    >>> overlaps(np.array([1, 3, 5]), [np.array([1, 2, 3]), np.array([7])])
    array([2, 0])
    """
    starts = np.cumsum([0, *map(len, others)])[:-1]
    flat = np.concatenate(others)
    nearest = np.minimum(np.searchsorted(one, flat), len(one) - 1)
    return np.add.reduceat((one[nearest] == flat).astype(np.int64), starts)


@functools.lru_cache(maxsize=1 << 17)
def _word_hash(word: str) -> int:
    return _digest(word)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _mix(state: _U64) -> _U64:
    state = state + _GAMMA
    for shift, factor in _MIX:
        state = (state ^ (state >> shift)) * factor
    return state ^ (state >> np.uint64(31))
