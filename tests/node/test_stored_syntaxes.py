"""In which transfer syntaxes there are instances, known at once."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.node.test_forwarding import CT, MR, record
from txdicomtls.node.stored_syntaxes import StoredSyntaxes

IMPLICIT, JPEG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50"


class StoredSyntaxTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.stored = {CT: [JPEG]}
        self.syntaxes = StoredSyntaxes(lambda sop_class: self.stored.get(sop_class, []))

    def test_before_anything_is_read_nothing_is_known(self) -> None:
        self.assertEqual([], self.syntaxes(CT))

    def test_what_is_stored_is_known_when_it_was_read(self) -> None:
        self.syntaxes.load()
        self.assertEqual([JPEG], self.syntaxes(CT))
        self.assertEqual([], self.syntaxes(MR))
        self.stored[MR] = [IMPLICIT]
        self.syntaxes.load()
        self.assertEqual([IMPLICIT], self.syntaxes(MR))

    def test_what_arrives_is_known_at_once_and_comes_last(self) -> None:
        self.syntaxes.load()
        for _ in range(2):
            self.syntaxes.note(record())
        self.assertEqual([JPEG, IMPLICIT], self.syntaxes(CT))
