"""Every table's Arrow schema, each column described: the one source of truth.

`TABLES` maps a table's name to its `Table`. Public tables are written to data/processed as
Parquet with each column's description in the field metadata; work tables (`public=False`) pass
between stages and stay in the store's cache. Offsets are int64 code points of the decoded source,
end exclusive. Enumerations are dictionary-encoded strings, their values listed beside them.
"""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

__all__ = ["ENTITY_TYPES", "KEPT_LABELS", "LABELS", "PREDICATES", "TABLES", "Column", "Table"]

KEPT_LABELS = ("title", "heading", "body")
LABELS = (*KEPT_LABELS, "nav", "related", "seo", "caption", "ad", "cta", "legal", "byline", "bio", "repeat", "noise")
ENTITY_TYPES = (
    "condition", "symptom", "anatomy", "function", "treatment", "drug", "nutrient",
    "food", "activity", "test", "device", "population", "factor",
)  # fmt: skip
# Predicate -> the nearest Biolink Model predicate (biolink.github.io/biolink-model, 4.x).
PREDICATES = {
    "treats": "biolink:treats",
    "relieves": "biolink:ameliorates_condition",
    "prevents": "biolink:preventative_for_condition",
    "causes": "biolink:causes",
    "risk_factor_for": "biolink:predisposes_to_condition",
    "worsens": "biolink:exacerbates_condition",
    "symptom_of": "biolink:phenotype_of",
    "complication_of": "biolink:manifestation_of",
    "diagnoses": "biolink:diagnoses",
    "improves": "biolink:positively_correlated_with",
    "impairs": "biolink:disrupts",
    "affects": "biolink:affects",
    "recommended_for": "biolink:applied_to_treat",
    "advised_against_for": "biolink:contraindicated_in",
    "contains": "biolink:has_part",
    "is_a": "biolink:subclass_of",
    "associated_with": "biolink:associated_with",
    "prevalent_in": "biolink:occurs_in_populations",
}

_STRING = pa.string()
_ENUM = pa.dictionary(pa.int32(), pa.string())
_INT = pa.int64()
_FLOAT = pa.float32()
_BOOL = pa.bool_()
_STRINGS = pa.list_(pa.field("item", pa.string(), nullable=False))
_CUES = pa.list_(pa.field("item", pa.struct([
    pa.field("kind", pa.string(), nullable=False), pa.field("text", pa.string(), nullable=False),
    pa.field("raw_start", pa.int64(), nullable=False), pa.field("raw_end", pa.int64(), nullable=False)]),
    nullable=False))  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, what it holds, whether it may be null, and its sort of values."""

    name: str
    type: pa.DataType
    description: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One table: name, what a row is, columns in order, the columns its rows are sorted by."""

    name: str
    row: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...]
    public: bool = True

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema, descriptions in the field metadata under `description`."""
        fields = [pa.field(c.name, c.type, c.nullable, {"description": c.description}) for c in self.columns]
        return pa.schema(fields, metadata={"claimsieve.table": self.name, "claimsieve.row": self.row})


def _maybe(name: str, type: pa.DataType, description: str) -> Column:
    return Column(name, type, description, nullable=True)


_PATH = Column("source_path", _STRING, "path of the source file, relative to the raw folder, '/' between its parts")
_RECORD = Column("record", _INT, "index of the record in a file of many records, from 0; 0 for a file that is one")
_START = Column("raw_start", _INT, "first code point in the decoded source")
_END = Column("raw_end", _INT, "one past the last code point in the decoded source")
_SOURCE = Column("source_id", _STRING, "the source it stands in")
_DOCUMENT = Column("document_id", _STRING, "the article it stands in")
_SEGMENT = Column("segment_id", _STRING, "the segment it stands in")
_URL = _maybe("url", _STRING, "address of the page, where the record or the page says it")
_SITE = _maybe("site", _STRING, "host of the url, without www.; where there is no url, the name the page gives it")
_TITLE = _maybe("title", _STRING, "headline of the article, repaired, as the record or the page says")
_TERMINOLOGY = Column("terminology", _ENUM, "version of the terminology that concepts were looked up in, one a run: "
                      "embedded, or large (with the file of tag.terminology), and a hash of its terms")  # fmt: skip


def _place(name: str) -> tuple[Column, ...]:
    return (
        _maybe(f"{name}_start", _INT, f"first code point of the {name} in the source; null where the record gives it"),
        _maybe(f"{name}_end", _INT, f"one past the last code point of the {name}"),
    )


def _argument(role: str) -> tuple[Column, ...]:
    return (
        Column(f"{role}_text", _STRING, f"words of the {role}, repaired"),
        Column(f"{role}_start", _INT, f"first code point of the {role} in the source; may stand outside the evidence"),
        Column(f"{role}_end", _INT, f"one past the last code point of the {role}"),
        Column(f"{role}_type", _ENUM, f"entity type of the {role}: " + ", ".join(ENTITY_TYPES)),
        _maybe(f"{role}_id", _STRING, f"concept of the {role} as a CURIE; null when none fits"),
        _maybe(f"{role}_name", _STRING, f"preferred name of the {role}'s concept"),
        Column(f"{role}_mention_id", _STRING, f"the row of mentions that the {role} is: same words, type and concept"),
    )  # fmt: skip


def _group_argument(role: str) -> tuple[Column, ...]:
    return (
        _maybe(f"{role}_id", _STRING, f"concept of the {role} as a CURIE; null when its words have none"),
        Column(f"{role}_name", _STRING, f"the concept's name, else the {role}'s normalised words"),
        Column(f"{role}_type", _ENUM, f"entity type of the {role}"),
    )


_ALL = (
    Table("sources", "one decoded text: a file, or one record of a file of many", (
        Column("source_id", _STRING, "hash of source_path, sha256 and record"),
        _PATH,
        Column("sha256", _STRING, "SHA-256 of the file's bytes as stored, hexadecimal"),
        Column("n_bytes", _INT, "size of the file as stored, in bytes"),
        Column("format", _ENUM, "how the file was read: txt, md, jsonl, html, ..."),
        Column("encoding", _STRING, "codec that turned the bytes into the text the offsets count in"),
        Column("n_chars", _INT, "length of the decoded text in code points"),
        _URL,
        _maybe("fetched_at", _STRING, "when the page was fetched, as the record says; never from the clock"),
        _RECORD,
    ), ("source_path", "record")),
    Table("rejects", "one file or record that could not be read", (
        _PATH,
        _maybe("record", _INT, "index of the record, when only a record was rejected"),
        Column("stage", _ENUM, "stage that rejected it"),
        Column("error", _ENUM, "kind of failure, one word"),
        Column("detail", _STRING, "what is wrong, where (line or byte), and what to do"),
    ), ("source_path", "record", "error", "detail")),
    Table("documents", "one article", (
        Column("document_id", _STRING, "hash of source_id, raw_start and raw_end"),
        _SOURCE, _PATH, _RECORD,
        _URL, *_place("url"), _SITE, *_place("site"), _TITLE, *_place("title"),
        _maybe("author", _STRING, "who wrote it, as the record, the page or a byline says"), *_place("author"),
        _maybe("published", _STRING, "day of publication, YYYY-MM-DD, where it is said outright"), *_place("published"),
        Column("language", _ENUM, "ISO 639-1 code of the main language; und where none is likelier than not"),
        Column("language_score", _FLOAT, "confidence of the language, 0 to 1"),
        _START, _END,
        Column("n_chars_kept", _INT, "characters of the texts of kept segments that are not white space"),
        Column("n_chars_dropped", _INT, "characters of the texts of dropped segments that are not white space"),
        Column("repairs", _STRINGS, "kinds of text repair applied somewhere in the article, sorted"),
        Column("cluster_id", _STRING, "cluster of copies; equal to document_id's own cluster when it has none"),
        _maybe("duplicate_of", _STRING, "document_id of the copy that counts, null for that one"),
        Column("is_representative", _BOOL, "true for the one of its cluster that counts; others add what differs"),
    ), ("source_path", "record", "raw_start")),
    Table("segments", "one stretch of one kind; the segments of a source tile its non-white-space characters", (
        Column("segment_id", _STRING, "hash of document_id, raw_start and raw_end"),
        _DOCUMENT, _SOURCE, _PATH, _RECORD,
        Column("position", _INT, "index of the segment in its article, from 0"), _START, _END,
        Column("text", _STRING, "the words, repaired, line breaks as spaces, no Markdown; else the source slice. "
               "Lines of HTML that are dropped together, as a menu, are parted by line feeds"),
        _maybe("alignment", pa.list_(pa.field("item", pa.int32(), nullable=False)),
               "for each code point of text, and its end, the code point in the source relative to raw_start; "
               "null where text is the slice itself"),
        Column("label", _ENUM, "what it is: " + ", ".join(LABELS)),
        Column("kept", _BOOL, "true for " + ", ".join(KEPT_LABELS)),
        Column("reason", _STRING, "the rule or model that gave the label"),
        Column("score", _FLOAT, "probability of the label, 0 to 1"),
        _maybe("duplicate_of", _STRING, "segment_id of the passage this repeats; read here only for its own title"),
    ), ("source_path", "record", "raw_start")),
    Table("duplicates", "one member of a cluster of copies", (
        Column("kind", _ENUM, "document, passage, or line: one that its site puts on many pages"),
        Column("member_id", _STRING, "document_id or segment_id of the member"),
        Column("cluster_id", _STRING, "hash of the sorted member ids"),
        Column("representative_id", _STRING, "member that counts; of lines, which are dropped, the first"),
        Column("similarity", _FLOAT, "true Jaccard of word shingles with the representative; 1 for passages, lines"),
        Column("containment", _FLOAT, "share of the smaller one's shingles found in the other, 0 to 1"),
        Column("method", _ENUM, "how it was found: exact, minhash, passage, site"),
    ), ("kind", "cluster_id", "member_id")),
    Table("mentions", "one medical entity named in kept, non-duplicate text, or taken for an argument", (
        Column("mention_id", _STRING, "hash of segment_id, raw_start, raw_end, entity_type and concept_id"),
        _DOCUMENT, _SEGMENT, _PATH, _RECORD, _START, _END,
        Column("text", _STRING, "the words, repaired"),
        Column("entity_type", _ENUM, "one of " + ", ".join(ENTITY_TYPES)),
        _maybe("concept_id", _STRING, "concept as a CURIE; null when none fits"),
        _maybe("concept_name", _STRING, "preferred name of the concept"),
        Column("xrefs", _STRINGS, "the same concept in other vocabularies, CURIEs, sorted"),
        Column("match_kind", _ENUM, "how it was found: exact, rewrite, abbreviation or composed by the terms; model "
               "where no term of its type has just these words: an argument, or what tag.model found"),
        _maybe("link_kind", _ENUM, "how its concept was found: exact, rewrite, abbreviation, composed or fuzzy"),
        _TERMINOLOGY,
        Column("score", _FLOAT, "how sure the match is, 0 to 1; of an argument the best raw_score it was read with, "
               "in a claim or below extract.min_confidence; where in neither, its own probability, at least a half"),
        Column("negated", _BOOL, "true where the text denies it"),
        Column("hedged", _BOOL, "true where the text is unsure of it"),
        Column("hypothetical", _BOOL, "true where the text only supposes it: if you have ..."),
        Column("historical", _BOOL, "true where the text puts it in the past"),
        Column("other_experiencer", _BOOL, "true where it is said of a relative, not of the reader or patient"),
        Column("context_cues", _CUES, "the words behind the five flags, in text order: kind (negation, hedge, "
               "hypothetical, historical, experiencer), text, code points in the source"),
    ), ("source_path", "record", "raw_start", "raw_end", "mention_id")),
    Table("claims", "one claim read from one place", (
        Column("claim_id", _STRING, "what is claimed where: hash of segment_id, argument offsets, predicate, negated"),
        Column("group_id", _STRING, "what is claimed: hash of subject, predicate and object, by concept or words"),
        _DOCUMENT, _SEGMENT, _PATH, _RECORD, _URL, _SITE, _TITLE,
        _maybe("heading", _STRING, "nearest heading above the evidence"),
        Column("evidence_text", _STRING, "the sentence that states it, repaired"),
        Column("evidence_start", _INT, "first code point of the evidence in the decoded source"),
        Column("evidence_end", _INT, "one past the last code point of the evidence"),
        *_argument("subject"),
        Column("predicate", _ENUM, "one of " + ", ".join(PREDICATES)),
        Column("predicate_curie", _ENUM, "nearest Biolink predicate"),
        *_argument("object"),
        Column("negated", _BOOL, "true where the text denies the relation"),
        Column("certainty", _ENUM, "asserted or hedged"),
        _maybe("quantity", _STRING, "number, dose, frequency or duration tied to the claim, verbatim"),
        _maybe("qualifier", _STRING, "population or circumstance that limits the claim, verbatim"),
        _maybe("attribution", _STRING, "who says it, verbatim"),
        Column("evidence_type", _ENUM, "study, expert, tradition, anecdote or none"),
        _maybe("confidence", _FLOAT, "probability that the row is a faithful reading; null without calibration"),
        Column("raw_score", _FLOAT, "the extractor's own score before calibration"),
        Column("extractor", _ENUM, "what read it"),
        Column("cues", _STRINGS, "cue words and frames that fired, each as kind:words"),
        _maybe("calibration_id", _STRING, "calibration table behind the confidence"),
        _TERMINOLOGY,
    ), ("source_path", "record", "evidence_start", "subject_start", "object_start", "claim_id")),
    Table("claim_groups", "one relation, over all places that state or deny it", (
        Column("group_id", _STRING, "what is claimed"),
        *_group_argument("subject"),
        Column("predicate", _ENUM, "one of " + ", ".join(PREDICATES)),
        *_group_argument("object"),
        Column("n_claims", _INT, "claim rows"),
        Column("n_documents", _INT, "articles"),
        Column("n_sites", _INT, "sites; an article without one counts by its file, whose suffix does not matter"),
        Column("n_independent", _INT, "independent wordings, after copies are merged"),
        Column("n_asserted", _INT, "of these wordings, those that affirm it outright, without may or perhaps"),
        Column("support", _FLOAT, "probability that the corpus affirms it, outright or hedged, 0 to 1"),
        Column("refute", _FLOAT, "probability that the corpus denies it, 0 to 1"),
        Column("belief", _FLOAT, "support * (1 - refute): the corpus affirms this, no statement about truth"),
        Column("disputed", _BOOL, "true where support and refute, or a contradicting group, both exceed one half"),
        Column("contradicts", _STRINGS, "group_ids that say the opposite, sorted"),
        _maybe("max_confidence", _FLOAT, "best confidence among its rows"),
        Column("example_claim_id", _STRING, "its surest row that affirms it, or that denies it where refute is higher"),
        _TERMINOLOGY,
    ), ("group_id",)),
    Table("files", "one input file, before it is read", (
        _PATH,
        Column("file_path", _STRING, "where it lies now"),
        Column("sha256", _STRING, "SHA-256 of its bytes"),
        Column("n_bytes", _INT, "its size in bytes"),
    ), ("source_path",), public=False),
    Table("texts", "the decoded text of one source", (
        _SOURCE, _PATH, _RECORD, _URL,
        Column("format", _ENUM, "what the text is: txt, md or html"),
        _maybe("raw_base", _INT, "code points of the source before this stretch of it; null where it is whole"),
        *(_maybe(name, _STRING, f"{name}, as the record says") for name in ("title", "author", "published")),
        Column("text", pa.large_string(), "the decoded text, untouched: BOM, CRLF and NUL stay where they were"),
    ), ("source_path", "record", "raw_base"), public=False),
    Table("sketches", "the slim columns that the join over all articles needs", (
        _DOCUMENT, _PATH, _RECORD, _START, _SITE,
        Column("n_chars_kept", _INT, "characters of kept segments that are not white space"),
        Column("exact", _STRING, "hash of the words of the kept text; empty where there are none"),
        Column("shingles", pa.list_(pa.field("item", pa.uint32(), nullable=False)),
               "hashes of the distinct word shingles, sorted"),
        Column("bands", pa.list_(pa.field("item", pa.uint64(), nullable=False)),
               "hash of each band of the MinHash signature; none where the article is too short to be compared"),
        Column("passages", pa.list_(pa.field("item", pa.struct([pa.field("n_words", pa.uint32(), nullable=False),
            pa.field("segment_id", pa.string(), nullable=False), pa.field("hash", pa.uint64(), nullable=False)]),
            nullable=False)), "kept segments with words, in reading order; a short one's hash is that of its section"),
        Column("lines", pa.list_(pa.field("item", pa.struct([
            pa.field("hash", pa.uint64(), nullable=False), pa.field("chance", pa.uint16(), nullable=False)]),
            nullable=False)), "all segments with words: hash of them, chance in 1/10,000 that they are to be dropped"),
        Column("doubted", pa.list_(pa.field("item", pa.struct([
            pa.field("segment_id", pa.string(), nullable=False), pa.field("hash", pa.uint64(), nullable=False)]),
            nullable=False)), "those of the lines that are kept, though not for sure"),
    ), ("source_path", "record", "raw_start"), public=False),
    Table("claim_sketches", "the slim columns that grouping over all claims needs", (
        Column("claim_id", _STRING, "the claim"),
        Column("group_id", _STRING, "what is claimed"),
        _DOCUMENT, _PATH, _RECORD, _SITE,
        Column("wording", _STRING, "hash of the evidence's normalised words: equal wordings are one copy"),
        Column("cluster_id", _STRING, "cluster of copies of the article"),
        *_group_argument("subject"),
        Column("predicate", _ENUM, "one of " + ", ".join(PREDICATES)),
        *_group_argument("object"),
        Column("negated", _BOOL, "true where the text denies the relation"),
        Column("certainty", _ENUM, "asserted or hedged"),
        _maybe("confidence", _FLOAT, "calibrated probability"),
        _TERMINOLOGY,
    ), ("source_path", "record", "claim_id"), public=False),
)  # fmt: skip
TABLES = {table.name: table for table in _ALL}
