"""Following a recipe of ``docs/howto`` to the letter, in a directory of its own.

What a recipe may consist of, besides prose, are fenced blocks:

- ``console``: commands, each after ``$ ``, with what they print below.  Each must
  exit with status 0; one that is to fail is followed by ``; echo "exit status $?"``.
  A server (:data:`SERVERS`) is started, and goes on until the end.
- ``text``: what the server that was started last says next.
- anything else: belongs at the end of the file that the prose before it names last.

What is printed must have the lines that the recipe shows, in their order; there may be
more between them.  Three dots stand for anything, and space for any other space.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.interop.peers import free_port, listening
from tests.running import ROOT, SCRIPTS, Running, start

#: Commands that serve until they are stopped.
SERVERS = ("twistd", "storescp")

#: Ports that recipes use; a free one stands for each, in what is run and in what is shown.
PORTS = ("2762", "11112", "11113")

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.\w+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, and the prose between it and the one before."""

    prose: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and what the recipe shows that it prints."""

    line: str
    shown: str

    @property
    def serves(self) -> bool:
        """Whether it is not expected to end."""
        return self.line.split()[0] in SERVERS


def blocks_in(page: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    end = 0
    for found in _BLOCK.finditer(page):
        yield Block(page[end : found.start()], found["language"], found["text"])
        end = found.end()


def commands_in(text: str) -> Iterator[Command]:
    """The commands of a ``console`` block."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        ends = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
        yield Command("\n".join(lines[: ends + 1]), "\n".join(lines[ends + 1 :]))


def pattern_of(shown: str) -> str:
    """What output matches that is shown like this."""
    lines = [line.split() for line in shown.splitlines() if line.strip() not in ("", "...")]
    words = [[re.escape(word).replace(r"\.\.\.", ".*?") for word in line] for line in lines]
    first, *rest = (r"\s+".join(line) for line in words or [[]])
    # Each line is looked for after the one before it, and never a second time: a no is quick.
    return first + "".join(rf"(?>(?s:.*?){line})" for line in rest)


class Recipe:
    """A recipe that is followed.

    :param case: the test.
    :param page: name of the page in ``docs/howto``, without its ending.
    :param files: what the reader has already: the file, and its name in the recipe.
    :param programs: further commands, by the names that the recipe uses for them.
    """

    def __init__(
        self,
        case: TestCase,
        page: str,
        *,
        files: Mapping[str, Path] | None = None,
        programs: Mapping[str, Path] | None = None,
    ) -> None:
        self._case = case
        self._page = (ROOT / "docs/howto" / f"{page}.md").read_text()
        self._ports = {port: str(free_port()) for port in PORTS}
        self._directory = Path(case.mktemp()).absolute()
        self._server: Running | None = None
        ours = {name: SCRIPTS / name for name in ("txdicomtls", "twistd")}
        self._commands = self._directory / "bin"
        self._commands.mkdir(parents=True)
        for name, program in (ours | dict(programs or {})).items():
            (self._commands / name).symlink_to(program)
        for name, file in (files or {}).items():
            (self._directory / name).symlink_to(file)

    async def follow(self) -> None:
        """Do all that it says, and compare."""
        blocks = [*blocks_in(self._with_free_ports(self._page))]
        self._case.assertTrue(blocks)
        for block in blocks:
            if block.language == "console":
                for command in commands_in(block.text):
                    await self._run(command)
            elif block.language == "text":
                await self._server_says(block.text)
            else:
                self._write(block)

    def _with_free_ports(self, text: str) -> str:
        for port, free in self._ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        return text

    def _write(self, block: Block) -> None:
        names = _FILE.findall(block.prose)
        self._case.assertTrue(names, f"no file is named before this:\n{block.text}")
        with (self._directory / names[-1]).open("a") as file:
            file.write(block.text)

    async def _run(self, command: Command) -> None:
        line = f"exec {command.line}" if command.serves else command.line
        path = os.pathsep.join((str(self._commands), "/usr/bin", os.environ.get("PATH", "")))
        process = start(self._case, ["/bin/sh", "-c", line], cwd=self._directory, PATH=path)
        if command.serves:
            self._server = process
            await self._server_says(command.shown)
            for port in self._ports.values():
                if port in command.line:
                    await listening(process, int(port))
            return
        status = await process.ended
        said = f"$ {command.line}\n{process.output}"
        self._case.assertEqual(0, status, said)
        self._case.assertIsNotNone(
            re.search(pattern_of(command.shown), process.output),
            f"{said}\nThe recipe shows instead:\n{command.shown}",
        )

    async def _server_says(self, shown: str) -> None:
        assert self._server is not None, f"no server is there that could say this:\n{shown}"
        found = await self._server.when_says(pattern_of(shown))
        # What was said once is not what it says next.
        self._server.output = self._server.output[found.end() :]
