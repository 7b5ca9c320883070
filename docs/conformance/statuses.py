"""The statuses of each service: all that the standard lists, and when this node sends one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from conformance.markdown import first_line
from txdicomtls.dimse import Status, describe
from txdicomtls.dimse.status_tables import GENERAL_STATUSES, SERVICE_STATUSES, StatusMeaning
from txdicomtls.errors import DicomTLSError, ProviderError
from txdicomtls.net.receiving import STATUS_OF as STORAGE_STATUS_OF
from txdicomtls.scp.statuses import STATUS_OF, UNPLANNED, Kind

#: What kind of operation each service performs; the others have statuses of their own.
KINDS = {
    "find": Kind.QUERY,
    "worklist": Kind.QUERY,
    "get": Kind.RETRIEVAL,
    "move": Kind.RETRIEVAL,
    "commit": Kind.NORMALIZED,
    "procedure-step": Kind.NORMALIZED,
    "normalized": Kind.NORMALIZED,
}

#: What the node answers to any request, before a service has it or because one failed.
ALWAYS = {
    Status.PROCESSING_FAILURE: "the service failed, or its answer could not be sent",
    Status.SOP_CLASS_NOT_SUPPORTED: "the request is for another SOP class than its presentation "
    "context, or for a role that was not agreed on",
    Status.NOT_AUTHORIZED: "what was granted has expired, as a token does",
    Status.DUPLICATE_INVOCATION: "an operation with this Message ID is outstanding",
    Status.UNRECOGNIZED_OPERATION: "the service has no such operation",
    Status.MISTYPED_ARGUMENT: "an element of the command set is wrong",
}

_MATCHES = {
    0x0000: "all matches have been told",
    0xFE00: "C-CANCEL came",
    0xFF00: "here is a match",
    0xFF01: "here is a match, but not every key is supported",
}
_SUBOPERATIONS = {
    0x0000: "every sub-operation succeeded, or there was none",
    0xA702: "every sub-operation failed",
    0xB000: "some sub-operation failed, or had a warning",
    0xFE00: "C-CANCEL came",
    0xFF00: "some sub-operation remains; sent now and then",
}
#: What no error stands for.
OTHERWISE: dict[str, dict[int, str]] = {
    "echo": {0x0000: "always"},
    "store": {
        0x0000: "the instance is safe; so if it was kept before with the same bytes",
        0xB007: "it was kept, though its data set does not say which instance it is",
    },
    "find": _MATCHES,
    "worklist": _MATCHES,
    "get": _SUBOPERATIONS,
    "move": _SUBOPERATIONS,
    "commit": {0x0000: "the request is noted, and a report will follow"},
    "procedure-step": {0x0000: "it is done"},
    "normalized": {0x0000: "it is done"},
}

_NUMBERS = re.compile(r" \((?:status )?0x[^)]*\)|\.$")


def status_rows(service: str, tables: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    """One row for each status.

    :param service: its name.
    :param tables: the names of its tables in ``SERVICE_STATUSES``.
    """
    known = {line.first: line for name in tables for line in SERVICE_STATUSES[name]}
    reasons = _reasons(service, tables)
    for status in reasons:
        if not any(line.first <= status <= line.last for line in known.values()):
            known[status] = GENERAL_STATUSES[status]
    for _, line in sorted(known.items()):
        when = [
            reason
            for status, several in reasons.items()
            if line.first <= status <= line.last
            for reason in several
        ]
        yield _range(line), line.category.value, _meaning(line, tables), "; ".join(when)


def _meaning(line: StatusMeaning, tables: tuple[str, ...]) -> str:
    # Asked for as a log line asks; several tables never disagree about a general status.
    return describe(
        line.first, next((name for name in tables if line in SERVICE_STATUSES[name]), "")
    )


def _range(line: StatusMeaning) -> str:
    last = f" to 0x{line.last:04X}" if line.last != line.first else ""
    return f"0x{line.first:04X}{last}"


def _reasons(service: str, tables: tuple[str, ...]) -> dict[int, list[str]]:
    """Why each status is answered: by the errors that stand for it, and otherwise."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for status, reason in (*OTHERWISE[service].items(), *ALWAYS.items()):
        found[int(status)].append(reason)
    for error, status in _errors(service, tables):
        found[status].append(_sentence(error))
    if service in KINDS:
        found[UNPLANNED[KINDS[service]]].append(
            "anything else went wrong; Error Comment has the number of a line in the log"
        )
    return found


def _errors(service: str, tables: tuple[str, ...]) -> Iterator[tuple[type[Exception], int]]:
    if service == "store":
        yield from STORAGE_STATUS_OF.items()
    if service not in KINDS:
        return
    for error, statuses in STATUS_OF.items():
        if error is not DicomTLSError:  # all the others, as what nobody planned
            yield error, statuses[KINDS[service]]
    listed = {line.first for name in tables for line in SERVICE_STATUSES[name]}
    for provided in ProviderError.__subclasses__():
        if provided.status in listed or provided.status == Status.PROCESSING_FAILURE:
            yield provided, provided.status


def _sentence(error: type[Exception]) -> str:
    """What an error stands for, as its docstring says."""
    text = _NUMBERS.sub("", first_line(error))
    return text[0].lower() + text[1:]
