"""`Child`: what is known of a process that a zygote has forked, and `Outcome`: how it ended."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
from dataclasses import dataclass, field
from typing import Any

from riskkit.errors import ReportFailed
from riskkit.report.engine.zygote import Refusal

TURNS = 50
"""Reports that a child may make one after the other, before another takes its place; each notebook has a kernel of its
own."""


class ZygoteFailed(ReportFailed):
    """The process that forks could not start, could not fork, or is gone."""


GONE: Refusal = ("zygote_gone", {})


@dataclass
class Outcome:
    """How a child ended: with a value, with an error, or without a word: `status` is its exit code, negative for a
    signal."""

    value: Any = None
    error: BaseException | None = None
    status: int | None = None

    @property
    def died(self) -> bool:
        """Whether it ended without an answer."""
        return self.status is not None


@dataclass(eq=False)
class Child:
    """A child: the socket it answers on, its process, and, once it has ended, its status; after an answer, whether it
    is too large by now for more work."""

    number: int
    talk: socket.socket
    process: int | None = None
    status: int | None = None
    refused: Refusal | None = None
    answer: bytearray = field(default_factory=bytearray)
    turns: int = 0
    spent: bool = False

    def done(self, turns: int = TURNS) -> bool:
        """Whether it is to take no more work, having taken so many turns, failed, or grown too large."""
        return self.ended or self.spent or self.turns >= turns

    @property
    def ended(self) -> bool:
        """Whether its process is gone."""
        return self.status is not None or self.refused is not None

    @property
    def answered(self) -> bool:
        """Whether its whole answer is here."""
        return len(self.answer) >= 8 and len(self.answer) >= 8 + int.from_bytes(self.answer[:8], "big")

    @property
    def exit_code(self) -> int:
        """How its process ended: its exit code, negative for a signal."""
        return os.waitstatus_to_exitcode(self.status or 0)

    def signal(self, number: int) -> None:
        """Send a signal to it and to all it started; nothing happens to one that is gone."""
        if self.process is not None and not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process, number)

    def hear(self) -> bool:
        """Take down what has come of its answer; whether anything had."""
        try:
            piece = self.talk.recv(1 << 20, socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):
            return False
        self.answer += piece
        return bool(piece)

    def outcome(self) -> Outcome:
        """What it answered, or how it died."""
        if self.refused:
            return Outcome(error=ZygoteFailed(self.refused[0], **self.refused[1]))
        if not self.answered:
            return Outcome(status=self.exit_code)
        well, said, self.spent = pickle.loads(memoryview(self.answer)[8:])
        return Outcome(value=said) if well else Outcome(error=said)
