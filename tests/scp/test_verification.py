"""The Verification service class as SCP."""

from __future__ import annotations

from typing import cast

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.association.pair import CT, EXPLICIT, IMPLICIT, VERIFICATION
from tests.net.pair import echo_request, store_request
from txdicomtls.association import PresentationContext
from txdicomtls.dimse import CEchoRSP, Request, Status
from txdicomtls.interfaces import IOperation, IService
from txdicomtls.net import AssociationFacts, Exchange, IncomingRequest
from txdicomtls.scp import Verification


def incoming(message: Request) -> IncomingRequest:
    """A request on a Verification context; nobody asks where it came from."""
    return IncomingRequest(
        message=message,
        context=PresentationContext(
            context_id=1, abstract_syntax=VERIFICATION, transfer_syntax=IMPLICIT
        ),
        association=cast("AssociationFacts", None),
        exchange=cast("Exchange", None),
    )


class VerificationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Verification()

    def test_it_is_a_service(self) -> None:
        verifyObject(IService, self.service)
        verifyObject(IOperation, self.service.begin(incoming(echo_request())))

    def test_it_accepts_the_verification_sop_class_only(self) -> None:
        self.assertTrue(self.service.accepts(VERIFICATION))
        self.assertFalse(self.service.accepts(CT))

    def test_it_takes_the_first_transfer_syntax_that_is_one(self) -> None:
        choose = self.service.choose
        self.assertEqual(EXPLICIT, choose(VERIFICATION, ("1.2.3", EXPLICIT, IMPLICIT)))
        self.assertIsNone(choose(VERIFICATION, ("1.2.3",)))
        self.assertIsNone(choose(VERIFICATION, ()))

    def test_an_echo_is_a_success_whatever_data_comes_with_it(self) -> None:
        operation = self.service.begin(incoming(echo_request(8)))
        assert operation is not None
        self.assertIsNone(operation.write(memoryview(b"data")))
        answer = self.successResultOf(operation.finish())
        assert isinstance(answer, CEchoRSP)
        self.assertEqual((Status.SUCCESS, 8), (answer.status, answer.message_id_being_responded_to))
        operation.abandon()

    def test_it_has_no_other_operation(self) -> None:
        self.assertIsNone(self.service.begin(incoming(store_request())))
