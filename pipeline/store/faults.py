"""What to do about a file that cannot be read or written, by what the system says is wrong with it."""

import errno
from pathlib import Path

from pipeline.errors import OutputError

__all__ = ["is_there", "not_readable", "not_written"]

_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
_IN_THE_WAY = (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY)


def not_written(what: str, error: OSError, full: str) -> OutputError:
    """That `what` cannot be written, with the remedy; `full` is the one where the disk is full."""
    path = error.filename2 or error.filename  # the target, where a file was to be moved
    place = f" {path}" if path else ""
    if error.errno in _DENIED:
        remedy = (
            f"check the permissions of{place and f'{place} and of'} its folder, or choose another folder with --out"
        )
    elif path and _dangles(Path(path)):
        remedy = f"{path} is a link that leads nowhere: make what it leads to, or choose another folder with --out"
    elif error.errno in _IN_THE_WAY:
        remedy = f"move{place or ' what is in the way'} away, or choose another folder with --out"
    else:
        remedy = full
    return OutputError(f"cannot write {what}: {error.strerror or error}; {remedy}")


def not_readable(path: Path, error: Exception) -> OutputError:
    """That the file `path` of the output folder cannot be read, with the remedy."""
    if isinstance(error, OSError) and error.errno in _DENIED:
        return OutputError(
            f"{path} cannot be read ({error.strerror}): check its permissions and those of the folders above it"
        )
    # Libraries say a lot; their first line holds what is wrong.
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return OutputError(f"{path} is damaged ({reason}): delete it and run the pipeline again")


def is_there(path: Path) -> bool:
    """Whether something lies at a path of the output folder. Raises OutputError where it may not be looked at."""
    try:
        return path.exists()
    except OSError as error:
        raise not_readable(path, error) from None


def _dangles(path: Path) -> bool:
    return path.is_symlink() and not path.exists()
