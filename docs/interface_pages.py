"""Write the reference of a package of zope interfaces, which autodoc takes for plain objects."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from zope.interface.interface import InterfaceClass, Method


def documentation(text: str) -> str:
    """A docstring without the indentation of the source."""
    return inspect.cleandoc(text or "")


def described(interface: InterfaceClass) -> Iterator[str]:
    """The interface as Sphinx directives, its own names in the order of the source."""
    yield f".. py:class:: {interface.__name__}\n"
    yield textwrap.indent(documentation(interface.__doc__), "   ")
    own = interface.namesAndDescriptions()
    for name, attribute in sorted(own, key=lambda item: getattr(item[1], "order", 0)):
        if isinstance(attribute, Method):
            yield f"   .. py:method:: {name}{attribute.getSignatureString()}\n"
        else:
            yield f"   .. py:attribute:: {name}\n"
        yield textwrap.indent(documentation(attribute.__doc__), "      ")


def write(directory: Path, module_name: str, page: str = "interfaces") -> None:
    """Write what is to be included in a page.

    :param directory: made if it is not there.
    :param module_name: the package whose interfaces and classes are described.
    :param page: name of the file, without its ending.
    """
    module = import_module(module_name)
    lines = [f".. py:module:: {module_name}\n", documentation(module.__doc__ or "")]
    for name, value in vars(module).items():
        if not str(getattr(value, "__module__", "")).startswith(module_name):
            continue
        if isinstance(value, InterfaceClass):
            lines += described(value)
        elif inspect.isclass(value):
            lines.append(f".. autoclass:: {module_name}.{name}")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{page}.rst").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
