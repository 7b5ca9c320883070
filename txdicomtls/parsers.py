"""The ``dicomtls:`` endpoint strings.

Every Twisted program in the environment that looks for plugins imports this
module.  So it is apart from :mod:`txdicomtls.net`, which does the work, and what
loads OpenSSL, pydicom or a reactor is imported only when a string of ours is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from twisted.internet.interfaces import (
    IStreamClientEndpointStringParserWithReactor,
    IStreamServerEndpointStringParser,
)
from twisted.plugin import IPlugin
from zope.interface import implementer

if TYPE_CHECKING:
    from twisted.internet.interfaces import (
        IReactorCore,
        IStreamClientEndpoint,
        IStreamServerEndpoint,
    )

    from txdicomtls.interfaces import IReactor


@implementer(IPlugin, IStreamServerEndpointStringParser)
class ServerParser:
    """Where to listen: ``dicomtls:2762:certificate=node.crt:key=node.key:trust=ca.crt``.

    The arguments are those of
    :func:`txdicomtls.net.endpoint_strings.server_endpoint_from_strings`.
    """

    prefix = "dicomtls"

    def parseStreamServer(
        self, reactor: IReactorCore, *args: object, **kwargs: object
    ) -> IStreamServerEndpoint:
        """Make the endpoint that a string describes.

        :param reactor: what the endpoint is to listen with.
        :param args: the port.
        :param kwargs: the arguments by name.
        :return: an endpoint that listens for DICOM over TLS.
        :raises ValueError: an argument is missing, unknown or wrong; the text names it.
        """
        from txdicomtls.net.endpoint_strings import server_endpoint_from_strings

        named = {name: str(value) for name, value in kwargs.items()}
        return server_endpoint_from_strings(cast("IReactor", reactor), *map(str, args), **named)


@implementer(IPlugin, IStreamClientEndpointStringParserWithReactor)
class ClientParser:
    """Whom to connect to: ``dicomtls:pacs.example:2762:certificate=...:key=...:trust=ca.crt``.

    The arguments are those of
    :func:`txdicomtls.net.endpoint_strings.client_endpoint_from_strings`.
    """

    prefix = "dicomtls"

    def parseStreamClient(
        self, reactor: IReactorCore, *args: object, **kwargs: object
    ) -> IStreamClientEndpoint:
        """Make the endpoint that a string describes.

        :param reactor: what the endpoint is to connect with.
        :param args: the host and the port.
        :param kwargs: the arguments by name.
        :return: an endpoint that connects with DICOM over TLS.
        :raises ValueError: an argument is missing, unknown or wrong; the text names it.
        """
        from txdicomtls.net.endpoint_strings import client_endpoint_from_strings

        named = {name: str(value) for name, value in kwargs.items()}
        return client_endpoint_from_strings(cast("IReactor", reactor), *map(str, args), **named)
