"""Mutations of a program's syntax tree, and the code that is left of a program when what cannot matter is taken away."""

from __future__ import annotations

import ast
import random
import types
from collections.abc import Callable
from dataclasses import dataclass

_OPERATORS = (ast.Add, ast.Sub, ast.Mult)
_COMPARISONS = (ast.Lt, ast.Gt, ast.Eq, ast.NotEq)


@dataclass(frozen=True, slots=True)
class Mutation:
    """What was done to a program.

    Attributes:
        kind: of the mutation.
        text: for people.
        may_be_idle: the program text changed, but perhaps no value of it (an operation on a module constant).
        moved_lines: how many lines to put before the program.
    """

    kind: str
    text: str
    may_be_idle: bool = False
    moved_lines: int = 0


Site = tuple[str, ast.AST, Callable[[random.Random], str], bool]


def draw(tree: ast.Module, source: random.Random) -> Mutation | None:
    """Applies one mutation, drawn from ``source``, to a tree in place."""
    if source.random() < 0.05:
        return Mutation("lines", "moved down by three lines", moved_lines=3)
    sites = [site for statement in tree.body for site in _sites(statement, _is_idle(statement))]
    sites.append(("rebinding", tree, lambda _: _rebind(tree, source), True))
    kinds = sorted({kind for kind, *_ in sites})
    kind = source.choice(kinds)
    _, node, apply, idle = source.choice([site for site in sites if site[0] == kind])
    text = apply(source)
    if not text:
        return None
    ast.fix_missing_locations(tree)
    return Mutation(kind, f"{kind} in line {getattr(node, 'lineno', 0)}: {text}", may_be_idle=idle)


def _is_idle(statement: ast.stmt) -> bool:
    """Whether a statement makes values when the module is imported, so that its text can change and they not."""
    return not isinstance(statement, ast.FunctionDef | ast.ClassDef)


def _sites(statement: ast.stmt, idle: bool) -> list[Site]:
    found: list[Site] = []
    docstrings = {id(node.body[0].value) for node in ast.walk(statement) if _has_docstring(node)}
    for node in ast.walk(statement):
        if isinstance(node, ast.Constant):
            found += _constant_sites(node, id(node) in docstrings, idle)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, _OPERATORS):
            found.append(("operator", node, lambda r, n=node: _swap_operator(n, r), idle))
            found.append(("operands", node, lambda _, n=node: _swap_operands(n), idle))
        elif isinstance(node, ast.Compare):
            found.append(("comparison", node, lambda r, n=node: _swap_comparison(n, r), idle))
        elif isinstance(node, ast.FunctionDef):
            found += _function_sites(node, idle)
    return found


def _has_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.FunctionDef | ast.ClassDef)
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
        and type(node.body[0].value.value) is str
    )


def _constant_sites(node: ast.Constant, is_docstring: bool, idle: bool) -> list[Site]:
    if is_docstring:
        return [("docstring", node, lambda _: _set(node, node.value + " edited"), idle)]
    if type(node.value) is str:
        return [("string", node, lambda _: _set(node, node.value + "x"), idle)]
    if type(node.value) in (int, float):
        changes = (lambda v: v + 1, lambda v: v * 2 + 1, float, lambda v: v - 3)
        return [("constant", node, lambda r: _set(node, r.choice(changes)(node.value)), idle)]
    return []


def _function_sites(node: ast.FunctionDef, idle: bool) -> list[Site]:
    found: list[Site] = []
    if node.decorator_list:
        found.append(("decorator", node, lambda r: _drop_decorator(node, r), idle))
    if len(node.args.args) > 1:
        found.append(("parameters", node, lambda _: _swap_parameters(node), idle))
    if not _has_docstring(node):
        found.append(("docstring", node, lambda _: _add_docstring(node), idle))
    return found


def _set(node: ast.Constant, value: object) -> str:
    before, node.value = node.value, value
    return f"{before!r} -> {value!r}"


def _swap_operator(node: ast.BinOp, source: random.Random) -> str:
    before = type(node.op)
    node.op = source.choice([kind for kind in _OPERATORS if kind is not before])()
    return f"{before.__name__} -> {type(node.op).__name__}"


def _swap_operands(node: ast.BinOp) -> str:
    node.left, node.right = node.right, node.left
    return "operands swapped"


def _swap_comparison(node: ast.Compare, source: random.Random) -> str:
    before = type(node.ops[0])
    node.ops[0] = source.choice([kind for kind in _COMPARISONS if kind is not before])()
    return f"{before.__name__} -> {type(node.ops[0]).__name__}"


def _drop_decorator(node: ast.FunctionDef, source: random.Random) -> str:
    return f"without @{ast.unparse(node.decorator_list.pop(source.randrange(len(node.decorator_list))))}"


def _swap_parameters(node: ast.FunctionDef) -> str:
    first, second = node.args.args[:2]
    first.arg, second.arg = second.arg, first.arg
    return "parameters swapped"


def _add_docstring(node: ast.FunctionDef) -> str:
    node.body.insert(0, ast.Expr(ast.Constant("a new docstring")))
    return "documented"


def _rebind(tree: ast.Module, source: random.Random) -> str:
    """Rebinds a plain module constant at the end of the module, as a script would before its first call."""
    names = [
        statement.targets[0].id
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Constant)
        and type(statement.value.value) in (int, float)
    ]
    if not names:
        return ""
    name = source.choice(names)
    tree.body += ast.parse(f"{name} = {name} + 1").body
    return f"{name} rebound"


def live_code(text: str) -> object:
    """The code of a program without docstrings, lines, names of files, and statements about ``unused`` names."""
    tree = ast.parse(text)
    tree.body = [statement for statement in tree.body if not _is_unused(statement)]
    for node in ast.walk(tree):
        if _has_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
        if hasattr(node, "lineno"):  # a class knows its line from Python 3.13 on
            node.lineno = node.end_lineno = 1
    return _normalised(compile(ast.fix_missing_locations(tree), "", "exec"))


def _is_unused(statement: ast.stmt) -> bool:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else statement
    return str(getattr(target, "name", getattr(target, "id", ""))).lower().startswith("unused")


def _normalised(code: types.CodeType) -> tuple[object, ...]:
    constants = tuple(
        _normalised(constant) if isinstance(constant, types.CodeType) else (type(constant).__name__, repr(constant))
        for constant in code.co_consts
    )
    arguments = code.co_argcount, code.co_kwonlyargcount, code.co_posonlyargcount, code.co_flags
    return code.co_name, code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars, arguments
