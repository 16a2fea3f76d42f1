"""The whole page, put together from its parts."""

from pathlib import Path

import jinja2

from pipeline import __version__
from pipeline.report import cleaning, findings, reliability
from pipeline.report.dirty_page import dirty_page
from pipeline.report.words import excerpt, percent
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.store import count, phrase

__all__ = ["MEANINGS", "render"]

# What each label stands for, in a few words; the order is that of `schema.LABELS`.
MEANINGS = {
    "title": "headline of an article",
    "heading": "heading of a section or step",
    "body": "prose, lists, instructions, dialogue",
    "nav": "menus, paths, page numbers, dates alone",
    "related": "links and teasers to other pages",
    "seo": "key words for search engines, site suffixes of titles",
    "caption": "picture captions and credits",
    "ad": "promotion of a product, clinic or event",
    "cta": "calls to share, follow, reward, chat",
    "legal": "copyright, disclaimers, terms",
    "byline": "author, editor, agency, source",
    "bio": "profile of an author or doctor",
    "repeat": "a line said before on the same page",
    "noise": "debris that means nothing",
}


def render(out: Path) -> str:
    """The page over the tables in `out` as HTML. Raises OutputError when there are none."""
    counts = count(out)
    relations, n_more_relations = findings.relations(out)
    disputes, n_more_disputes = findings.disputes(out)
    reasons, n_more_reasons = cleaning.reasons(out)
    clusters, n_more_clusters = cleaning.clusters(out)
    rejects, n_more_rejects = cleaning.rejects(out)
    labels = {**counts.kept_chars, **counts.dropped_chars}
    return _template().render(
        version=__version__,
        counts=counts,
        kept_labels=KEPT_LABELS,
        labels=[(label, MEANINGS[label], labels[label]) for label in LABELS if label in labels],
        page=dirty_page(out),
        measured=reliability.measured(out),
        sureness=reliability.sureness(out),
        relations=relations,
        n_more_relations=n_more_relations,
        disputes=disputes,
        n_more_disputes=n_more_disputes,
        reasons=reasons,
        n_more_reasons=n_more_reasons,
        clusters=clusters,
        n_more_clusters=n_more_clusters,
        rejects=rejects,
        n_more_rejects=n_more_rejects,
    )


def _template() -> jinja2.Template:
    """The template; every value is escaped, and one that is missing is an error, not a blank."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "number": "{:,}".format, "excerpt": excerpt, "phrase": phrase}
    return environment.get_template("report.html")
