"""What a stage's rows depend on besides its input: code, data files, libraries and settings, as one hash.

The code is the stage's module and, followed through its imports, the modules of this package it uses;
data files (terms, rules, weights) count for every module that shares their folder or names it, and so do files
that a setting names. A stage whose hash is unchanged gives the same rows, so its cached results are taken; a
comment changed in one stage redoes that stage alone, and if its rows come out equal, nothing behind it.
"""

import ast
import importlib.metadata
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import pipeline
from pipeline.config import HANDED_ON, NAMES_DATA
from pipeline.stage import CorpusStage, Stage
from pipeline.store import digest

__all__ = ["code_and_data", "config_entries", "libraries", "stage_key"]

_PACKAGE = Path(pipeline.__file__).parent
_DATA_PACKAGES = ("text", "knowledge", "models")
_NO_DATA = (".py", ".md")  # code is found by imports; cards are for people


def stage_key(stage: Stage | CorpusStage, section: Any) -> bytes:
    """Hash of everything but the input that decides about the rows of `stage`, given its config section."""
    function = stage.run if isinstance(stage, Stage) else stage.sketch
    module = getattr(function, "__module__", "") or ""
    code = [f"{path.name}={_content(path).hex()}" for path in code_and_data(module)]
    made = [f"{name}={version}" for name, version in libraries().items()]
    settings = [
        getattr(section, setting.name) for setting in fields(section) if NAMES_DATA.items() <= setting.metadata.items()
    ]
    named = [part for value in settings if value for part in _named(value)]
    return digest(stage.name, stage.version, repr(section), platform.python_version(), *made, *code, *named)


@cache
def libraries() -> dict[str, str]:
    """Versions of the libraries this package needs at run time, by name; empty where it is not installed."""
    needed = [
        match.group()
        for package in importlib.metadata.distributions(name="claimsieve")
        for line in package.requires or []
        if "extra ==" not in line and (match := re.match(r"[\w.-]+", line))
    ]
    return {name: importlib.metadata.version(name) for name in sorted(set(needed))}


def config_entries(config: Any) -> dict[str, str]:
    """Every setting as `section.key` and its value's repr, in the order of their definition; each at its home."""
    return {
        f"{section}.{setting.name}": repr(getattr(getattr(config, section), setting.name))
        for section in vars(config)
        for setting in fields(getattr(config, section))
        if not HANDED_ON.items() <= setting.metadata.items()
    }


def _named(value: str) -> Iterator[bytes | str]:
    """What a setting leads to: the content of a file or folder, or the version of a package."""
    path = Path(value)
    if path.exists():
        yield from (
            digest(file.read_bytes()) for file in sorted(path.rglob("*") if path.is_dir() else [path]) if file.is_file()
        )
    yield from (package.version for package in importlib.metadata.distributions(name=value))


@cache
def code_and_data(module: str) -> tuple[Path, ...]:
    """The files of this package that a module's rows depend on, itself among them."""
    start = getattr(sys.modules.get(module), "__file__", None)
    seen: dict[Path, None] = {}
    todo = [Path(start)] if start else []
    while todo:
        path = todo.pop()
        if path not in seen:
            seen[path] = None
            todo.extend(_imports(path))
    folders = {folder for path in seen for folder in path.parents}.intersection(
        _PACKAGE / name for name in _DATA_PACKAGES
    )
    return tuple(sorted((*seen, *(path for folder in folders for path in _data_files(folder)))))


def _data_files(folder: Path) -> list[Path]:
    # Python writes compiled modules under passing names first; another process may be at it just now.
    found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return [path for path in found if path.suffix not in _NO_DATA and path.is_file()]


@cache
def _content(path: Path) -> bytes:
    return digest(path.read_bytes())


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    tree = ast.parse(path.read_bytes())
    return tuple(found for name in _imported_names(tree) for found in _module_files(name))


def _imported_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A module may read data of another folder: importlib.resources.files("pipeline.knowledge").
            yield from (
                f"{_PACKAGE.name}.{name}" for name in _DATA_PACKAGES if node.value in (name, f"{_PACKAGE.name}.{name}")
            )


def _module_files(name: str) -> Iterator[Path]:
    first, *rest = name.split(".")
    if first == _PACKAGE.name and rest:
        base = _PACKAGE.joinpath(*rest)
        yield from (path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file())
