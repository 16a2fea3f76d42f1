"""Cut an article into the windows that the claim reader's encoder sees.

A window is a run of whole sentences (the core: claims are read from them) behind the context they lean on:
the title, the headings above, and as many of the sentences before as fit. Lines are parted by [SEP]. An
argument may stand anywhere in the window, so lists keep their lead-in and prose its antecedents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.text.sentences import sentences
from pipeline.text.width import narrow

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["CLS", "KINDS", "SEP", "Line", "Sentence", "Shape", "Window", "cut_windows", "read_sentences"]

KINDS = {"title": 1, "heading": 2, "body": 3}
CLS, SEP = 101, 102  # ids in BERT's uncased vocabulary, which MiniLM shares
# Pieces of one word that are kept; the rest of a longer word (a web address, a run of letters) adds nothing.
_MAX_PIECES = 12
_MAX_TITLE = 32  # tokens of a title, and of a heading, shown as context


class Line(NamedTuple):
    """One kept segment: its label (title, heading or body) and repaired text."""

    label: str
    text: str


@dataclass(frozen=True)
class Shape:
    """Size of a window in tokens: in all, and at most how many of them for the sentences before the core.

    384 and 96: three quarters of the encoder's work goes to text read for the first time, and the context
    holds the other argument of 98 % of the written claims.
    """

    tokens: int = 384
    context: int = 96


@dataclass(frozen=True)
class Sentence:
    """One sentence as words: `spans` are code points of the line's text, `pieces` the word-piece ids of each."""

    line: int
    kind: int
    spans: tuple[tuple[int, int], ...]
    pieces: tuple[tuple[int, ...], ...]
    n_tokens: int


@dataclass(frozen=True)
class Window:
    """Arrays the model takes, and where each word stands.

    token_ids, kinds: (tokens). first, last: (words) the token of a word's first and last piece. sentence:
    (words) index of the word's sentence in the article. core: (words) whether that sentence is read here.
    word_kind: (words) kind of the line. section: (words) headings of the article up to this line. line, start, end:
    (words) place in the article's lines, code points.
    """

    token_ids: np.ndarray
    kinds: np.ndarray
    first: np.ndarray
    last: np.ndarray
    sentence: np.ndarray
    core: np.ndarray
    word_kind: np.ndarray
    section: np.ndarray
    line: np.ndarray
    start: np.ndarray
    end: np.ndarray


def read_sentences(lines: Sequence[Line], tokenizer: "Tokenizer", max_tokens: int = 200) -> list[Sentence]:
    """The sentences of an article, tokenised; one longer than `max_tokens` is cut."""
    found: list[Sentence] = []
    encodings = tokenizer.encode_batch([narrow(line.text) for line in lines], add_special_tokens=False)
    for index, (line, encoding) in enumerate(zip(lines, encodings, strict=True)):
        words = _words(encoding)
        ends = [end for _, end in sentences(line.text)] or [len(line.text)]
        ends[-1] = len(line.text)
        at = 0
        for end in ends:
            stop = at
            size = 0
            while stop < len(words) and words[stop][0][0] < end:
                size += len(words[stop][1])
                if size > max_tokens:
                    found.append(_sentence(index, line.label, words[at:stop]))
                    at, size = stop, len(words[stop][1])
                stop += 1
            if stop > at:
                found.append(_sentence(index, line.label, words[at:stop]))
            at = stop
    return found


_Word = tuple[tuple[int, int], tuple[int, ...]]


def _words(encoding: object) -> list[_Word]:
    words: list[_Word] = []
    previous = None
    for piece, word, (start, end) in zip(encoding.ids, encoding.word_ids, encoding.offsets, strict=True):  # type: ignore[attr-defined]
        if word == previous and word is not None:
            (first, _), pieces = words[-1]
            words[-1] = ((first, end), (*pieces, piece)[:_MAX_PIECES])
        else:
            words.append(((start, end), (piece,)))
        previous = word
    return words


def _sentence(line: int, label: str, words: list[_Word]) -> Sentence:
    spans, pieces = zip(*words, strict=True)
    return Sentence(line, KINDS[label], spans, pieces, sum(map(len, pieces)))


def cut_windows(article: Sequence[Sentence], shape: Shape | None = None) -> list[Window]:
    """Windows whose cores tile the article's sentences, in order."""
    shape = shape or Shape()
    heads = [s.kind == KINDS["heading"] and (i == 0 or article[i - 1].line != s.line) for i, s in enumerate(article)]
    sections = list(accumulate(map(int, heads)))
    windows = []
    begin = 0
    while begin < len(article):
        context = _context(article, begin, shape.context)
        room = shape.tokens - 1 - sum(article[i].n_tokens + 1 for i in context)
        end = begin
        while end < len(article) and (end == begin or room >= article[end].n_tokens + 1):
            room -= article[end].n_tokens + 1
            end += 1
        windows.append(_window(article, sections, [*context, *range(begin, end)], begin))
        begin = end
    return windows


def _context(article: Sequence[Sentence], begin: int, budget: int) -> list[int]:
    """Sentences before `begin`: title, the two nearest headings, and the run just before, at most `budget` tokens."""
    chosen: set[int] = set()
    heads = [i for i in range(begin) if article[i].kind == KINDS["heading"] and article[i].n_tokens <= _MAX_TITLE][-2:]
    titles = [i for i in range(begin) if article[i].kind == KINDS["title"] and article[i].n_tokens <= _MAX_TITLE][:1]
    for i in [*titles, *reversed(heads), *range(begin - 1, -1, -1)]:
        if i in chosen:
            continue
        if article[i].n_tokens + 1 > budget:
            break
        budget -= article[i].n_tokens + 1
        chosen.add(i)
    return sorted(chosen)


def _window(article: Sequence[Sentence], sections: list[int], chosen: list[int], begin: int) -> Window:
    token_ids, kinds = [CLS], [0]
    columns: dict[str, list[int]] = {
        name: [] for name in ("first", "last", "sentence", "core", "word_kind", "section", "line", "start", "end")
    }
    line = -1
    for index in chosen:
        sentence = article[index]
        if line not in (-1, sentence.line):
            token_ids.append(SEP)
            kinds.append(0)
        line = sentence.line
        for (start, end), pieces in zip(sentence.spans, sentence.pieces, strict=True):
            row = (
                len(token_ids),
                len(token_ids) + len(pieces) - 1,
                index,
                index >= begin,
                sentence.kind,
                sections[index],
                line,
                start,
                end,
            )
            for values, value in zip(columns.values(), row, strict=True):
                values.append(int(value))
            token_ids += pieces
            kinds += [sentence.kind] * len(pieces)
    arrays = {name: np.array(values, dtype=np.int64) for name, values in columns.items()}
    arrays["core"] = arrays["core"].astype(bool)
    return Window(np.array(token_ids, dtype=np.int64), np.array(kinds, dtype=np.int64), **arrays)
