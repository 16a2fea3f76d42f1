"""Open a tokenizer of word pieces, alike for all."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["SHIPPED", "open_tokenizer"]

SHIPPED = Path(__file__).parent / "reader" / "tokenizer.json"


@cache
def open_tokenizer(path: Path) -> "Tokenizer":
    """The tokenizer in a file, opened once a process; it pads nothing and cuts nothing off."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
