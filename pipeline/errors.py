"""Everything this package raises on purpose.

    ClaimsieveError
    ├── ConfigError      a setting that cannot work: raised before any work starts (exit 2)
    ├── InputError       the raw folder is missing, empty or unreadable (exit 2)
    ├── OutputError      the tables cannot be written or are missing (exit 1)
    ├── StageError       a stage failed on one file, or its process died: names both (exit 1)
    ├── SchemaError      a stage broke a table's schema: a bug, never the user's fault (exit 1)
    └── RejectError      one file or record cannot be read: becomes a row of `rejects`, the run goes on

Every message names the file or setting, the place in it, and the remedy.
"""

__all__ = [
    "PASSING", "ClaimsieveError", "ConfigError", "InputError", "OutputError", "RejectError", "SchemaError",
    "StageError",
]  # fmt: skip

# The kind of a reject that says nothing of the bytes that were listed: it holds for one run, another may read them.
PASSING = "changed"


class ClaimsieveError(Exception):
    """Root of the tree; `exit_code` is what the command line returns."""

    exit_code = 1


class ConfigError(ClaimsieveError):
    """A setting that cannot work."""

    exit_code = 2


class InputError(ClaimsieveError):
    """The raw folder is missing, empty or unreadable."""

    exit_code = 2


class OutputError(ClaimsieveError):
    """The tables cannot be written, or are not there to be read."""


class StageError(ClaimsieveError):
    """A stage failed on one file, or the process it ran in died."""


class SchemaError(ClaimsieveError):
    """A stage returned rows that do not fit the table's schema."""


class RejectError(ClaimsieveError):
    """One file or record cannot be read.

    `error` is the kind in one word (`empty`, `binary`, `truncated`, ...), `detail` the sentence a user
    reads: what is wrong, where, and what to do. `record` is its index when only one record is lost.
    """

    def __init__(self, error: str, detail: str, record: int | None = None) -> None:
        super().__init__(f"{error}: {detail}")
        self.error = error
        self.detail = detail
        self.record = record
