"""`Scoped`: a setting that holds for a block of code, or else for the session; two blocks never mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")


class Scoped(Generic[T]):
    """A value: the one of the innermost `within`, else the one given to `keep`, else what `usual` makes, once.

    A block's value is seen by the code the block runs, and by no other thread.

        >>> size = Scoped("size", lambda: 10)
        >>> with size.within(12):
        ...     size.get()
        12
    """

    def __init__(self, name: str, usual: Callable[[], T]) -> None:
        self._block: ContextVar[T] = ContextVar(name)
        self._session: T | None = None
        self._usual = usual

    def get(self) -> T:
        """The value that holds here."""
        try:
            return self._block.get()
        except LookupError:
            if self._session is None:
                self._session = self._usual()
            return self._session

    @contextmanager
    def within(self, value: T) -> Iterator[None]:
        """Let a value hold for a block."""
        token = self._block.set(value)
        try:
            yield
        finally:
            self._block.reset(token)

    def keep(self, value: T) -> None:
        """Let a value hold for the rest of the session."""
        self._session = value
