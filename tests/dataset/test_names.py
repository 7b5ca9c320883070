from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.dataset import name_groups, name_matches

_YAMADA = "Yamada^Tarou=山田^太郎=やまだ^たろう"


class NameTests(SynchronousTestCase):
    def test_names_match_by_group_and_without_case(self) -> None:
        for key, name, expected in (
            ("doe^john", "DOE^JOHN", True),
            ("DOE^JOHN", "Doe^John^^^", True),
            ("DOE^JOHN^^", "Doe^John", True),
            ("Doe ^ John", "Doe^John ", True),
            ("Doe", "Doe^John", False),
            ("Doe^J", "Doe^John", False),
            ("Doe*", "Doe^John", True),
            ("Doe^*", "Doe^John", True),
            ("Doe^*", "Doe", True),
            ("Doe^*^*", "Doe^John", True),
            ("*John", "Doe^John^^", True),
            ("*^john^*", "Doe^John", True),
            ("D?e^J*n", "Doe^John", True),
            ("D?e", "De", False),
            ("*", "", True),
            ("Doe", "", False),
            # Diacritics count, however they are composed; case does not.
            ("jérôme", "JÉRÔME", True),
            ("je\u0301ro\u0302me", "Jérôme", True),
            ("jerome", "Jérôme", False),
            ("STRASSE", "Straße", True),
            # One group may match any group.
            ("yamada*", _YAMADA, True),
            ("山田*", _YAMADA, True),
            ("やまだ^たろう", _YAMADA, True),
            ("鈴木*", _YAMADA, False),
            # Several groups match one each.
            ("Yamada^Tarou=山田^太郎", _YAMADA, True),
            ("=山田*", _YAMADA, True),
            ("==やまだ*", _YAMADA, True),
            ("=Yamada*", _YAMADA, False),
            ("Yamada*=山田*=すずき*", _YAMADA, False),
            ("Yamada*=山田*", "Yamada^Tarou", False),
        ):
            matched = name_matches(name_groups(key), name_groups(name))
            self.assertEqual(expected, matched, (key, name))

    def test_groups_are_three_at_most_and_have_no_empty_end(self) -> None:
        self.assertEqual(("a^b", "c"), name_groups("A^B^^= C ==d=e"))
        self.assertEqual((), name_groups(" ^^=^="))
