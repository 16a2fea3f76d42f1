"""The stages, one module each, in the order the data travels."""

from pipeline.stage import CorpusStage, Stage
from pipeline.stages.clean import CLEAN
from pipeline.stages.consolidate import CONSOLIDATE
from pipeline.stages.deduplicate import DEDUPLICATE
from pipeline.stages.extract import EXTRACT
from pipeline.stages.ingest import INGEST
from pipeline.stages.tag import TAG

__all__ = ["STAGES"]

STAGES: tuple[Stage | CorpusStage, ...] = (
    INGEST,
    CLEAN,
    DEDUPLICATE,
    TAG,
    EXTRACT,
    CONSOLIDATE,
)
