"""Which certificate goes with which name."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.tls.server_names import ServerNames


class ServerNamesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.names = ServerNames(
            [
                (("pacs.example", "*.wards.example"), "default"),
                (("Archive.Example", "pacs.example"), "archive"),
                (("*.example",), "any"),
                ((), "nameless"),
            ]
        )

    def test_a_name_finds_its_choice_in_whatever_case(self) -> None:
        for name in ("archive.example", "ARCHIVE.EXAMPLE", "archive.example."):
            self.assertEqual("archive", self.names.find(name))

    def test_of_two_with_one_name_the_first_counts(self) -> None:
        self.assertEqual("default", self.names.find("pacs.example"))

    def test_a_wildcard_stands_for_exactly_one_label(self) -> None:
        self.assertEqual("default", self.names.find("three.wards.example"))
        self.assertEqual("any", self.names.find("ris.example"))
        self.assertIs(self.names.default, self.names.find("a.ris.example"))

    def test_a_name_that_nobody_has_gets_the_first(self) -> None:
        for name in ("", ".", "example", "*.example.org", "pacs.example\0.evil", "x" * 300):
            self.assertEqual("default", self.names.find(name), name)

    def test_there_is_at_least_one_choice(self) -> None:
        self.assertRaises(ValueError, ServerNames[str], [])
