"""Files packed into one: zip and tar. Members are read from the archive; nothing is ever written to disk."""

import errno
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO, cast

from pipeline.errors import RejectError
from pipeline.text.formats.unpack import Meter, one_way

__all__ = ["ARCHIVES", "DAMAGED", "is_leftover"]

_LEFTOVER = re.compile(r"[.~]|__|.*~$|.*\.(?:tmp|part|crdownload|swp|lock|bak)$|(?:thumbs\.db|desktop\.ini)$", re.I)

# What the standard library raises on a damaged archive, when it is opened or while a member is read.
DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError
)  # fmt: skip
# A member's name and its bytes, or why it cannot be read.
Members = Iterator[tuple[str, BinaryIO | RejectError]]


def is_leftover(name: str) -> bool:
    """True for a file or folder name that editors, downloads and operating systems leave behind.

    >>> is_leftover(".DS_Store"), is_leftover("page.txt~"), is_leftover("page.txt")
    (True, True, False)
    """
    return _LEFTOVER.match(name) is not None


def _zip(stream: BinaryIO, meter: Meter) -> Members:
    if not stream.seekable():
        raise RejectError("format", "a compressed zip is not read: unpack the outer compression")
    try:
        with zipfile.ZipFile(stream) as archive:
            for entry in archive.infolist():
                if not entry.filename or entry.is_dir() or stat.S_ISLNK(entry.external_attr >> 16):
                    continue  # a link's bytes are the path it points to
                if entry.flag_bits & 1:
                    yield entry.filename, RejectError("encrypted", "it is locked with a password: unpack it yourself")
                    continue
                meter.add(entry.file_size)  # more than this is never handed out, whatever the data say
                member = _opened(archive, entry)
                yield entry.filename, member
                if not isinstance(member, RejectError):
                    member.close()
    except DAMAGED as error:
        raise RejectError("corrupt", f"this is no zip archive, or it is damaged ({error}): fetch it again") from error
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # Its directory points before the file's beginning.
        raise RejectError("corrupt", "this is no zip archive, or its directory is damaged: fetch it again") from error


def _opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BinaryIO | RejectError:
    try:
        return cast(BinaryIO, archive.open(entry))
    except NotImplementedError as error:
        return RejectError("format", f"it is packed in a way that is not read ({error}): unpack the archive yourself")
    except DAMAGED as error:
        return RejectError("corrupt", f"it is damaged ({error}): fetch the archive again")


def _tar(stream: BinaryIO, meter: Meter) -> Members:
    """The members of an archive, and of those behind it, as `cat` leaves them: zeros fill the room between two."""
    source, n_archives = one_way(stream), 0
    while not n_archives or _is_more(source):
        begun = not n_archives
        try:  # by the block, so that nothing of the next archive is taken with the end of this one
            with tarfile.open(fileobj=source, mode="r|", bufsize=tarfile.BLOCKSIZE) as archive:
                begun = True
                yield from _tar_members(archive, meter)
        except DAMAGED as error:
            lost = RejectError("corrupt", f"this is no tar archive, or it is cut short ({error}): fetch it again")
            if begun:
                raise lost from error
            yield "behind the end of the archive", lost
            return
        n_archives += 1


def _tar_members(archive: tarfile.TarFile, meter: Meter) -> Members:
    for entry in archive:
        member = archive.extractfile(entry) if entry.isfile() else None
        if member is not None:
            meter.add(entry.size)  # a sparse file may be large on little data
            yield entry.name, one_way(cast(BinaryIO, member))
    # An archive ends with two blocks of zeros; the library has read the first and takes any end for it.
    if archive.fileobj and archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise RejectError("truncated", "the archive breaks off before its end: fetch it again")


def _is_more(source: io.BufferedReader) -> bool:
    """Whether something other than zeros is left, which are passed."""
    while (ahead := source.peek()) and not ahead.strip(b"\0"):
        source.read(len(ahead))
    source.read(len(ahead) - len(ahead.lstrip(b"\0")))
    return bool(ahead)


ARCHIVES: Mapping[str, Callable[[BinaryIO, Meter], Members]] = MappingProxyType({"zip": _zip, "tar": _tar})
