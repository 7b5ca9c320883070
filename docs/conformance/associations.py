"""Association policies: what identifies the implementation, limits, timers, rejections, aborts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from inspect import signature
from pathlib import Path
from typing import Any

from conformance.markdown import code, parameters, table
from conformance.node import configuration, factory
from txdicomtls import uids
from txdicomtls.codes import AbortReason, AbortSource, RejectReason, RejectResult
from txdicomtls.net import AssociationFactory
from txdicomtls.node.limit_sections import LimitsSection
from txdicomtls.node.limits import operation_limits
from txdicomtls.pdu import APPLICATION_CONTEXT, PROTOCOL_VERSION

_PERMANENT, _TRANSIENT = RejectResult.PERMANENT, RejectResult.TRANSIENT

#: When an association is rejected, with which result and reason (PS3.8 9.3.4).
REJECTIONS: tuple[tuple[RejectResult, RejectReason, str], ...] = (
    (
        _PERMANENT,
        RejectReason.APPLICATION_CONTEXT_NOT_SUPPORTED,
        "The application context is another one than that of DICOM.",
    ),
    (
        _PERMANENT,
        RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED,
        "The calling AE title is none, not listed, or not that of this certificate or address.",
    ),
    (
        _PERMANENT,
        RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED,
        "The called AE title is none, or not that of this node.",
    ),
    (
        _PERMANENT,
        RejectReason.NO_REASON_GIVEN,
        "The user identity is wrong or missing, or the maximum length leaves no room for data.",
    ),
    (
        _TRANSIENT,
        RejectReason.NO_REASON_GIVEN,
        "Who the peer or its user is cannot be found out now.",
    ),
    (
        _PERMANENT,
        RejectReason.PROTOCOL_VERSION_NOT_SUPPORTED,
        "The protocol version is another one.",
    ),
    (_TRANSIENT, RejectReason.ACSE_NO_REASON_GIVEN, "The access policy of a program failed."),
    (_TRANSIENT, RejectReason.LOCAL_LIMIT_EXCEEDED, "There are as many associations as may be."),
)

#: When an association is aborted, with which source and reason (PS3.8 9.3.8).
ABORTS: tuple[tuple[AbortSource, AbortReason, str], ...] = (
    (
        AbortSource.SERVICE_USER,
        AbortReason.NOT_SPECIFIED,
        "A deadline has passed, a limit was exceeded, the node stops, or no request came first.",
    ),
    (AbortSource.SERVICE_PROVIDER, AbortReason.NOT_SPECIFIED, "A command set cannot be read."),
    (AbortSource.SERVICE_PROVIDER, AbortReason.UNRECOGNIZED_PDU, "The type of a PDU is none."),
    (
        AbortSource.SERVICE_PROVIDER,
        AbortReason.UNEXPECTED_PDU,
        "A PDU, or a fragment of a message, is not due now.",
    ),
    (
        AbortSource.SERVICE_PROVIDER,
        AbortReason.INVALID_PDU_PARAMETER_VALUE,
        "A length, an item or a value of a PDU is wrong, or larger than was agreed.",
    ),
)

_ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| (.+) \|$", re.MULTILINE)
_PAGE = Path(__file__).parent.parent / "configuration.md"


def lines() -> Iterator[str]:
    """All of it."""
    yield from _identification()
    yield from ["### Limits and timers", ""]
    yield from _limits()
    yield from ["### Rejections", ""]
    yield from table(
        ("result", "source", "reason", "when"),
        (
            (f"{result}, {result.name.lower()}", *_spoken(reason), when)
            for result, reason, when in REJECTIONS
        ),
    )
    yield from ["### Aborts", ""]
    yield from table(
        ("source", "reason", "when"),
        (
            (
                f"{source}, {_words(source.name)}",
                f"{reason}, {_words(reason.name)}" if source else "0",
                when,
            )
            for source, reason, when in ABORTS
        ),
    )


def _words(name: str) -> str:
    return name.lower().replace("_", " ").replace("ae title", "AE title").replace("pdu", "PDU")


def _spoken(reason: RejectReason) -> tuple[str, str]:
    words = _words(reason.name).removeprefix("acse ")
    return f"{reason.source}, {_words(reason.source.name).replace('acse', 'ACSE')}", (
        f"{reason.code}, {words}"
    )


def _identification() -> Iterator[str]:
    acceptor = factory()
    yield from table(
        ("what", "value"),
        (
            ("Application context name", code(APPLICATION_CONTEXT)),
            ("Protocol version", f"bit 0 ({PROTOCOL_VERSION})"),
            ("Implementation class UID", code(uids.IMPLEMENTATION_CLASS_UID)),
            ("Implementation version name", code(uids.IMPLEMENTATION_VERSION_NAME)),
            ("Maximum length received", f"{acceptor.limits.maximum_length} bytes"),
            (
                "Asynchronous operations window",
                f"up to {acceptor.window} either way; 1 where the requestor proposes none",
            ),
            ("Associations at once", str(acceptor.quotas.total)),
        ),
    )


def _limits() -> Iterator[str]:
    """Each key of ``[limits]``, then what no key changes."""
    meanings = dict(_ROW.findall(_PAGE.read_text(encoding="utf-8").split("## `[limits]`")[1]))
    changed = parameters_by_key()
    yield from table(
        ("key of `[limits]`", "default", "in a program", "its default", "what for"),
        (
            (
                code(key),
                _value(field.default),
                code(*map(_spelled, changed[key])),
                ", ".join(_value(_default(each)) for each in changed[key]),
                meanings[key],
            )
            for key, field in LimitsSection.model_fields.items()
        ),
    )
    yield from ["No key changes these:", ""]
    known = {each for several in changed.values() for each in several}
    yield from table(
        ("in a program", "default", "what for"),
        (
            (code(_spelled(each)), _value(_default(each)), parameters(each[0])[each[1]])
            for each in _limits_of(configuration().limits)
            if each not in known
        ),
    )


#: A parameter: the class that has it, and its name.
Parameter = tuple[type, str]


def parameters_by_key() -> dict[str, list[Parameter]]:
    """Which parameters each key of ``[limits]`` sets: found out by changing the key."""
    section = configuration().limits
    before = _limits_of(section)
    found = {}
    for key in LimitsSection.model_fields:
        after = _limits_of(section.model_copy(update={key: 7777}))
        found[key] = [each for each, value in after.items() if value != before[each]]
    return found


def _limits_of(section: LimitsSection) -> dict[Parameter, Any]:
    """Every limit of a node, by the parameter that has it."""
    acceptor = factory(configuration().model_copy(update={"limits": section}))
    made = (
        acceptor.limits,
        acceptor.quotas,
        acceptor.timeouts,
        acceptor.deadlines,
        operation_limits(section),
    )
    found: dict[Parameter, Any] = {
        (type(each), field.name): getattr(each, field.name)
        for each in made
        for field in fields(each)
    }
    for name in ("window", "most_unproved"):
        found[AssociationFactory, name] = getattr(acceptor, name)
    return found


def _spelled(parameter: Parameter) -> str:
    return f"{parameter[0].__name__}.{parameter[1]}"


def _default(parameter: Parameter) -> object:
    return signature(parameter[0]).parameters[parameter[1]].default


def _value(value: object) -> str:
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
