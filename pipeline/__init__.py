"""Turns a folder of scraped consumer-health text into a table of medical claims.

    raw folder ─ ingest ─ clean ─ deduplicate ─ tag ─ extract ─ consolidate ─ tables

`run` makes the tables, `load` and `claims` read them, `evidence` shows the raw words behind one claim.
"""

from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from pipeline.config import Config
    from pipeline.engines.flow import Outcome, RunOptions
    from pipeline.store import Evidence, Manifest

__all__ = ["OUT", "RAW", "__version__", "claims", "evidence", "load", "run"]

__version__ = "0.1.0"
RAW = Path("data/raw")
OUT = Path("data/processed")


def run(
    raw: str | Path = RAW,
    out: str | Path = OUT,
    *,
    config: "Config | str | Path | None" = None,
    workers: int | str | None = None,
) -> "Manifest":
    """Run all stages over the folder `raw`, write the tables and report.html to the folder `out`.

    config: settings, or a TOML file of them; workers: number of processes, None for all cores, "ray"
    for the cluster that RAY_ADDRESS names, which makes the same tables. `~` is your home.
    Returns the manifest: steps done and reused, tables with their rows. Does nothing when the tables
    are up to date. Raises ConfigError, InputError, OutputError or StageError (`pipeline.errors`).
    """
    from pipeline.config import Config, load_config, place
    from pipeline.engines.flow import RunOptions
    from pipeline.errors import ConfigError

    if not (config is None or isinstance(config, Config | str | Path)):
        raise ConfigError(f"config must be a pipeline.config.Config or a TOML file, is a {type(config).__name__}")
    settings = config if isinstance(config, Config) else load_config(config)
    options = RunOptions(place(raw, "raw"), place(out, "out"), config=settings, workers=workers)
    return run_with_report(options).manifest


def run_with_report(options: "RunOptions", *, counted: bool = False) -> "Outcome":
    """`engines.flow.run_stages`, then the report where the tables are complete and it is missing or of others.

    A run up to some stage has no report: one of other tables is removed. With `counted` the outcome of a run that had
    something to do has the counts. All is of this run's tables: no other one gets the folder before the end.
    """
    from pipeline import report
    from pipeline.engines.flow import held_run
    from pipeline.store import count

    report.check_place(options.out)
    with held_run(options) as outcome:
        current = report.is_current(options.out, outcome.manifest)
        if options.upto is None and not (outcome.fresh and current):
            report.write(options.out)
        elif not current:
            report.remove(options.out)
        return replace(outcome, counts=count(options.out)) if counted and not outcome.fresh else outcome


def load(name: str, *, out: str | Path = OUT) -> "pd.DataFrame":
    """Table `name` (`claims`, `claim_groups`, `segments`, ...) as pandas, enumerations as categoricals.

    Columns are described in `pipeline.schema.TABLES[name]`. Raises OutputError when it is not there.
    """
    from pipeline.config import place
    from pipeline.store import read_table

    frame: pd.DataFrame = read_table(place(out, "out"), name).to_pandas()
    return frame


def claims(*, out: str | Path = OUT, min_confidence: float | None = None) -> "pd.DataFrame":
    """The claims, one row each; with `min_confidence` only those at least as sure, rows without a confidence left out.

    Raises OutputError when there are none to read, ConfigError when `min_confidence` is no probability.
    """
    from pipeline.errors import ConfigError

    # numpy's numbers are Real as well; True is one, and a slip.
    number = isinstance(min_confidence, Real) and not isinstance(min_confidence, bool)
    if min_confidence is not None and not (number and 0 <= min_confidence <= 1):
        raise ConfigError(f"min_confidence must be a number between 0 and 1, is {min_confidence!r}")
    frame = load("claims", out=out)
    return frame if min_confidence is None else frame[frame["confidence"] >= min_confidence].reset_index(drop=True)


def evidence(claim: "str | Mapping[str, Any] | pd.Series", *, out: str | Path = OUT) -> "Evidence":
    """The raw passages a claim was read from, its parts marked by offsets into the decoded source.

    claim: a claim_id (its beginning will do), or a row of `claims`. In a notebook the result shows itself
    with the parts marked. Raises OutputError when there is no such claim, ConfigError when `claim` is neither.
    """
    from pipeline.config import place
    from pipeline.errors import ConfigError
    from pipeline.store import evidence as find_evidence

    try:
        claim_id = claim if isinstance(claim, str) else claim["claim_id"]
    except (TypeError, LookupError):
        claim_id = None
    if not isinstance(claim_id, str):
        raise ConfigError(
            f"claim must be a claim_id or a row of `claims` (one: claims().iloc[0]), is a {type(claim).__name__}"
        )
    return find_evidence(claim_id, out=place(out, "out"))
