"""A PNG picture from outside: checked, and without anything but the picture. Format: ISO/IEC 15948, W3C PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
"""The chunks that make the picture; the others may tell who drew it, when and with what."""
LARGEST = 256 * 1024
WIDEST = 2000
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type → samples a pixel."""


class NoPng(Exception):
    """Not a PNG, a damaged one, or one wider or higher than is of use."""


def bare(picture: bytes) -> tuple[bytes, int, int]:
    """The picture alone, with its width and height in pixels. Raises `NoPng`.

    >>> png, width, height = bare(Path("logo.png").read_bytes())
    """
    chunks = [(kind, body) for kind, body in _chunks(picture) if kind in KEPT]
    if len(chunks) < 3 or chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND" or len(chunks[0][1]) != 13:
        raise NoPng
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if not (
        0 < width <= WIDEST and 0 < height <= WIDEST and colour in _CHANNELS and depth in (1, 2, 4, 8, 16)
    ):
        raise NoPng
    if colour == 3 and b"PLTE" not in dict(chunks):
        raise NoPng
    row = 1 + (width * depth * _CHANNELS[colour] + 7) // 8
    _inflate(b"".join(body for kind, body in chunks if kind == b"IDAT"), row * height, bool(interlaced))
    return SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks), width, height


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not picture.startswith(SIGNATURE):
        raise NoPng
    at = len(SIGNATURE)
    while at < len(picture):
        if at + 12 > len(picture):
            raise NoPng
        (length,) = struct.unpack_from(">I", picture, at)
        kind, body = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        if picture[at : at + 12 + length] != _chunk(kind, body) or len(body) != length:
            raise NoPng
        yield kind, body
        if kind == b"IEND":
            return  # what follows is no part of the picture
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _inflate(packed: bytes, size: int, interlaced: bool) -> None:
    """Whether the pixels are all there; interlaced ones take a few bytes more."""
    reader = zlib.decompressobj()
    most = size + size // 2 + 64 if interlaced else size
    try:
        pixels = reader.decompress(packed, most + 1)
    except zlib.error:
        raise NoPng from None
    if not size <= len(pixels) <= most:
        raise NoPng
