"""The trained claim reader on onnxruntime: an article's lines in, scored claims out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.models.reader.decode import (
    Decoding,
    Found,
    Scored,
    choose_pairs,
    choose_spans,
    claims_of,
    near_words,
)
from pipeline.models.reader.windows import Line, Shape, Window, cut_windows, read_sentences

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

__all__ = ["Network", "load"]

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Network:
    """The two exported halves and their tokenizer; `read` is a pure function of the lines."""

    tokenizer: "Tokenizer"
    spans: "InferenceSession"
    pairs: "InferenceSession"
    shape: Shape
    decoding: Decoding

    def read(self, lines: Sequence[Line]) -> list[Found]:
        """Claims of one article, window by window; `lines` are its kept segments in order."""
        sentences = read_sentences(lines, self.tokenizer)
        return [claim for window in cut_windows(sentences, self.shape) for claim in self._window(window, lines)]

    def _window(self, window: Window, lines: Sequence[Line]) -> list[Found]:
        # One window at a time: int8 scales are taken from what a run is given, so a batch would make the
        # scores depend on the neighbours.
        given = {name: getattr(window, name)[None] for name in ("token_ids", "kinds", "first", "last", "sentence")}
        words, argument, types, hidden, allowed = self.spans.run(None, given)
        begin, stop, probability = choose_spans(argument[0], allowed[0], self.decoding)
        if len(begin) < 2:
            return []
        subject, object_ = choose_pairs(window, (begin, stop, probability), self.decoding)
        if not len(subject):
            return []
        row = {
            "hidden": hidden[0, begin, stop - begin], "begin": begin, "stop": stop,
            "near": near_words(window, begin, stop), "subject": subject, "object": object_,
            "sentence": window.sentence, "core": window.core, "word_kind": window.word_kind,
        }  # fmt: skip
        relation, flags, paired = self.pairs.run(
            None, {"words": words, **{name: value[None] for name, value in row.items()}}
        )
        scored = Scored(
            begin, stop, probability, types[0][begin, stop - begin], subject, object_, relation[0], flags[0], paired[0]
        )
        return claims_of(window, lines, scored, self.decoding)


@cache
def load(folder: Path = _FOLDER) -> Network:
    """The reader in `folder`, loaded once a process. One thread: pages are spread over processes instead."""
    from onnxruntime import InferenceSession, SessionOptions
    from tokenizers import Tokenizer

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    spans, pairs = (
        InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
        for name in ("spans.onnx", "pairs.onnx")
    )
    return Network(tokenizer, spans, pairs, Shape(), Decoding())
