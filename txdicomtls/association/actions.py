"""The 28 actions of PS3.8 Tables 9-6 to 9-9, each as the list of effects that it stands for.

An effect is the smallest thing the machine asks for.  Nothing here does
anything: the connection turns effects into outputs, and whoever holds the
socket, the clock and the user turns outputs into deeds.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Self


class Effect(Enum):
    """What an action asks for."""

    OPEN_TRANSPORT = auto()
    CLOSE_TRANSPORT = auto()
    START_ARTIM = auto()
    STOP_ARTIM = auto()
    #: Send the PDU that belongs to the event: what the local user asked for.
    SEND = auto()
    #: Send an A-ABORT PDU with source 0, service user.
    SEND_USER_ABORT = auto()
    #: Send an A-ABORT PDU with source 2, service provider, and the reason at hand.
    SEND_PROVIDER_ABORT = auto()
    #: Hand what was received to the local user: indication or confirmation primitive.
    INDICATE = auto()
    #: Tell the local user of an A-P-ABORT: the provider ended the association.
    INDICATE_PROVIDER_ABORT = auto()


class Action(Enum):
    """Actions of the state machine, named and ordered as in PS3.8 Tables 9-6 to 9-9."""

    title: str

    AE_1 = ("Issue TRANSPORT CONNECT request primitive", (Effect.OPEN_TRANSPORT,))
    AE_2 = ("Send A-ASSOCIATE-RQ PDU", (Effect.SEND,))
    AE_3 = ("Issue A-ASSOCIATE confirmation (accept) primitive", (Effect.INDICATE,))
    AE_4 = (
        "Issue A-ASSOCIATE confirmation (reject) primitive and close transport connection",
        (Effect.INDICATE, Effect.CLOSE_TRANSPORT),
    )
    AE_5 = (
        "Issue Transport connection response primitive; start ARTIM timer",
        (Effect.START_ARTIM,),
    )
    #: Where the service provider itself refuses the request, the connection sends
    #: A-ASSOCIATE-RJ and starts ARTIM instead of the indication: two next states.
    AE_6 = (
        "Stop ARTIM timer and issue A-ASSOCIATE indication primitive, or send A-ASSOCIATE-RJ PDU",
        (Effect.STOP_ARTIM, Effect.INDICATE),
    )
    AE_7 = ("Send A-ASSOCIATE-AC PDU", (Effect.SEND,))
    AE_8 = ("Send A-ASSOCIATE-RJ PDU and start ARTIM timer", (Effect.SEND, Effect.START_ARTIM))

    DT_1 = ("Send P-DATA-TF PDU", (Effect.SEND,))
    DT_2 = ("Send P-DATA indication primitive", (Effect.INDICATE,))

    AR_1 = ("Send A-RELEASE-RQ PDU", (Effect.SEND,))
    AR_2 = ("Issue A-RELEASE indication primitive", (Effect.INDICATE,))
    AR_3 = (
        "Issue A-RELEASE confirmation primitive, and close transport connection",
        (Effect.INDICATE, Effect.CLOSE_TRANSPORT),
    )
    AR_4 = ("Issue A-RELEASE-RP PDU and start ARTIM timer", (Effect.SEND, Effect.START_ARTIM))
    AR_5 = ("Stop ARTIM timer", (Effect.STOP_ARTIM,))
    AR_6 = ("Issue P-DATA indication", (Effect.INDICATE,))
    AR_7 = ("Issue P-DATA-TF PDU", (Effect.SEND,))
    AR_8 = ("Issue A-RELEASE indication (release collision)", (Effect.INDICATE,))
    AR_9 = ("Send A-RELEASE-RP PDU", (Effect.SEND,))
    AR_10 = ("Issue A-RELEASE confirmation primitive", (Effect.INDICATE,))

    AA_1 = (
        "Send A-ABORT PDU (service-user source) and start (or restart if already started) ARTIM",
        (Effect.SEND_USER_ABORT, Effect.START_ARTIM),
    )
    AA_2 = (
        "Stop ARTIM timer if running. Close transport connection",
        (Effect.STOP_ARTIM, Effect.CLOSE_TRANSPORT),
    )
    AA_3 = (
        "Issue A-ABORT or A-P-ABORT indication and close transport connection",
        (Effect.INDICATE, Effect.CLOSE_TRANSPORT),
    )
    AA_4 = ("Issue A-P-ABORT indication primitive", (Effect.INDICATE_PROVIDER_ABORT,))
    AA_5 = ("Stop ARTIM timer", (Effect.STOP_ARTIM,))  # noqa: PIE796  # as AR-5, in the standard
    AA_6 = ("Ignore PDU", ())
    AA_7 = ("Send A-ABORT PDU", (Effect.SEND_PROVIDER_ABORT,))
    AA_8 = (
        (
            "Send A-ABORT PDU (service-provider source), issue an A-P-ABORT indication, "
            "and start ARTIM timer"
        ),
        (Effect.SEND_PROVIDER_ABORT, Effect.INDICATE_PROVIDER_ABORT, Effect.START_ARTIM),
    )

    effects: tuple[Effect, ...]

    def __new__(cls, title: str, effects: tuple[Effect, ...]) -> Self:
        """The value only numbers the actions: some share their effects, and even their words."""
        action = object.__new__(cls)
        action._value_ = len(cls.__members__)
        action.title = title
        action.effects = effects
        return action

    @property
    def code(self) -> str:
        """The action's name as the standard prints it, ``AE-1``."""
        return self.name.replace("_", "-")
