"""Each sub-item of user information as the standard's table prints it, both ways."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.pdu import strategies
from txdicomtls.errors import LocalProtocolError, RemoteProtocolError
from txdicomtls.pdu import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentityAC,
    UserIdentityRQ,
    UserIdentityType,
    UserInformation,
)
from txdicomtls.pdu.sub_items import decode_user_information, encode_user_information


def octets_of(user: UserInformation) -> bytes:
    """The sub-items, without the header of item 50H."""
    octets = encode_user_information(user)
    assert octets[:2] == b"\x50\x00"
    assert int.from_bytes(octets[2:4], "big") == len(octets) - 4
    return octets[4:]


def value_of(octets: bytes) -> UserInformation:
    return decode_user_information(memoryview(octets))


class GoldenTests(SynchronousTestCase):
    def assert_printed(self, user: UserInformation, octets: bytes) -> None:
        self.assertEqual(octets_of(user), octets)
        self.assertEqual(value_of(octets), user)

    def test_51h_maximum_length(self) -> None:
        self.assert_printed(
            UserInformation(maximum_length=0x01020304), b"\x51\x00\x00\x04\x01\x02\x03\x04"
        )

    def test_51h_unlimited(self) -> None:
        self.assert_printed(UserInformation(maximum_length=0), b"\x51\x00\x00\x04\x00\x00\x00\x00")

    def test_52h_implementation_class_uid(self) -> None:
        self.assert_printed(
            UserInformation(implementation_class_uid="1.2.3.4"), b"\x52\x00\x00\x071.2.3.4"
        )

    def test_53h_asynchronous_operations_window(self) -> None:
        self.assert_printed(
            UserInformation(window=AsynchronousOperationsWindow(invoked=8, performed=0x0102)),
            b"\x53\x00\x00\x04\x00\x08\x01\x02",
        )

    def test_54h_role_selection(self) -> None:
        self.assert_printed(
            UserInformation(
                roles=(
                    RoleSelection(sop_class_uid="1.2.3", scu=True, scp=False),
                    RoleSelection(sop_class_uid="1.2.4", scu=False, scp=True),
                )
            ),
            b"\x54\x00\x00\x09\x00\x051.2.3\x01\x00\x54\x00\x00\x09\x00\x051.2.4\x00\x01",
        )

    def test_55h_implementation_version_name(self) -> None:
        self.assert_printed(
            UserInformation(implementation_version_name="TXDICOMTLS 1.0 ~"),
            b"\x55\x00\x00\x10TXDICOMTLS 1.0 ~",
        )

    def test_56h_sop_class_extended_negotiation(self) -> None:
        self.assert_printed(
            UserInformation(
                extended=(ExtendedNegotiation(sop_class_uid="1.2.3", information=b"\x01\x00"),)
            ),
            b"\x56\x00\x00\x09\x00\x051.2.3\x01\x00",
        )

    def test_57h_sop_class_common_extended_negotiation(self) -> None:
        self.assert_printed(
            UserInformation(
                common_extended=(
                    CommonExtendedNegotiation(
                        sop_class_uid="1.2.3",
                        service_class_uid="1.2.4",
                        related_general_sop_classes=("1.2.5", "1.2.6.7"),
                    ),
                )
            ),
            b"\x57\x00\x00\x20"  # Item-type, Sub-item-version, Item-length
            b"\x00\x051.2.3"  # SOP-class-uid
            b"\x00\x051.2.4"  # Service-class-uid
            b"\x00\x10"  # Related-general-sop-class-identification-length
            b"\x00\x051.2.5\x00\x071.2.6.7",
        )

    def test_57h_without_related_classes_and_with_a_version(self) -> None:
        self.assert_printed(
            UserInformation(
                common_extended=(
                    CommonExtendedNegotiation(
                        sop_class_uid="1.2.3", service_class_uid="1.2.4", version=2
                    ),
                )
            ),
            b"\x57\x02\x00\x10\x00\x051.2.3\x00\x051.2.4\x00\x00",
        )

    def test_58h_user_name_and_passcode(self) -> None:
        self.assert_printed(
            UserInformation(
                user_identity=UserIdentityRQ(
                    identity_type=UserIdentityType.USERNAME_AND_PASSCODE,
                    primary=b"alice",
                    secondary=b"secret",
                )
            ),
            b"\x58\x00\x00\x11\x02\x00\x00\x05alice\x00\x06secret",
        )

    def test_58h_user_name_with_an_answer_asked_for(self) -> None:
        self.assert_printed(
            UserInformation(
                user_identity=UserIdentityRQ(
                    identity_type=UserIdentityType.USERNAME,
                    primary=b"alice",
                    positive_response_requested=True,
                )
            ),
            b"\x58\x00\x00\x0b\x01\x01\x00\x05alice\x00\x00",
        )

    def test_59h_server_response(self) -> None:
        self.assert_printed(
            UserInformation(user_identity_response=UserIdentityAC(response=b"yes")),
            b"\x59\x00\x00\x05\x00\x03yes",
        )

    def test_59h_without_a_response(self) -> None:
        self.assert_printed(
            UserInformation(user_identity_response=UserIdentityAC()), b"\x59\x00\x00\x02\x00\x00"
        )

    def test_sub_items_go_out_in_increasing_order_of_type(self) -> None:
        request = UserInformation(
            maximum_length=0,
            implementation_class_uid="1",
            implementation_version_name="A",
            window=AsynchronousOperationsWindow(invoked=1, performed=1),
            roles=(RoleSelection(sop_class_uid="1", scu=True, scp=True),),
            extended=(ExtendedNegotiation(sop_class_uid="1", information=b""),),
            common_extended=(CommonExtendedNegotiation(sop_class_uid="1", service_class_uid="1"),),
            user_identity=UserIdentityRQ(identity_type=1, primary=b""),
            user_identity_response=UserIdentityAC(),
        )
        octets, types = octets_of(request), []
        while octets:
            types.append(octets[0])
            octets = octets[4 + int.from_bytes(octets[2:4], "big") :]
        self.assertEqual(types, [*range(0x51, 0x5A)])


class RoundTripTests(SynchronousTestCase):
    @settings(deadline=None)
    @given(strategies.user_information_rq() | strategies.user_information_ac())
    def test_what_was_encoded_is_decoded_to_the_same_value(self, user: UserInformation) -> None:
        self.assertEqual(value_of(octets_of(user)), user)

    @settings(deadline=None)
    @given(st.data())
    def test_only_remote_protocol_errors_come_out_of_mutated_bytes(
        self, data: st.DataObject
    ) -> None:
        octets = octets_of(data.draw(strategies.user_information_rq()))
        try:
            user = value_of(data.draw(strategies.mutations(octets)))
            again = octets_of(user)
        except (RemoteProtocolError, LocalProtocolError):
            return
        self.assertEqual(value_of(again), user)


class ReservedFieldTests(SynchronousTestCase):
    def test_byte_2_is_not_tested_but_in_57h(self) -> None:
        for octets in (
            b"\x51\x00\x00\x04\x00\x00\x40\x00",
            b"\x52\x00\x00\x071.2.3.4",
            b"\x53\x00\x00\x04\x00\x08\x00\x00",
            b"\x54\x00\x00\x09\x00\x051.2.3\x01\x00",
            b"\x55\x00\x00\x04TXD1",
            b"\x56\x00\x00\x09\x00\x051.2.3\x01\x00",
            b"\x58\x00\x00\x0b\x01\x01\x00\x05alice\x00\x00",
            b"\x59\x00\x00\x05\x00\x03yes",
        ):
            self.assertEqual(value_of(octets[:1] + b"\xff" + octets[2:]), value_of(octets))


class ToleranceTests(SynchronousTestCase):
    def test_unknown_sub_items_are_skipped_even_if_they_are_repeated(self) -> None:
        unknown = b"\x5a\x00\x00\x01\xff"
        self.assertEqual(
            value_of(unknown + b"\x51\x00\x00\x04\x00\x00\x40\x00" + unknown + unknown),
            UserInformation(maximum_length=0x4000),
        )

    def test_a_version_name_is_taken_whatever_it_is(self) -> None:
        for octets, name in (
            (b"", ""),
            (b"%s%n{0}", "%s%n{0}"),
            (b"\xc4\x1b[2J", "\\xc4\x1b[2J"),
            (b"x" * 300, "x" * 300),
            (b"ODD\0", "ODD"),
        ):
            sub_item = b"\x55\x00" + len(octets).to_bytes(2, "big") + octets
            self.assertEqual(value_of(sub_item).implementation_version_name, name)

    def test_an_implementation_class_uid_is_taken_whatever_it_is(self) -> None:
        self.assertEqual(value_of(b"\x52\x00\x00\x00").implementation_class_uid, "")
        self.assertEqual(value_of(b"\x52\x00\x00\x02no").implementation_class_uid, "no")

    def test_only_1_is_a_role(self) -> None:
        for octet, granted in ((0, False), (1, True), (2, False), (0xFF, False)):
            (role,) = value_of(b"\x54\x00\x00\x05\x00\x011" + bytes((octet, octet))).roles
            self.assertEqual((role.scu, role.scp), (granted, granted))

    def test_the_same_sop_class_may_be_named_twice(self) -> None:
        role = b"\x54\x00\x00\x05\x00\x011\x01\x00"
        self.assertEqual(len(value_of(role + role).roles), 2)

    def test_a_user_identity_of_unknown_type_is_handed_on(self) -> None:
        identity = value_of(b"\x58\x00\x00\x07\x63\x02\x00\x01x\x00\x00").user_identity
        self.assertEqual(identity, UserIdentityRQ(identity_type=0x63, primary=b"x"))


class StructureTests(SynchronousTestCase):
    def assert_refused(self, octets: bytes, text: str) -> None:
        with self.assertRaises(RemoteProtocolError) as caught:
            value_of(octets)
        self.assertIn(text, str(caught.exception))

    def test_a_sub_item_of_fixed_length_with_another_one_is_refused(self) -> None:
        for item_type in (0x51, 0x53):
            for length in (0, 1, 3, 5, 8):
                sub_item = bytes((item_type, 0, 0, length)) + bytes(length)
                self.assert_refused(sub_item, f"sub-item {item_type:02X}H")

    def test_a_field_that_reaches_beyond_its_sub_item_is_refused(self) -> None:
        for octets, field in (
            (b"\x54\x00\x00\x01\x00", "length of SOP-class-uid"),
            (b"\x54\x00\x00\x09\x00\x081.2.3\x01\x00", "SOP-class-uid"),
            (b"\x54\x00\x00\x08\x00\x051.2.3\x01", "SCP-role"),
            (b"\x54\x00\x00\x07\x00\x051.2.3", "SCU-role"),
            (b"\x56\x00\x00\x05\x00\x041.2", "SOP-class-uid"),
            (b"\x57\x00\x00\x03\x00\x011", "length of Service-class-uid"),
            (b"\x57\x00\x00\x06\x00\x011\x00\x021", "Service-class-uid"),
            (b"\x57\x00\x00\x06\x00\x011\x00\x011", "Related-general-sop-class-identification"),
            (b"\x57\x00\x00\x08\x00\x011\x00\x011\x00\x01", "identification"),
            (b"\x57\x00\x00\x0a\x00\x011\x00\x011\x00\x02\x00\x01", "Related-general-sop-class"),
            (b"\x58\x00\x00\x00", "User-Identity-Type"),
            (b"\x58\x00\x00\x01\x01", "Positive-response-requested"),
            (b"\x58\x00\x00\x05\x01\x00\x00\x02x", "Primary-field"),
            (b"\x58\x00\x00\x05\x01\x00\x00\x01x", "length of Secondary-field"),
            (b"\x58\x00\x00\x07\x01\x00\x00\x01x\xff\xff", "Secondary-field"),
            (b"\x59\x00\x00\x00", "length of Server-response"),
            (b"\x59\x00\x00\x03\x00\x02x", "Server-response"),
        ):
            self.assert_refused(octets, field)

    def test_stray_bytes_after_the_last_field_are_refused(self) -> None:
        for octets in (
            b"\x54\x00\x00\x06\x00\x011\x01\x00\x00",
            b"\x57\x00\x00\x09\x00\x011\x00\x011\x00\x00\x00",
            b"\x58\x00\x00\x08\x01\x00\x00\x01x\x00\x00\x00",
            b"\x59\x00\x00\x04\x00\x01x\x00",
        ):
            self.assert_refused(octets, "stray bytes at the end of sub-item")

    def test_an_empty_uid_is_refused(self) -> None:
        for octets in (
            b"\x54\x00\x00\x04\x00\x00\x01\x00",
            b"\x56\x00\x00\x02\x00\x00",
            b"\x57\x00\x00\x07\x00\x00\x00\x011\x00\x00",
            b"\x57\x00\x00\x07\x00\x011\x00\x00\x00\x00",
            b"\x57\x00\x00\x0a\x00\x011\x00\x011\x00\x02\x00\x00",
        ):
            self.assert_refused(octets, "is empty")

    def test_a_second_one_is_refused_where_there_can_only_be_one(self) -> None:
        for octets in (
            b"\x51\x00\x00\x04\x00\x00\x40\x00",
            b"\x52\x00\x00\x071.2.3.4",
            b"\x53\x00\x00\x04\x00\x08\x00\x00",
            b"\x55\x00\x00\x04TXD1",
            b"\x58\x00\x00\x0b\x01\x01\x00\x05alice\x00\x00",
            b"\x59\x00\x00\x05\x00\x03yes",
        ):
            self.assert_refused(octets + octets, f"2 sub-items {octets[0]:02X}H")


class RefusalTests(SynchronousTestCase):
    def assert_refused(self, user: UserInformation, field: str) -> str:
        with self.assertRaises(LocalProtocolError) as caught:
            encode_user_information(user)
        self.assertIn(field, str(caught.exception))
        return str(caught.exception)

    def test_numbers_that_do_not_fit_are_refused_by_name(self) -> None:
        for length in (-1, 0x1_0000_0000):
            self.assert_refused(UserInformation(maximum_length=length), "Maximum-length-received")
        for count in (-1, 0x1_0000):
            self.assert_refused(
                UserInformation(window=AsynchronousOperationsWindow(invoked=count, performed=0)),
                "Maximum-number-operations-invoked",
            )
            self.assert_refused(
                UserInformation(window=AsynchronousOperationsWindow(invoked=0, performed=count)),
                "Maximum-number-operations-performed",
            )

    def test_a_version_name_that_breaks_the_rules_is_refused(self) -> None:
        for name in ("x" * 17, "\xc4", "A\n", "A ", " "):
            self.assert_refused(
                UserInformation(implementation_version_name=name), "Implementation-version-name"
            )

    def test_what_is_no_uid_is_refused_by_name(self) -> None:
        for uid in ("", "1.2.a", "1" * 65):
            for user, field in (
                (
                    UserInformation(roles=(RoleSelection(sop_class_uid=uid, scu=True, scp=True),)),
                    "SOP-class-uid",
                ),
                (
                    UserInformation(
                        extended=(ExtendedNegotiation(sop_class_uid=uid, information=b""),)
                    ),
                    "SOP-class-uid",
                ),
                (
                    UserInformation(
                        common_extended=(
                            CommonExtendedNegotiation(sop_class_uid="1", service_class_uid=uid),
                        )
                    ),
                    "Service-class-uid",
                ),
                (
                    UserInformation(
                        common_extended=(
                            CommonExtendedNegotiation(
                                sop_class_uid="1",
                                service_class_uid="1",
                                related_general_sop_classes=(uid,),
                            ),
                        )
                    ),
                    "Related-general-sop-class-uid",
                ),
            ):
                self.assert_refused(user, field)

    def test_what_is_too_long_is_refused_without_telling_the_secret(self) -> None:
        secret = b"s3cret" * 20_000
        for user, field in (
            (UserIdentityRQ(identity_type=2, primary=secret), "Primary-field"),
            (
                UserIdentityRQ(identity_type=2, primary=b"", secondary=secret),
                "Secondary-field",
            ),
            (
                UserIdentityRQ(identity_type=2, primary=secret[:40_000], secondary=secret[:40_000]),
                "item 58H",
            ),
        ):
            text = self.assert_refused(UserInformation(user_identity=user), field)
            self.assertNotIn("s3cret", text)
        text = self.assert_refused(
            UserInformation(user_identity_response=UserIdentityAC(response=secret)),
            "Server-response",
        )
        self.assertNotIn("s3cret", text)

    def test_user_information_of_more_than_65535_bytes_is_refused(self) -> None:
        roles = (RoleSelection(sop_class_uid="1.2.3", scu=True, scp=True),) * 6000
        self.assert_refused(UserInformation(roles=roles), "item 50H")
