"""Passages that say again what stands elsewhere: anywhere when they are long, in copies of one article when short.

A line of few words ("Fever", "Talk to your doctor") means what the lines above it make of it, so that it repeats
another only where title, headings and text of its section up to it are the same, and only in a copy: pages built on
one template count as copies, and the symptoms of one disease are not those of the next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.text.sketch import fingerprint

__all__ = ["Passages", "passage_hashes", "repeated", "runs"]

_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Passages:
    """Every passage of every article, articles in keeper order, passages in reading order.

    article: the place of its article; hash: as `passage_hashes` gives it.
    """

    segment_id: pa.Array
    hash: npt.NDArray[np.uint64]
    n_words: _Ints
    article: _Ints

    @classmethod
    def of(cls, column: pa.Array) -> "Passages":
        """From the column `passages` of `sketches`, one list an article."""
        article = np.repeat(np.arange(len(column)), pc.list_value_length(column).to_numpy())
        flat = column.flatten()
        n_words = flat.field("n_words").to_numpy().astype(np.int64)
        return cls(flat.field("segment_id"), flat.field("hash").to_numpy(), n_words, article)


def passage_hashes(segments: Sequence[tuple[str, Sequence[str]]], min_words: int) -> Iterator[int]:
    """Hash of each segment of an article, given as label and words in reading order.

    Of a segment with `min_words` or more that of its words; of a shorter one that of its section up to it: title, the
    two headings above, text below them.

    >>> gout, scabies = ([("title", [name]), ("body", ["fever"])] for name in ("gout", "scabies"))
    >>> [a == b for a, b in zip(passage_hashes(gout, 12), passage_hashes(scabies, 12))]
    [False, False]
    >>> [a == b for a, b in zip(passage_hashes(gout, 1), passage_hashes(scabies, 1))]
    [False, True]
    """
    title = heading = section = 0
    for label, tokens in segments:
        own = fingerprint(tokens)
        if label == "title":
            title, heading, section = own, 0, own
        elif label == "heading":
            heading, section = own, _chained(title, heading, own)
        else:
            section = _chained(section, own)
        yield own if len(tokens) >= min_words else section


def _chained(*hashes: int) -> int:
    return fingerprint([str(value) for value in hashes])


def repeated(
    passages: Passages, representative: _Ints, twin: _Ints, min_words: int, dropped: npt.NDArray[np.bool_]
) -> _Ints:
    """For each passage the one that it repeats, itself where it is the one to be read.

    representative: for each article the one that stands for its cluster; twin: the first article with the same words;
    dropped: the passages that nobody reads, which neither repeat another nor are repeated.
    Of equal passages that in a representative article is to be read, else that in the first article. In an article
    with the words of an earlier one each repeats what stands at its place there, however the two were cut.
    """
    article, places = passages.article, np.arange(len(passages.article))
    if dropped.all():  # or there is none
        return places
    there, lost = _in_twins(passages, twin, dropped)
    own = ~dropped & ((there == places) | lost)
    cluster = np.where(passages.n_words >= min_words, -1, representative[article])
    in_copy = (representative != np.arange(len(representative)))[article]
    order = np.lexsort((in_copy, passages.hash, cluster))  # stable: then by article and in reading order
    order = order[own[order]]
    keys = np.stack([cluster[order].astype(np.uint64), passages.hash[order]])
    begins = np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0))
    found = places.copy()
    found[order] = order[begins][np.cumsum(begins) - 1]
    alone = (cluster >= 0) & (article == article[found])
    found[alone] = places[alone]
    theirs = ~dropped & ~own
    found[theirs] = found[there[theirs]]
    return found


def _in_twins(passages: Passages, twin: _Ints, dropped: npt.NDArray[np.bool_]) -> tuple[_Ints, npt.NDArray[np.bool_]]:
    """For each passage the one with its first word in the first article with the words of its own, and whether any of
    its words is dropped there."""
    ends = np.cumsum(passages.n_words)
    begins = ends - passages.n_words
    base = np.zeros(len(twin), np.int64)
    _, firsts = np.unique(passages.article, return_index=True)
    base[passages.article[firsts]] = begins[firsts]
    shift = (base[twin] - base)[passages.article]
    first = np.searchsorted(begins, begins + shift, side="right") - 1
    last = np.searchsorted(begins, ends + shift, side="left") - 1
    gone = np.append(0, np.cumsum(dropped))
    return first, gone[last + 1] > gone[first]


def runs(order: _Ints, key: npt.NDArray[np.generic]) -> list[_Ints]:
    """`order` cut where `key` changes, runs of one left out."""
    ordered = key[order]
    return [run for run in np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1) if len(run) > 1]
