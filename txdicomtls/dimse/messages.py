"""What all DIMSE messages have in common, and the register of those that this node knows.

Theory of operation.  A message is a frozen dataclass whose fields are its
command elements, named as in :mod:`txdicomtls.dimse.elements`.  The codec reads the
class and nothing else, so a new message is one class::

    @register
    @dataclass(frozen=True, slots=True, kw_only=True)
    class CEchoRQ(Request):
        command_field = CommandField.C_ECHO_RQ
        has_data_set = False

        affected_sop_class_uid: str
        message_id: int

Three rules give the class its meaning:

* A field whose default is None or empty is optional: that value stands for an absent
  element.  Any other field is mandatory on the wire, also where it has a default.
* ``command_field`` and ``has_data_set`` without annotation are the same for every
  message of the class; a class whose messages may or may not have a data set
  declares ``has_data_set: bool`` as a field.
* The order of fields does not matter: the command set is sent by ascending tag.

Reading is lenient, sending is strict: an element that real peers leave out of their
responses is optional here, and what may not be sent together is said by
:meth:`Message.contradiction`, which only the encoder asks.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import MISSING, dataclass, fields
from enum import IntEnum
from typing import ClassVar, TypeVar

from txdicomtls.dimse.elements import ELEMENTS_BY_NAME, CommandElement
from txdicomtls.errors import MalformedCommand

#: Command Data Set Type (0000,0800) of a message without a data set; any other value
#: announces one (PS3.7 E.1).
NO_DATA_SET = 0x0101

#: What we send where there is a data set.
DATA_SET_FOLLOWS = 0x0001

#: The bit of the Command Field that makes it a response (PS3.7 E.1).
RESPONSE = 0x8000

#: Most characters of an LO value (PS3.5 6.2).
LONG_STRING_LIMIT = 64


class CommandField(IntEnum):
    """Command Field (0000,0100) of every message of PS3.7 (9.3, 10.3)."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_GET_RQ = 0x0010
    C_GET_RSP = 0x8010
    C_FIND_RQ = 0x0020
    C_FIND_RSP = 0x8020
    C_MOVE_RQ = 0x0021
    C_MOVE_RSP = 0x8021
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    N_EVENT_REPORT_RQ = 0x0100
    N_EVENT_REPORT_RSP = 0x8100
    N_GET_RQ = 0x0110
    N_GET_RSP = 0x8110
    N_SET_RQ = 0x0120
    N_SET_RSP = 0x8120
    N_ACTION_RQ = 0x0130
    N_ACTION_RSP = 0x8130
    N_CREATE_RQ = 0x0140
    N_CREATE_RSP = 0x8140
    N_DELETE_RQ = 0x0150
    N_DELETE_RSP = 0x8150
    C_CANCEL_RQ = 0x0FFF


def message_name(command_field: int) -> str:
    """The name of a message in the standard's words, as "C-STORE-RQ"; a number for any other."""
    try:
        return CommandField(command_field).name.replace("_", "-")
    except ValueError:
        return f"Command Field 0x{command_field:04X}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One command element of one class of messages.

    :param element: which one.
    :param mandatory: every message of this class has it.
    """

    element: CommandElement
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """What the codec knows of a class of messages.

    :param parameters: its command elements by ascending tag, without the group length.
    :param has_data_set: whether its messages have a data set; None where each says for itself.
    """

    parameters: tuple[Parameter, ...]
    has_data_set: bool | None


class Message:
    """A command set, and whether a data set comes with it (PS3.7 6.3.1)."""

    __slots__ = ()

    layout: ClassVar[Layout]
    is_response: ClassVar[bool] = False
    command_field: int
    has_data_set: bool

    @property
    def command_data_set_type(self) -> int:
        """The Command Data Set Type (0000,0800) that goes with :attr:`has_data_set`."""
        return DATA_SET_FOLLOWS if self.has_data_set else NO_DATA_SET

    def contradiction(self) -> str:
        """What the standard forbids in this message though each element alone may be sent.

        :return: one line; empty where there is nothing, as in most classes of messages.
            Only what we send is held to it: a peer's message is read all the same.
        """
        return ""


MessageT = TypeVar("MessageT", bound=Message)

#: The messages that this node can take, by Command Field.
MESSAGES: dict[int, type[Message]] = {}


def register(message_type: type[MessageT]) -> type[MessageT]:
    """Make a class of messages known to the codec, both ways; a class decorator.

    :raises KeyError: a field is not named after a command element.
    """
    MESSAGES[message_type.command_field] = encodable(message_type)
    return message_type


def encodable(message_type: type[MessageT]) -> type[MessageT]:
    """Give a class of messages its layout, so that it can be sent; a class decorator.

    :raises KeyError: a field is not named after a command element.
    """
    mandatory = {"command_field": True, "command_data_set_type": True}
    has_data_set: bool | None = message_type.has_data_set
    for field in fields(message_type):  # type: ignore[arg-type]  # every message is a dataclass
        if field.name == "has_data_set":
            has_data_set = None
        else:
            mandatory[field.name] = field.default is MISSING or field.default not in (None, "", ())
    parameters = [Parameter(ELEMENTS_BY_NAME[name], needed) for name, needed in mandatory.items()]
    parameters.sort(key=lambda parameter: parameter.element.number)
    message_type.layout = Layout(tuple(parameters), has_data_set)
    return message_type


class Request(Message, ABC):
    """A request that is to be answered; C-CANCEL-RQ, which is not, is a plain :class:`Message`."""

    __slots__ = ()

    message_id: int

    @property
    def sop_class_uid(self) -> str:
        """The SOP class that it is about: Affected or Requested, whichever its kind has."""
        affected: str = getattr(self, "affected_sop_class_uid", "")
        return affected or getattr(self, "requested_sop_class_uid", "")

    @property
    def sop_instance_uid(self) -> str:
        """The SOP instance that it is about, Affected or Requested; empty where it names none."""
        affected: str = getattr(self, "affected_sop_instance_uid", "")
        return affected or getattr(self, "requested_sop_instance_uid", "")

    @abstractmethod
    def response(self, status: int) -> Response:
        """The response to this request, with what it repeats of the request filled in.

        :param status: Status (0000,0900).
        """


class Response(Message):
    """The answer to a request."""

    __slots__ = ()

    is_response = True
    message_id_being_responded_to: int
    status: int


@encodable
@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRSP(Response):
    """The answer to a request that could not be taken as a message, whatever its Command Field was.

    It has what every response of PS3.7 has, and no more; a peer reads it as the
    response to its own request.
    """

    has_data_set = False

    command_field: int
    message_id_being_responded_to: int
    status: int
    affected_sop_class_uid: str = ""
    error_comment: str = ""


def refusal(error: MalformedCommand) -> RefusalRSP:
    """The response that a malformed request gets, with the status of the error (PS3.7 C.5)."""
    return RefusalRSP(
        command_field=error.command_field | RESPONSE,
        message_id_being_responded_to=error.message_id,
        status=error.status,
        affected_sop_class_uid=repeatable_uid(error.affected_sop_class_uid),
        error_comment=fit_comment(str(error)),
    )


_UID = re.compile(r"[0-9.]{1,64}")


def is_sendable_uid(uid: str) -> bool:
    """Whether a UID can be sent as a UI value (PS3.5 9.1).

    Only its length and characters are tested: real objects have UIDs with leading
    zeros in their components, and still have to be sent.
    """
    return _UID.fullmatch(uid) is not None


def repeatable_uid(uid: str) -> str:
    """A UID of a request as its response may repeat it: left out (empty) where it is none."""
    return uid if is_sendable_uid(uid) else ""


def fit_comment(text: str) -> str:
    """Make any text fit for Error Comment (0000,0902): 64 printable characters, no backslash.

    A response must go out whatever its comment was made of.
    """
    plain = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in text.strip())
    return plain[:LONG_STRING_LIMIT].rstrip()
