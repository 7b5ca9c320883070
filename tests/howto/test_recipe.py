"""A recipe that does not do what it says is found out."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.howto import recipe
from tests.howto.recipe import Command, Recipe, blocks_in, commands_in, pattern_of


class ReadingTests(SynchronousTestCase):
    def test_blocks_come_with_the_prose_before_them(self) -> None:
        page = "Do this:\n\n```console\n$ true\n```\n\nIn `a.toml`:\n\n```toml\nb = 1\n```\nend\n"
        one, other = blocks_in(page)
        self.assertEqual(("console", "$ true\n"), (one.language, one.text))
        self.assertEqual(("toml", "b = 1\n"), (other.language, other.text))
        self.assertIn("`a.toml`", other.prose)

    def test_commands_may_have_several_lines_and_show_several(self) -> None:
        commands = [*commands_in("$ one \\\n    more\n$ two\nsaid\nand said\n")]
        expected = [Command("one \\\n    more", ""), Command("two", "said\nand said")]
        self.assertEqual(expected, commands)

    def test_shown_lines_are_in_order_with_others_between(self) -> None:
        shown = "one  line\n...\nanother ... end\n"
        self.assertRegex("a one line b\nx\nanother 1.5 end", pattern_of(shown))
        self.assertNotRegex("another 1.5 end\none line", pattern_of(shown))
        self.assertNotRegex("one line\nanother 1.5\nend of it", pattern_of("one line\nanother 2"))


class FollowingTests(TestCase):
    timeout = 30

    def page(self, text: str) -> Recipe:
        """A recipe that says this."""
        root = Path(self.mktemp()).absolute()
        (root / "docs/howto").mkdir(parents=True)
        (root / "docs/howto/page.md").write_text(text)
        self.patch(recipe, "ROOT", root)
        return Recipe(self, "page")

    async def assertUntrue(self, text: str, *said: str) -> None:
        with self.assertRaises(AssertionError) as caught:
            await self.page(text).follow()
        for words in said:
            self.assertIn(words, str(caught.exception))

    async def test_one_that_is_true_is_followed(self) -> None:
        text = "In `a.toml`:\n```toml\nb = 2762\n```\n```console\n$ cat a.toml\nb = 2762\n```\n"
        await self.page(text).follow()

    async def test_a_command_that_fails_is_found_out(self) -> None:
        await self.assertUntrue("```console\n$ echo no; false\n```\n", "$ echo no; false", "no")

    async def test_other_output_than_is_shown_is_found_out(self) -> None:
        text = "```console\n$ echo one\ntwo\n```\n"
        await self.assertUntrue(text, "$ echo one", "shows instead:\ntwo")

    async def test_a_file_without_a_name_is_found_out(self) -> None:
        await self.assertUntrue("Write:\n```toml\nb = 1\n```\n", "no file is named")

    async def test_a_server_that_ends_is_found_out(self) -> None:
        text = "```console\n$ twistd --version\nlistens\n```\n"
        await self.assertUntrue(text, "ended without 'listens'")

    async def test_a_page_without_blocks_is_no_recipe(self) -> None:
        await self.assertUntrue("Nothing to do.\n")
