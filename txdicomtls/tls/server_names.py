"""Which of several certificates a server shows to a client that names the server it wants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class ServerNames(Generic[T]):
    """What goes with each name, and with none.

    :param choices: the DNS names of each choice, with the choice; names may begin with
        ``*.``, which stands for one label (RFC 9525 6.3).  The first choice is the default,
        and of two with the same name the first counts.
    """

    def __init__(self, choices: Iterable[tuple[Iterable[str], T]]) -> None:
        self._by_name: dict[str, T] = {}
        found: list[T] = []
        for names, choice in choices:
            found.append(choice)
            for name in names:
                self._by_name.setdefault(name.lower(), choice)
        if not found:
            raise ValueError("a server needs at least one certificate to choose from")
        self.default = found[0]

    def find(self, name: str) -> T:
        """The choice for a name as a client indicates it (RFC 6066 3); the default for others."""
        name = name.lower().rstrip(".")
        _, _, parent = name.partition(".")
        exact = self._by_name.get(name)
        return exact or self._by_name.get(f"*.{parent}") or self.default
