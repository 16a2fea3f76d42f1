"""Sizes that keep the code readable: modules, functions, parameters."""

import ast
from pathlib import Path

import pytest
from conftest import ROOT

MODULE_LINES, FUNCTION_LINES, PARAMETERS = 300, 50, 5
MODULES = sorted((ROOT / "pipeline").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])
def test_module_and_its_functions_are_small(path: Path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= MODULE_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno + 1 <= FUNCTION_LINES, node.name
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            assert len([name for name in names if name not in ("self", "cls")]) <= PARAMETERS, node.name


def test_there_are_modules():
    assert len(MODULES) > 30
