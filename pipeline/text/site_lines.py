"""Lines that a site puts on many of its pages, though they read like text of each.

A line by itself is judged in `clean`, where no page sees another. Here the pages of one site are counted together:
what stands on several of them, and was doubted there (or dropped on some), is the site's and not the page's. Headings
that honest pages share ("Symptoms") are not doubted: of the headings of 239 written pages, taken as one folder, eleven
stand in three articles or more, and none has a mean chance above .04.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.config import Deduplicate
from pipeline.text.sketch import fingerprint, words

__all__ = ["Line", "line_hash", "lines_of", "repeated_lines", "site_keys"]

CHANCES = 10_000  # chances are counted in whole steps of 1 / CHANCES, so that sums do not depend on their order
# A kept line counts as doubted from this chance on that it is to be dropped: of the kept segments of written dev and
# test pages one in eight is, but six of seven that were kept wrongly.
_DOUBT = CHANCES // 20
# A heading with sure text of the article below it: its chance counts a quarter. Over made-up sites that share all
# headings this halves what is wrongly taken and costs .001 of drop F1.
_SURE, _HEADS = 0.9, 4


@dataclass(frozen=True)
class Line:
    """A segment as it is compared; hash: of its words; chance: that it is to be dropped, as far as its score tells."""

    segment_id: str
    words: list[str]
    hash: int
    kept: bool
    chance: int

    @property
    def doubted(self) -> bool:
        """Whether it is kept, but not for sure."""
        return self.kept and self.chance >= _DOUBT and bool(self.words)


def lines_of(segments: pa.Table) -> dict[str, list[Line]]:
    """document_id -> its rows of `segments` in reading order, markup left out."""
    columns = ["document_id", "raw_start", "segment_id", "text", "kept", "score", "label"]
    rows = segments.filter(pc.not_equal(segments["reason"].cast(pa.string()), "markup")).select(columns)
    rows = rows.sort_by([(name, "ascending") for name in columns[:2]])
    keys, _, ids, texts, kept, scores, labels = (rows[name].to_pylist() for name in columns)
    found: dict[str, list[Line]] = {}
    for i, key in enumerate(keys):
        chance = 1 - scores[i] if kept[i] else max(scores[i], 0.5)
        below = slice(i + 1, i + 2)
        if labels[i] == "heading" and (keys[below], labels[below]) == ([key], ["body"]) and scores[i + 1] >= _SURE:
            chance /= _HEADS
        for text in [texts[i]] if kept[i] else texts[i].split("\n"):  # a menu of HTML is many lines
            tokens = words(text)
            found.setdefault(key, []).append(Line(ids[i], tokens, line_hash(tokens), kept[i], round(chance * CHANCES)))
    return found


def line_hash(tokens: Sequence[str]) -> int:
    """Hash of a line's words; a number counts as any other, for pages, issues and dates go on from page to page.

    >>> line_hash(["slide", "2", "of", "11"]) == line_hash(["slide", "3", "of", "12"]) != line_hash(["slide"])
    True
    """
    return fingerprint(["0" if token.isdecimal() else token for token in tokens])


def site_keys(sites: pa.ChunkedArray, paths: pa.ChunkedArray) -> pa.ChunkedArray:
    """What each article is counted with: its site, or where it has none the folder of its file.

    >>> site_keys(pa.chunked_array([["a.example", None]]), pa.chunked_array([["x/1.txt", "x/2.txt"]])).to_pylist()
    ['site a.example', 'folder x']
    """
    folders = pc.replace_substring_regex(paths, r"/?[^/]*$", "")
    prefixed = [
        pc.binary_join_element_wise(kind, values, " ") for kind, values in (("site", sites), ("folder", folders))
    ]
    return pc.coalesce(*prefixed)


def repeated_lines(lines: pa.Table, config: Deduplicate) -> pa.Table:
    """The distinct (site, hash) of the lines that are a site's.

    lines: a row per line of an article: site, hash, article (copies of one article have one number, so that a copy
    is no second page), chance that it is no text of the article (0 to CHANCES). A line is its site's where it stands
    in `site_pages` articles or more, in `site_share` of the site's articles, and its mean chance, over the articles
    and each at its surest, reaches `site_chance`.
    """
    pages = lines.group_by(["site"]).aggregate([("article", "count_distinct")])
    once = lines.group_by(["site", "hash", "article"]).aggregate([("chance", "max")])
    found = once.group_by(["site", "hash"]).aggregate([("article", "count"), ("chance_max", "sum")])
    size = pages["article_count_distinct"].take(pc.index_in(found["site"], value_set=pages["site"].combine_chunks()))
    count, total = (found[name].to_numpy() for name in ("article_count", "chance_max_sum"))
    enough = np.maximum(config.site_pages, config.site_share * size.to_numpy())
    theirs = (count >= enough) & (total >= config.site_chance * CHANCES * count)
    return found.filter(pa.array(theirs)).select(["site", "hash"])
