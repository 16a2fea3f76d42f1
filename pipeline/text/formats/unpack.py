"""Compressed bytes as a plain stream, unpacked as it is read.

Cut-off data raises RejectError `truncated`, damaged data `corrupt`, data that swells beyond the stated ratio
`bomb`; none of them is ever taken for the end of the file.
"""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import BinaryIO, Protocol

from pipeline.config import Ingest
from pipeline.errors import RejectError

__all__ = ["COMPRESSIONS", "Meter", "can_restart", "chunks", "one_way", "restarted", "unpacked"]

# Below this size nothing is a bomb, whatever its ratio: a page of blanks is harmless.
_HARMLESS = 64 << 20
# Small steps bound what one call can swell to: deflate 1:1032, Zstandard about 1:32,000.
_STEP = 4096
_BUFFER = 1 << 20
_WINDOW = (
    1 << 31
)  # bytes that Zstandard may look back, as `--long=31` has it; memory is used as far as they are unpacked


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _gzip() -> _Decompressor:
    return zlib.decompressobj(wbits=31)


def _zstandard() -> _Decompressor:
    import zstandard

    return zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()


COMPRESSIONS: Mapping[str, Callable[[], _Decompressor]] = MappingProxyType(
    {".gz": _gzip, ".zst": _zstandard, ".bz2": bz2.BZ2Decompressor, ".xz": lzma.LZMADecompressor}
)


class Meter:
    """Counts unpacked bytes against what they were packed in."""

    def __init__(self, packed: int, config: Ingest) -> None:
        self.limit = min(config.max_bytes, max(_HARMLESS, packed * config.max_ratio))
        self.unpacked = 0

    def add(self, n_bytes: int) -> None:
        """Raises RejectError `bomb` once the limit is passed."""
        self.unpacked += n_bytes
        if self.unpacked > self.limit:
            raise RejectError(
                "bomb",
                f"unpacks to more than {self.limit} bytes: unpack it yourself, or raise ingest.max_ratio or "
                "ingest.max_bytes if you trust it",
            )


class _Chunks(io.RawIOBase):
    """A stream over the byte strings that `start` yields, made of the stream `packed` if they can be made again."""

    def __init__(self, start: Callable[[], Iterator[bytes]], packed: BinaryIO | None = None) -> None:
        self.start, self.packed = start, packed
        self._chunks = start()
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readall(self) -> bytes:
        rest, self._rest = self._rest, memoryview(b"")
        return b"".join([rest, *self._chunks])

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        n = min(len(buffer), len(self._rest))
        buffer[:n] = self._rest[:n]
        self._rest = self._rest[n:]
        return n


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The rest of a stream, a megabyte at a time."""
    return iter(lambda: stream.read(_BUFFER), b"")


def one_way(stream: BinaryIO) -> io.BufferedReader:
    """The bytes of a stream that can be read once only, whatever it says of itself."""
    return io.BufferedReader(_Chunks(lambda: chunks(stream)), _BUFFER)


def unpacked(stream: BinaryIO, suffix: str, meter: Meter) -> BinaryIO:
    """A stream of the unpacked bytes of `stream`; `suffix` is one of COMPRESSIONS. Members in a row are joined."""
    done = meter.unpacked

    def start() -> Iterator[bytes]:
        meter.unpacked = done  # what is unpacked a second time counts once
        return _chunks(stream, COMPRESSIONS[suffix], meter)

    return io.BufferedReader(_Chunks(start, stream), _BUFFER)


def can_restart(stream: BinaryIO) -> bool:
    """Whether `restarted` can give the bytes of a stream once more."""
    raw = getattr(stream, "raw", None)
    if isinstance(raw, _Chunks):
        return raw.packed is not None and can_restart(raw.packed)
    return stream.seekable()


def restarted(stream: BinaryIO) -> BinaryIO:
    """The bytes of a stream from its beginning, unpacked anew where it is packed; `stream` is not to be used again."""
    raw = getattr(stream, "raw", None)
    if isinstance(raw, _Chunks) and raw.packed is not None:
        restarted(raw.packed)
        return io.BufferedReader(_Chunks(raw.start, raw.packed), _BUFFER)
    stream.seek(0)
    return stream


def _chunks(stream: BinaryIO, start: Callable[[], _Decompressor], meter: Meter) -> Iterator[bytes]:
    member, place = start(), 0
    fresh, ended = True, False
    while data := stream.read(_STEP):
        read = place + len(data)
        while data := data.lstrip(b"\0") if fresh and ended else data:  # zeros pad the end of some archives
            chunk = _step(member, data, place)
            fresh, data = False, b""
            meter.add(len(chunk))
            if member.eof:
                member, data, fresh, ended = start(), member.unused_data, True, True
            yield chunk
        place = read
    if not fresh:
        raise RejectError("truncated", f"the compressed data end in mid-stream, at byte {place}: fetch the file again")


def _step(member: _Decompressor, data: bytes, place: int) -> bytes:
    import zstandard

    try:
        return member.decompress(data)
    except (zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError, EOFError) as error:
        raise RejectError(
            "corrupt", f"the compressed data break off near byte {place} ({error}): fetch it again"
        ) from error
