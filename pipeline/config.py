"""Every setting, one frozen dataclass per stage, each default argued in its docstring.

`Config()` is the default; `load_config(path)` reads a TOML file whose tables are the sections below.
A key that does not exist raises `ConfigError` naming the known ones; so does a value of the wrong type
or out of range, before any work starts.
"""

import errno
import os
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from pipeline.errors import ConfigError

__all__ = [
    "HANDED_ON", "NAMES_DATA", "Clean", "Config", "Consolidate", "Deduplicate", "Extract", "Ingest", "Tag",
    "load_config", "place",
]  # fmt: skip

# Metadata of a setting that names a file, a folder or a package: what lies there decides about rows as well.
NAMES_DATA = {"names_data": True}
# Metadata of a setting whose home is another section: `Config` hands it on, and a file sets it there only.
HANDED_ON = {"handed_on": True}
# Metadata of a setting: its largest useful value; beyond it, memory runs out long before anything is found.
_MOST = "most"
_COUNT = {_MOST: 1024}
_LARGEST = 2**63 - 1  # of the others: what an int64 holds


@dataclass(frozen=True)
class Ingest:
    """How files are found and read.

    text_field: the field of a jsonl record that holds the page; "text" is what most crawls call it.
    html_field: the field that holds the page as HTML, read where the text field is missing or null.
    url_field, fetched_field: where a record keeps its address and fetch date; absent fields are null.
    max_bytes: a file larger than this is rejected rather than read into memory; 4 GiB is far above any
        dump seen and far below what makes a machine swap.
    max_ratio: compressed bytes that swell more than this many times (and beyond 64 MiB) are rejected as a
        bomb; HTML seldom shrinks to a fiftieth, a bomb to a thousandth.
    """

    text_field: str = "text"
    html_field: str = "html"
    url_field: str = "url"
    fetched_field: str = "fetched_at"
    max_bytes: int = 4 << 30
    max_ratio: int = 200


@dataclass(frozen=True)
class Clean:
    """How text is repaired, cut and labelled.

    drop_threshold: a segment is dropped when the probability of the drop labels together reaches this. On pages by
        hands that no training has seen, debris is missed far more often than text is dropped: .4 finds more of it there
        than .6 did (drop F1 +.02), at .002 to .005 less on written pages whose writers are known, and the same on
        the real development pages. .3 would gain .007 on one set of new hands and takes honest lines for it.
    main_text_threshold: a block of an HTML page is dropped when it is no main text with this probability, on a page
        where the model tells blocks apart surely. A block stays when its chance is above (1 - threshold) times the F1
        of words that can be expected of the page's best choice of blocks; at .5 that is the choice itself. On pages not
        trained on, word F1 .885, and .880 with a fixed bar of .4 for all pages (five folds, mean of four seeds).
    doubt_threshold: a part of a text is read once more, by a slower network that reads words in order
        (`pipeline.models.second_opinion`), when the labeller's probability that it is to be dropped is above this and
        below .8; 1 does without. Short parts that stand apart, with fewer than 100 characters together, are left to the
        labeller. Read again as well, however sure it was, is a row of short lines that it takes for links to other
        articles: of what it drops on pages made of lists two of five characters are the article's. On pages in the
        mix of the real ones .05 reads one word in ninety again, on pages made hard one in twenty; .1 reads a fifth
        less, at a drop F1 up to .005 lower on written pages and .03 on the three real ones. Of a large text four
        characters in a hundred are read again at most, the most doubtful ones, of such rows twenty. Cleaning alone
        takes one and a half to two and a half times as long as without; a whole run, most of which is reading claims,
        takes as long.
    """

    drop_threshold: float = 0.4
    main_text_threshold: float = 0.5
    doubt_threshold: float = 0.05


@dataclass(frozen=True)
class Deduplicate:
    """When two articles, or two passages, count as copies.

    shingle_words: 2. With the web-corpus default of 5 words a copy with 5 % of its words changed is
        missed 70 % of the time; with 2 words and the check on true Jaccard 99 % are found.
    bands, rows: 32 bands of 4 rows: half of the pairs at Jaccard .42 become candidates, nearly all at .6.
    min_jaccard: 0.6, verified on the true shingle sets. Of 320 written articles no two unrelated ones reach
        0.09; a copy with 10 % of its words changed lies near 0.68. One with 20 % changed lies near 0.47 and
        counts as a text of its own: so much of it differs that reading the other one alone would lose claims.
    min_containment: 0.9: the shorter one is (nearly) a part of the longer.
    min_passage_words: a repeated passage shorter than this is a stock phrase, no sign of copying.
    min_shingles: 30. An article with fewer distinct shingles (some 30 words) is only compared for equality:
        two notes of ten words share six of them by chance.
    max_bucket: 50. Where more articles than this share a band or a passage, each is compared with the
        first of them only, so that a phrase on 100,000 pages costs 100,000 checks and not 5 billion.
    site_pages, site_share, site_chance: a line is its site's (or folder's) where it stands in 3 articles and in 2 % of
        them, and the labeller doubted it there: the mean chance that it is to be dropped reaches .2. Measured by
        `python -m benchmarks.site_lines`; see `pipeline.text.site_lines`.
    """

    shingle_words: int = field(default=2, metadata=_COUNT)
    bands: int = field(default=32, metadata=_COUNT)
    rows: int = field(default=4, metadata=_COUNT)
    min_jaccard: float = 0.6
    min_containment: float = 0.9
    min_passage_words: int = 12
    min_shingles: int = 30
    max_bucket: int = 50
    site_pages: int = 3
    site_share: float = 0.02
    site_chance: float = 0.2


@dataclass(frozen=True)
class Tag:
    """Which text is tagged.

    languages: articles in other languages are kept in `documents` but not tagged or read: the terms,
        cues and the reader are English. "und" is for those too short to tell, of which most are what the rest is.
    terminology: Parquet file of a large terminology (`make terminology` builds one) to look behind the
        embedded one; empty for the embedded one alone, which needs no download.
    model: name or folder of a spaCy model whose entities replace the terminology's matches; they are linked
        by the same cascade. Empty for none: the models on offer were trained on abstracts, and on consumer
        text they are slower and more often wrong than the terms.
    """

    languages: tuple[str, ...] = ("en", "und")
    terminology: str = field(default="", metadata=NAMES_DATA)
    model: str = field(default="", metadata=NAMES_DATA)


@dataclass(frozen=True)
class Extract:
    """How claims are read.

    languages: those of `Tag`, handed on by `Config`, and set there.
    min_confidence: claims below it are not written, though their arguments are mentions. About where F1 peaks on unseen
        real pages; a row at 0.2 is wrong four times in five, so filter on `confidence` by what a mistake costs you.
    readers: who reads, in this order. "reader" is the trained one; "frames" is the rule reader (list frames and a cue
        lexicon), there for comparison: strict F1 .30 on real pages against .50.
    terminology: that of `Tag`, handed on by `Config`, and set there: the arguments that readers add to the mentions
        are linked to the same concepts as those tagged before, so that a run has one terminology.
    """

    languages: tuple[str, ...] = field(default=Tag.languages, metadata=HANDED_ON)
    min_confidence: float = 0.205
    readers: tuple[str, ...] = ("reader",)
    terminology: str = field(default="", metadata=NAMES_DATA | HANDED_ON)


@dataclass(frozen=True)
class Consolidate:
    """How support is counted.

    site_error: the probability that one whole site is wrong about what it says, however often it says it;
        0.05 to start with, as in DESIGN.
    """

    site_error: float = 0.05


@dataclass(frozen=True)
class Config:
    """All sections. `extract.languages` and `extract.terminology` are those of `tag`, whatever they were given.

    Raises ConfigError when a section is none, or a value has the wrong type or is out of range.
    """

    ingest: Ingest = field(default_factory=Ingest)
    clean: Clean = field(default_factory=Clean)
    deduplicate: Deduplicate = field(default_factory=Deduplicate)
    tag: Tag = field(default_factory=Tag)
    extract: Extract = field(default_factory=Extract)
    consolidate: Consolidate = field(default_factory=Consolidate)

    def __post_init__(self) -> None:
        """Check every value, then hand on what one section sets and others need."""
        for name, kind in get_type_hints(Config).items():
            object.__setattr__(self, name, _checked(kind, getattr(self, name), name))
        tag = self.tag
        extract = replace(self.extract, languages=tag.languages, terminology=tag.terminology)
        object.__setattr__(self, "extract", extract)


def place(name: object, what: str = "a file or folder") -> Path:
    """The file or folder that a user names, `~` for the home folder; it need not be there. what: what to call it.

    Raises ConfigError when it is no name, an empty one, or one that nothing can have.
    """
    if not isinstance(name, str | os.PathLike):
        raise ConfigError(f"{what} must be named by a string or a Path, is {name!r}")
    if not str(name).strip():
        raise ConfigError(f"{what}: its name is empty: name one, or '.' for the current folder")
    try:
        path = Path(name).expanduser()
        path.stat()
    except (ValueError, RuntimeError) as error:  # a null character; nobody's home
        raise ConfigError(f"{what} cannot be {str(name)!r} ({error}): choose another name") from None
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise ConfigError(f"{what} cannot be {str(name)!r} ({error.strerror}): choose another name") from None
    return path


def load_config(path: str | Path | None) -> Config:
    """The settings in a TOML file, or the defaults when `path` is None. `~` is your home, here and in the file.

    Raises ConfigError: the file is missing or not TOML, a section or key is unknown, a value has the
    wrong type or is out of range.
    """
    if path is None:
        return Config()
    path = place(path, "config")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"config file {path} does not exist") from None
    except OSError as error:
        raise ConfigError(f"config file {path} cannot be read ({error.strerror}): name a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"config file {path}: not TOML: {error}") from None
    sections = get_type_hints(Config)
    _check_known(data, tuple(sections), f"{path}: section")
    return Config(
        **{name: _section(kind, data[name], f"{path}: [{name}]") for name, kind in sections.items() if name in data}
    )


def _check_known(data: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in data:
        if key not in known:
            raise ConfigError(f"{where} {key!r} is unknown; known are: {', '.join(known)}")


def _section(kind: type[Any], data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise ConfigError(f"{where} must be a table of settings")
    own = tuple(f.name for f in fields(kind) if not HANDED_ON.items() <= f.metadata.items())
    _check_known(data, own, f"{where} setting")
    types = get_type_hints(kind)
    by_name = {f.name: f for f in fields(kind)}
    return kind(**{key: _value(value, types[key], by_name[key], f"{where} {key}") for key, value in data.items()})


def _checked(kind: type[Any], section: Any, name: str) -> Any:
    """A section made in Python, each value in its setting's type."""
    if type(section) is not kind:
        raise ConfigError(f"{name} must be a pipeline.config.{kind.__name__}, is {section!r}")
    types = get_type_hints(kind)
    return kind(
        **{f.name: _value(getattr(section, f.name), types[f.name], f, f"{name}.{f.name}") for f in fields(kind)}
    )


def _value(value: Any, kind: Any, setting: "Field[Any]", where: str) -> Any:
    if kind == tuple[str, ...]:
        if not (isinstance(value, list | tuple) and all(isinstance(v, str) for v in value)):
            raise ConfigError(f"{where} must be a list of strings, is {value!r}")
        return tuple(value)
    # A whole number will do for a fraction; True and False are numbers to Python only.
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else kind):
        raise ConfigError(f"{where} must be {kind.__name__}, is {value!r}")
    if kind is float and not 0.0 <= value <= 1.0:
        raise ConfigError(f"{where} must lie between 0 and 1, is {value}")
    if kind is int and value < 1:
        raise ConfigError(f"{where} must be 1 or more, is {value}")
    if kind is int and value > setting.metadata.get(_MOST, _LARGEST):
        raise ConfigError(f"{where} must be {setting.metadata.get(_MOST, _LARGEST)} or less, is {value}")
    if isinstance(value, str) and NAMES_DATA.items() <= setting.metadata.items():
        named = place(value, where) if value.strip() else None
        return str(named) if named and value.startswith("~") else value
    if isinstance(value, str) and not value.strip():
        raise ConfigError(f"{where} must not be empty")
    return kind(value)
