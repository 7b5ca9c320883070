"""The table of command elements."""

from __future__ import annotations

import re

from pydicom.datadict import dictionary_is_retired, dictionary_keyword, dictionary_VR
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dimse.elements import COMMAND_ELEMENTS, ELEMENTS_BY_NAME

#: The longest keyword has a name as short as everybody says it.
SHORTENED = {"move_originator_application_entity_title": "move_originator_ae_title"}


def name_of(keyword: str) -> str:
    boundary = r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
    name = re.sub(boundary, "_", keyword).lower()
    return SHORTENED.get(name, name)


class ElementsTests(SynchronousTestCase):
    def test_the_table_agrees_with_the_dictionary_of_pydicom(self) -> None:
        for element in COMMAND_ELEMENTS:
            self.assertEqual(element.name, name_of(dictionary_keyword(element.number)))
            self.assertEqual(element.vr.name, dictionary_VR(element.number))
            self.assertFalse(dictionary_is_retired(element.number))

    def test_elements_stand_in_the_order_of_their_tags(self) -> None:
        numbers = [element.number for element in COMMAND_ELEMENTS]
        self.assertEqual(numbers, sorted(set(numbers)))

    def test_no_two_elements_have_one_name(self) -> None:
        self.assertEqual(len(ELEMENTS_BY_NAME), len(COMMAND_ELEMENTS))
