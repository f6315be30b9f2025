"""Messages on a Unix socket: each a channel and a list of byte strings, as Jupyter's sessions make them."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence

from jupyter_client.session import Session

SHELL, IOPUB, STDIN, CONTROL = b"s", b"p", b"i", b"c"
_HEAD = struct.Struct("!cI")


def pack(channel: bytes, parts: Sequence[bytes | memoryview]) -> bytes:
    """One message as bytes: the channel, the number of parts, their lengths, then the parts.

    >>> pack(SHELL, [b"ab"])
    b's\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x02ab'
    """
    lengths = struct.pack(f"!{len(parts)}I", *(memoryview(part).nbytes for part in parts))
    return b"".join([_HEAD.pack(channel, len(parts)), lengths, *parts])


class Unpacker:
    """Puts messages together again from whatever pieces they arrive in."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, piece: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
        """The messages that are whole now."""
        self._held += piece
        while (message := self._whole()) is not None:
            yield message

    def _whole(self) -> tuple[bytes, list[bytes]] | None:
        if len(self._held) < _HEAD.size:
            return None
        channel, count = _HEAD.unpack_from(self._held)
        at = _HEAD.size + 4 * count
        if len(self._held) < at:
            return None
        lengths = struct.unpack_from(f"!{count}I", self._held, _HEAD.size)
        if len(self._held) < at + sum(lengths):
            return None
        parts = []
        for length in lengths:
            parts.append(bytes(self._held[at : at + length]))
            at += length
        del self._held[:at]
        return channel, parts


def unsigned(session: Session) -> Session:
    """A session whose messages nobody else can read or write, and so need no signature."""
    session.key = b""
    return session


class Sender:
    """What a session takes for a zmq socket: sends every message at once, from any thread."""

    def __init__(self, link: socket.socket, channel: bytes, lock: threading.Lock) -> None:
        self._link, self._channel, self._lock = link, channel, lock

    def send_multipart(self, parts: Sequence[bytes | memoryview], **_: object) -> None:
        """Send one message."""
        with self._lock:
            self._link.sendall(pack(self._channel, parts))

    def flush(self, *_: object) -> None:
        """Nothing is held back."""
