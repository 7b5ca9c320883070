"""Who may do what, as the test says."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.association.pair import request
from txdicomtls.codes import RejectReason
from txdicomtls.errors import AssociationLost, AssociationRefused, AssociationRejected, LinkRefused
from txdicomtls.interfaces import Grant, IAccess
from txdicomtls.net import AssociationFactory, RequestorProtocol
from txdicomtls.scp import Verification
from txdicomtls.testing import MemoryAccess, MemoryNetwork


class AccessTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.addCleanup(self.network.close)

    def called(self, access: MemoryAccess) -> RequestorProtocol:
        factory = AssociationFactory(self.network.reactor, services=[Verification()], access=access)
        requestor = RequestorProtocol(self.network.reactor, request())
        self.network.join(requestor, factory.buildProtocol(None))
        return requestor

    def test_it_is_an_access_policy(self) -> None:
        self.assertTrue(verifyObject(IAccess, MemoryAccess()))

    def test_it_lets_everybody_in_and_remembers_who_it_was(self) -> None:
        access = MemoryAccess()
        requestor = self.called(access)
        self.network.result_of(requestor.when_associated())
        self.assertEqual((1, 1), (len(access.links), len(access.associations)))
        self.assertEqual("REQUESTOR", access.associations[0].calling_ae_title)

    def test_it_grants_what_the_test_says(self) -> None:
        requestor = self.called(MemoryAccess(Grant(services=frozenset())))
        self.network.result_of(requestor.when_associated())
        self.assertEqual({}, requestor.connection.contexts)

    def test_it_refuses_links(self) -> None:
        access = MemoryAccess()
        access.link_refusal = LinkRefused("not you")
        requestor = self.called(access)
        with self.assertRaises(AssociationLost):
            self.network.result_of(requestor.when_associated())
        self.assertEqual([], access.associations)

    def test_it_refuses_associations(self) -> None:
        access = MemoryAccess()
        access.refusal = AssociationRefused(RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED)
        requestor = self.called(access)
        with self.assertRaises(AssociationRejected):
            self.network.result_of(requestor.when_associated())

    def test_its_decisions_can_be_held_up(self) -> None:
        access = MemoryAccess()
        access.admission.hold()
        access.authorization.hold()
        requestor = self.called(access)
        associated = requestor.when_associated()
        self.network.flush()
        self.assertEqual((1, 0), (len(access.links), len(access.associations)))
        access.admission.let_go()
        self.network.flush()
        self.assertEqual(1, len(access.associations))
        self.assertNoResult(associated)
        access.authorization.let_go()
        self.network.result_of(associated)
