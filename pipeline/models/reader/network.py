"""The trained claim reader on onnxruntime: an article's lines in, scored claims out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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
from pipeline.models.reader.gate import Gate, load_gate
from pipeline.models.reader.windows import Line, Shape, Window, cut_windows, read_sentences
from pipeline.models.tokenizer import open_tokenizer

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

__all__ = ["TYPES", "Candidates", "Network", "load"]

TYPES = "types.npy"
"""File of the shares of types, beside the network."""
_FOLDER = Path(__file__).parent


class Candidates(NamedTuple):
    """The runs of words of a window that may be arguments.

    begin, stop: (spans) first and last word. probability: (spans) of being an argument. types: (spans, 13) logits.
    hidden: (spans, 256) what the network knows of each. words: (1, words, d) its vectors of the window's words.
    """

    begin: np.ndarray
    stop: np.ndarray
    probability: np.ndarray
    types: np.ndarray
    hidden: np.ndarray
    words: np.ndarray


@dataclass(frozen=True)
class Network:
    """The two exported halves, their tokenizer and the gate between them; `read` is a pure function of the lines.

    gate: None lets all pairs through. types: (predicates, 13, 13) log share of two types with each predicate, None
    where there is none yet.
    """

    tokenizer: "Tokenizer"
    spans: "InferenceSession"
    pairs: "InferenceSession"
    gate: Gate | None
    types: np.ndarray | None = None
    shape: Shape = field(default_factory=Shape)
    decoding: Decoding = field(default_factory=Decoding)

    def read(self, lines: Sequence[Line]) -> tuple[list[Found], list[FoundSpan]]:
        """Claims and sure arguments of one article, window by window; `lines` are its kept segments in order."""
        claims: list[Found] = []
        spans: list[FoundSpan] = []
        for window in self.windows(lines):
            found = self.candidates(window)
            spans += spans_of(window, found[:3], found.types, self.decoding)
            claims += self._claims(window, lines, found)
        return claims, spans

    def windows(self, lines: Sequence[Line]) -> list[Window]:
        """The windows that an article is read in."""
        return cut_windows(read_sentences(lines, self.tokenizer), self.shape)

    def candidates(self, window: Window) -> Candidates:
        """The likeliest arguments of a window, from the first half."""
        # One window at a time: int8 scales are taken from what a run is given, so a batch would make the
        # scores depend on the neighbours.
        given = {name: getattr(window, name)[None] for name in ("token_ids", "kinds", "first", "last", "sentence")}
        words, argument, types, hidden, allowed = self.spans.run(None, given)
        begin, stop, probability = choose_spans(argument[0], allowed[0], self.decoding)
        at = begin, stop - begin
        return Candidates(begin, stop, probability, types[0][at], hidden[0][at], words)

    def likely_pairs(self, window: Window, found: Candidates) -> tuple[np.ndarray, np.ndarray]:
        """Indices of subjects and objects of the pairs that the second half is asked about."""
        pairs = choose_pairs(window, found[:3], self.decoding)
        if self.gate is None or not len(pairs[0]):
            return pairs
        likely = self.gate.odds(window, found[:3], found.hidden, pairs) >= self.decoding.min_odds
        return pairs[0][likely], pairs[1][likely]

    def _claims(self, window: Window, lines: Sequence[Line], found: Candidates) -> list[Found]:
        pairs = self.likely_pairs(window, found)
        if not len(pairs[0]):
            return []
        scored = Scored(*found[:4], *pairs, *self.relations(window, found, pairs))
        return claims_of(window, lines, scored, self.decoding, self.types)

    def relations(
        self, window: Window, found: Candidates, pairs: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Relation (pairs, 1 + predicates) and flag (pairs, 2) probabilities of some pairs, at least one, and which
        are allowed, from the second half."""
        begin, stop = found[:2]
        given = {name: getattr(window, name)[None] for name in ("sentence", "core", "word_kind", "line", "section")}
        given |= {"words": found.words, "hidden": found.hidden[None], "begin": begin[None], "stop": stop[None]}
        given |= {"near": near_words(window, begin, stop)[None], "subject": pairs[0][None], "object": pairs[1][None]}
        relation, flags, allowed = (scores[0] for scores in self.pairs.run(None, given))
        return relation, flags, allowed


@cache
def load(folder: Path = _FOLDER) -> Network:
    """The reader in `folder`, loaded once a process; without gate and shares of types where there are none yet."""
    tokenizer = open_tokenizer(folder / "tokenizer.json")
    spans, pairs = (open_model(folder / name) for name in ("spans.onnx", "pairs.onnx"))
    types = folder / TYPES
    return Network(tokenizer, spans, pairs, load_gate(folder), np.load(types) if types.exists() else None)
