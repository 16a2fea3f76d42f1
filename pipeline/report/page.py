"""The whole page, put together from its parts."""

import re
from pathlib import Path

import jinja2

from pipeline import __version__
from pipeline.report import cleaning, findings, reliability
from pipeline.report.dirty_page import dirty_page
from pipeline.report.words import excerpt, percent
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.store import count, phrase

__all__ = ["MEANINGS", "chart", "render"]

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
    "repeat": "a line said before, or on many pages of its site",
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
    template = _environment().get_template("report.html")
    return template.render(
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


def chart(found: reliability.Measured) -> str:
    """How often rows of like confidence were right, as an SVG file of its own."""
    environment = _environment()
    macro = environment.from_string('{% from "macros.html" import reliability %}{{ reliability(points) }}')
    style = environment.get_template("style.css").render()
    # Programs other than browsers know no variables; the first of two values is that for light paper.
    colours = dict(reversed(re.findall(r"(--[a-z]+): (#\w+)", style)))
    rules = ["svg { background: var(--paper); }", *re.findall(r"^svg [^{].*", style, re.MULTILINE)]
    plain = re.sub(r"var\((--[a-z]+)\)", lambda used: colours[used[1]], "\n".join(rules))
    return macro.render(points=found.points).strip().replace(">", f">\n<style>\n{plain}\n</style>", 1) + "\n"


def _environment() -> jinja2.Environment:
    """The templates; every value is escaped, and one that is missing is an error, not a blank."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "number": "{:,}".format, "excerpt": excerpt, "phrase": phrase}
    return environment
