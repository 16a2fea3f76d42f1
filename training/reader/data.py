"""Labelled pages as training windows: which word runs are arguments, which ordered pairs are claims."""

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from pipeline.evaluation.gold import GoldPage
from pipeline.models.reader.windows import Line, Sentence, Shape, Window, cut_windows
from pipeline.schema import ENTITY_TYPES, KEPT_LABELS, PREDICATES
from pipeline.text.agreement import STOP_WORDS
from training.reader.model import MAX_WIDTH, Batch

__all__ = ["Article", "Example", "Packed", "Place", "Relation", "articles_of", "collate", "examples_of"]

Place = tuple[int, int, int]  # line of the article; start and end in code points of the line's text

_TYPE = {name: i for i, name in enumerate(ENTITY_TYPES)}
_PREDICATE = {name: i + 1 for i, name in enumerate(PREDICATES)}


@dataclass(frozen=True)
class Relation:
    """A claim inside an article."""

    evidence: Place
    subject: Place
    object: Place
    subject_type: int
    object_type: int
    predicate: int
    negated: bool
    hedged: bool


@dataclass(frozen=True)
class Article:
    """One article of a labelled page: its kept lines, where each begins in the page, and its claims.

    labelled: whether claims were looked for in it.
    """

    page: str
    index: int
    lines: tuple[Line, ...]
    starts: tuple[int, ...]
    relations: tuple[Relation, ...]
    labelled: bool = True


@dataclass(frozen=True)
class Example:
    """A window with its labels. spans: (k, 3) first word, last word, type. relations: (r, 8) subject first and
    last word, object first and last word, predicate, negated, hedged, and 1 for a real one, 0 for an alias: the
    same words elsewhere in the window, which is neither right nor wrong. weight: (words) 1 for content words.
    """

    article: int
    window: Window
    spans: np.ndarray
    relations: np.ndarray
    weight: np.ndarray


def articles_of(page: GoldPage) -> list[Article]:
    """The page's articles, cut at gold titles, with gold labels."""
    groups: list[list[tuple[int, int, str]]] = [[]]
    for start, end, label in page.labels:
        if label not in KEPT_LABELS:
            continue
        text = page.text[start:end]
        begin, stop = start + len(text) - len(text.lstrip()), start + len(text.rstrip())
        if label == "title" and groups[-1]:
            groups.append([])
        groups[-1].append((begin, stop, label))
    return [_article(page, i, group) for i, group in enumerate(groups) if group]


def _article(page: GoldPage, index: int, group: list[tuple[int, int, str]]) -> Article:
    def place(span: tuple[int, int]) -> Place | None:
        for line, (begin, stop, _) in enumerate(group):
            if begin <= span[0] < stop:
                return line, span[0] - begin, min(span[1], stop) - begin
        return None

    relations = []
    for c in page.claims:
        evidence, subject, object_ = place(c.evidence), place(c.subject), place(c.object)
        if evidence and subject and object_:
            types = _TYPE[c.subject_type], _TYPE[c.object_type]
            relations.append(
                Relation(
                    evidence, subject, object_, *types, _PREDICATE[c.predicate], c.negated, c.certainty == "hedged"
                )
            )
    lines = tuple(Line(label, page.text[begin:stop]) for begin, stop, label in group)
    return Article(page.name, index, lines, tuple(begin for begin, _, _ in group), tuple(relations))


def examples_of(
    articles: Sequence[Article],
    sentences: Sequence[list[Sentence]],
    shape: Shape,
    jitter: random.Random | None = None,
) -> list[Example]:
    """All windows of the articles, given each one's sentences.

    With `jitter` their cuts move: sizes vary, so the next epoch sees other windows.
    """
    examples = []
    for number, (article, read) in enumerate(zip(articles, sentences, strict=True)):
        here = shape
        if jitter:
            here = Shape(
                jitter.randint(shape.tokens // 2, shape.tokens), jitter.randint(shape.context // 2, shape.context)
            )
        examples += [_example(number, article, window) for window in cut_windows(read, here)]
    return examples


def _example(number: int, article: Article, window: Window) -> Example:
    places: dict[int, list[int]] = defaultdict(list)
    for word, line in enumerate(window.line):
        places[int(line)].append(word)

    def run(place: Place) -> tuple[int, int] | None:
        line, start, end = place
        words = [w for w in places[line] if window.start[w] < end and window.end[w] > start]
        if not words or len(words) > MAX_WIDTH or window.sentence[words[0]] != window.sentence[words[-1]]:
            return None
        return words[0], words[-1]

    texts = [
        article.lines[line].text[a:b].lower() for line, a, b in zip(window.line, window.start, window.end, strict=True)
    ]
    by_text: dict[str, list[int]] = defaultdict(list)
    for word, text in enumerate(texts):
        by_text[text].append(word)
    spans: dict[tuple[int, int], int] = {}
    relations: list[tuple[int, ...]] = []
    for r in article.relations:
        subject, object_ = run(r.subject), run(r.object)
        if subject is None or object_ is None:
            continue
        later = max(subject, object_)
        if not window.core[later[0]]:
            continue
        spans[subject], spans[object_] = r.subject_type, r.object_type
        tail = (r.predicate, int(r.negated), int(r.hedged))
        relations.append((*subject, *object_, *tail, 1))
        sentence = window.sentence[later[0]]
        for s in _aliases(subject, texts, by_text):
            for o in _aliases(object_, texts, by_text):
                if (s, o) != (subject, object_) and window.sentence[max(s, o)[0]] == sentence:
                    relations.append((*s, *o, *tail, 0))
    weight = np.array([0.05 if t in STOP_WORDS or not re.match(r"\w", t) else 1.0 for t in texts], dtype=np.float32)
    span_rows = np.array([(a, b, t) for (a, b), t in sorted(spans.items())], dtype=np.int64).reshape(-1, 3)
    return Example(number, window, span_rows, np.array(relations, dtype=np.int64).reshape(-1, 8), weight)


def _aliases(span: tuple[int, int], texts: list[str], by_text: dict[str, list[int]]) -> list[tuple[int, int]]:
    words = texts[span[0] : span[1] + 1]
    return [(w, w + len(words) - 1) for w in by_text[words[0]] if texts[w : w + len(words)] == words]


def _pad(rows: Sequence[np.ndarray], fill: float) -> torch.Tensor:
    longest = max(1, *(len(row) for row in rows))
    out = np.full((len(rows), longest, *rows[0].shape[1:]), fill, dtype=rows[0].dtype)
    for i, row in enumerate(rows):
        out[i, : len(row)] = row
    return torch.from_numpy(out)


@dataclass
class Packed:
    """Windows padded to one length, with their labels: spans and relations padded with -1, content weights
    with 0; word_of: (batch, tokens) the word a token belongs to, -1 for special tokens and padding. labelled:
    whether claims were looked for in them.
    """

    batch: Batch
    spans: torch.Tensor
    relations: torch.Tensor
    weight: torch.Tensor
    word_of: torch.Tensor
    labelled: bool

    def to(self, device: str) -> "Packed":
        """All tensors on `device`."""
        batch = Batch(**{name: value.to(device) for name, value in vars(self.batch).items()})
        spans, relations, weight, word_of = (
            x.to(device) for x in (self.spans, self.relations, self.weight, self.word_of)
        )
        return Packed(batch, spans, relations, weight, word_of, self.labelled)

    def seen(self, token_ids: torch.Tensor) -> "Packed":
        """The same windows read as `token_ids`."""
        return replace(self, batch=replace(self.batch, token_ids=token_ids))


def collate(examples: Sequence[Example], *, labelled: bool = True) -> Packed:
    """The examples as one padded batch."""
    ws = [e.window for e in examples]
    batch = Batch(
        token_ids=_pad([w.token_ids for w in ws], 0),
        kinds=_pad([w.kinds for w in ws], 0),
        padding=_pad([w.token_ids == -1 for w in ws], True),
        first=_pad([w.first for w in ws], 0),
        last=_pad([w.last for w in ws], 0),
        word_padding=_pad([w.core & False for w in ws], True),
        sentence=_pad([w.sentence for w in ws], -1),
        core=_pad([w.core for w in ws], False),
        word_kind=_pad([w.word_kind for w in ws], 0),
        line=_pad([w.line for w in ws], 0),
        section=_pad([w.section for w in ws], 0),
    )
    return Packed(
        batch,
        _pad([e.spans for e in examples], -1),
        _pad([e.relations for e in examples], -1),
        _pad([e.weight for e in examples], 0),
        _pad([_word_of(w) for w in ws], -1),
        labelled,
    )


def _word_of(window: Window) -> np.ndarray:
    owner = np.full(len(window.token_ids), -1, dtype=np.int64)
    for word, (first, last) in enumerate(zip(window.first, window.last, strict=True)):
        owner[first : last + 1] = word
    return owner
