"""The trained claim reader on onnxruntime: an article's lines in, scored claims out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.models.onnx import open_model
from pipeline.models.reader.decode import (
    Decoding,
    Found,
    FoundSpan,
    Scored,
    choose_pairs,
    choose_spans,
    claims_of,
    near_words,
    spans_of,
)
from pipeline.models.reader.windows import Line, Shape, Window, cut_windows, read_sentences

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

__all__ = ["Network", "load"]

_FOLDER = Path(__file__).parent
_STRETCH = 80  # words; fewer make more runs of the network, more make each pair weigh more words it must not see


@dataclass(frozen=True)
class Network:
    """The two exported halves and their tokenizer; `read` is a pure function of the lines."""

    tokenizer: "Tokenizer"
    spans: "InferenceSession"
    pairs: "InferenceSession"
    shape: Shape
    decoding: Decoding

    def read(self, lines: Sequence[Line]) -> tuple[list[Found], list[FoundSpan]]:
        """Claims and sure arguments of one article, window by window; `lines` are its kept segments in order."""
        claims: list[Found] = []
        spans: list[FoundSpan] = []
        for window in cut_windows(read_sentences(lines, self.tokenizer), self.shape):
            found = self._window(window, lines)
            claims += found[0]
            spans += found[1]
        return claims, spans

    def _window(self, window: Window, lines: Sequence[Line]) -> tuple[list[Found], list[FoundSpan]]:
        # One window at a time: int8 scales are taken from what a run is given, so a batch would make the
        # scores depend on the neighbours.
        given = {name: getattr(window, name)[None] for name in ("token_ids", "kinds", "first", "last", "sentence")}
        words, argument, types, hidden, allowed = self.spans.run(None, given)
        chosen = choose_spans(argument[0], allowed[0], self.decoding)
        begin, stop, probability = chosen
        kinds = types[0][begin, stop - begin]
        sure = spans_of(window, chosen, kinds, self.decoding)
        subject, object_ = choose_pairs(window, chosen, self.decoding)
        if not len(subject):
            return [], sure
        scores = self._pairs(window, (words, hidden), chosen, (subject, object_))
        scored = Scored(begin, stop, probability, kinds, subject, object_, *scores)
        return claims_of(window, lines, scored, self.decoding), sure

    def _pairs(
        self,
        window: Window,
        vectors: tuple[np.ndarray, np.ndarray],
        chosen: tuple[np.ndarray, np.ndarray, np.ndarray],
        pairs: tuple[np.ndarray, np.ndarray],
    ) -> list[np.ndarray]:
        """Relation and flag probabilities of the pairs, and which are allowed."""
        (words, hidden), (begin, stop, _), (subject, object_) = vectors, chosen, pairs
        places = {name: getattr(window, name)[None] for name in ("sentence", "core", "word_kind", "line", "section")}
        places |= {"hidden": hidden[:, begin, stop - begin], "begin": begin[None], "stop": stop[None]}
        near = near_words(window, begin, stop)
        order: list[np.ndarray] = []
        relation: list[np.ndarray] = []
        flags: list[np.ndarray] = []
        paired: list[np.ndarray] = []
        later = np.maximum(begin[subject], begin[object_])
        for low, high in _stretches(window):
            here = np.nonzero((low <= later) & (later < high))[0]
            if len(here):
                row = {"words": words[:, low:high], "near": near[None, :, low:high], "offset": np.array(low)}
                row |= {"subject": subject[None, here], "object": object_[None, here]}
                r, f, p = self.pairs.run(None, places | row)
                order, relation, flags, paired = [*order, here], [*relation, r[0]], [*flags, f[0]], [*paired, p[0]]
        back = np.argsort(np.concatenate(order))
        return [np.concatenate(x)[back] for x in (relation, flags, paired)]


def _stretches(window: Window) -> list[tuple[int, int]]:
    """First and last word (end exclusive) of runs of sentences of about _STRETCH words that tile what is read here.

    A pair looks at its later sentence alone, so the words of the others need not be weighed.
    """
    at = [i for i in range(len(window.sentence)) if i == 0 or window.sentence[i] != window.sentence[i - 1]]
    bounds = [at[0]]
    for begin, end in pairwise([*at, len(window.sentence)]):
        if end - bounds[-1] > _STRETCH and begin > bounds[-1]:
            bounds.append(begin)
    return list(pairwise([*bounds, len(window.sentence)]))


@cache
def load(folder: Path = _FOLDER) -> Network:
    """The reader in `folder`, loaded once a process."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    spans, pairs = (open_model(folder / name) for name in ("spans.onnx", "pairs.onnx"))
    return Network(tokenizer, spans, pairs, Shape(), Decoding())
