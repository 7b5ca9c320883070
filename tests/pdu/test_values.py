"""What the values promise to those who hold and log them."""

from __future__ import annotations

import dataclasses
from enum import IntEnum

from twisted.trial.unittest import SynchronousTestCase

from tests.pdu import golden
from txdicomtls import pdu
from txdicomtls.pdu import (
    ContextResult,
    PresentationContextAC,
    UserIdentityAC,
    UserIdentityRQ,
    UserInformation,
)


class ValueTests(SynchronousTestCase):
    def test_every_value_is_frozen_and_hashable(self) -> None:
        for value in (
            golden.ASSOCIATE_RQ,
            golden.ASSOCIATE_AC,
            golden.ASSOCIATE_RJ,
            golden.P_DATA_TF,
            golden.RELEASE_RQ,
            golden.RELEASE_RP,
            golden.ABORT,
        ):
            hash(value)
            for field in dataclasses.fields(value):
                with self.assertRaises(dataclasses.FrozenInstanceError):
                    setattr(value, field.name, None)

    def test_secrets_do_not_show_in_a_repr(self) -> None:
        shown = repr(
            UserInformation(
                user_identity=UserIdentityRQ(
                    identity_type=2, primary=b"s3cret", secondary=b"s3cret"
                ),
                user_identity_response=UserIdentityAC(response=b"s3cret"),
            )
        )
        self.assertIn("UserIdentityRQ", shown)
        self.assertNotIn("s3cret", shown)

    def test_a_context_is_accepted_by_result_0_alone(self) -> None:
        for result in range(256):
            context = PresentationContextAC(context_id=1, result=result)
            self.assertEqual(context.accepted, result == ContextResult.ACCEPTANCE)

    def test_the_codes_are_those_of_the_standard(self) -> None:
        def codes(enumeration: type[IntEnum]) -> list[int]:
            return [member.value for member in enumeration]

        self.assertEqual(codes(pdu.PDUType), [1, 2, 3, 4, 5, 6, 7])
        self.assertEqual(
            codes(pdu.ItemType), [0x10, 0x20, 0x21, 0x30, 0x40, 0x50, *range(0x51, 0x5A)]
        )
        self.assertEqual(codes(ContextResult), [0, 1, 2, 3, 4])
        self.assertEqual(codes(pdu.UserIdentityType), [1, 2, 3, 4, 5])

    def test_all_public_names_are_there(self) -> None:
        self.assertEqual([name for name in pdu.__all__ if not hasattr(pdu, name)], [])
        self.assertEqual(len(set(pdu.__all__)), len(pdu.__all__))
