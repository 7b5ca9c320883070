"""Says in plain words what is wrong with a configuration file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from txdicomtls.errors import ConfigurationError, ConfigurationProblem

#: No configuration is longer; it keeps a file that is none, as a device, out of memory.
LARGEST_FILE = 1 << 20

#: What each kind of error of pydantic means to who wrote the file; never shows the
#: value, which may be a password in the wrong place.
_MESSAGES = {
    "missing": "is missing",
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty",
    "path_type": "must be a path, in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must not be empty",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def read_toml(path: Path) -> dict[str, object]:
    """Read a TOML file.

    :raises txdicomtls.errors.ConfigurationError: it cannot be read, or is not TOML; the
        problem names line and column.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_FILE:
        raise _unusable(path, f"is longer than {LARGEST_FILE} bytes")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # some editors write a mark first
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unusable(path, f"is not UTF-8 (at line {line})") from error
    except RecursionError as error:
        raise _unusable(path, "is not TOML that we can read: nested too deeply") from error
    except ValueError as error:  # TOMLDecodeError is one; so is a number of too many digits
        raise _unusable(path, f"is not TOML: {error}") from error


def translate(error: ValidationError, root: type[BaseModel]) -> list[ConfigurationProblem]:
    """Turn what pydantic found into problems, each with its key and a remedy.

    :param root: the model that the document was checked against.
    """
    return [
        ConfigurationProblem(key_path(detail["loc"]), _message(detail, root))
        for detail in error.errors(include_url=False)
        # A list is "too short" also when its items are there, but wrong.
        if not (detail["type"] == "too_short" and detail["input"])
    ]


def key_path(location: Iterable[int | str]) -> str:
    """Write the path of a key as people do: ``listen[0].port``, ``tls.'an odd name'.trust``."""
    key = ""
    for part in location:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            name = part if _BARE_KEY.fullmatch(part) else repr(part)
            key += f".{name}" if key else name
    return key


def _unusable(path: Path, message: str) -> ConfigurationError:
    return ConfigurationError(path, [ConfigurationProblem("", message)])


def _message(detail: ErrorDetails, root: type[BaseModel]) -> str:
    kind, context, location = detail["type"], detail.get("ctx", {}), detail["loc"]
    if kind == "extra_forbidden":
        return _unknown_key(str(location[-1]), _section_at(location[:-1], root))
    if kind == "value_error":  # raised by a validator of ours, in plain words
        return str(context["error"])
    message = _MESSAGES[kind].format_map(context) if kind in _MESSAGES else detail["msg"]
    name = location[-1] if location else ""
    if kind == "tuple_type" and isinstance(detail["input"], Mapping):
        message += f" of tables: write [[{name}]], with two brackets"
    if kind == "model_type" and isinstance(detail["input"], list):
        message += f": write [{name}], with one bracket"
    return message


def _unknown_key(key: str, section: type[BaseModel]) -> str:
    known = [field.alias or name for name, field in section.model_fields.items()]
    close = get_close_matches(key, known, n=1)
    if close:
        return f"unknown key; did you mean {close[0]}?"
    return f"unknown key; known here are {', '.join(known)}"


def _section_at(location: tuple[int | str, ...], root: type[BaseModel]) -> type[BaseModel]:
    section = root
    parts = iter(location)
    for part in parts:
        annotation = section.model_fields[str(part)].annotation
        if get_origin(annotation) in (dict, tuple):
            next(parts, None)  # the name or the index: all sections under one key are alike
        section = next(
            choice
            for choice in (annotation, *get_args(annotation))
            if isinstance(choice, type) and issubclass(choice, BaseModel)
        )
    return section
