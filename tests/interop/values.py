"""UIDs and other values that both ends of a test of interoperation know."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
SECONDARY_CAPTURE_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.7"

#: Print Management (PS3.4 H.4.1, H.4.6): it has each of the normalized services.
FILM_SESSION = "1.2.840.10008.5.1.1.1"
PRINTER = "1.2.840.10008.5.1.1.16"

#: The Meta SOP Class that both belong to (PS3.4 H.3.2).
PRINT_MANAGEMENT = "1.2.840.10008.5.1.1.9"

#: The one instance of the Printer SOP class (PS3.4 H.4.6.4).
PRINTER_INSTANCE = "1.2.840.10008.5.1.1.17"

#: Print the film session (PS3.4 H.4.1.2.4).
PRINT = 1

#: An instance that is nowhere.
LOST = "1.2.3.404"

#: The user that pynetdicom knows.
USER, PASSCODE = b"jane", "sesame"

#: What it answers to a Kerberos ticket.
SERVER_TICKET = b"of the server"


def dataset(**values: Any) -> Dataset:
    """A data set of these elements."""
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made
