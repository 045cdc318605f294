"""Docstrings of all public names, by numpydoc's validator and against the code that they describe."""

import ast
import dataclasses
import inspect
import textwrap
from importlib import import_module
from pkgutil import iter_modules

import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import Validator, validate
from pydantic import BaseModel

import bnnopt

HELD = {
    "GL01", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10",  # a docstring, its sections and their order
    "SS01", "SS02", "SS03", "SS04", "SS05",  # one sentence at its head
    "PR01", "PR02", "PR04", "PR05", "PR07", "PR10",  # every parameter with type and description
    "RT01", "RT03", "YD01",  # what is returned
}  # fmt: skip
IS_SAID_BY_ITS_NAME = {
    "PR01",
    "PR02",
}  # of a model its fields count: tests/test_project_files.py compares them
ROOMS = [module.name for module in iter_modules(bnnopt.__path__) if not module.name.startswith("_")]
MODULES = [*(f"bnnopt.{room}" for room in ROOMS), "bnnopt.integrations.dask", "bnnopt.integrations.optuna"]


def public(module):
    """Name and value of the public classes and functions of a module."""
    room = import_module(module)
    for name in getattr(room, "__all__", []):
        value = getattr(room, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            yield f"{module}.{name}", value


def code_of(part):
    """The function behind a method or property, None behind anything else."""
    function = getattr(part, "fget", None) or getattr(part, "func", None) or getattr(part, "__func__", part)
    return function if inspect.isfunction(function) else None


def own_parts(thing):
    """Name and function of the public methods and properties of a class that are code of bnnopt."""
    for part in inspect.classify_class_attrs(thing):
        code = code_of(part.object)
        if not part.name.startswith("_") and code is not None and code.__module__.startswith("bnnopt"):
            yield part.name, code


def documented_parts(module):
    """Paths of all that has a page or stands on one: classes, functions, methods and properties."""
    for path, value in public(module):
        yield path, value
        for name, code in own_parts(value) if inspect.isclass(value) else ():
            yield f"{path}.{name}", code


def sections(thing, *titles):
    """Names in sections of a docstring."""
    doc = Validator(get_doc_object(thing)).doc
    return {
        name.strip(" *")
        for title in titles
        for line in doc[title]
        for name in (line.name or line.type).split(",")
    }


def fields(thing):
    """Names that a value of a class has from its fields."""
    if issubclass(thing, BaseModel):
        return set(thing.model_fields) - {"type"}
    names = {field.name for field in dataclasses.fields(thing)} if dataclasses.is_dataclass(thing) else set()
    return names | set(getattr(thing, "_fields", ()))


def learned(thing):
    """Attributes ending in one underscore that methods of a class or of its bases in bnnopt set."""
    names = set()
    for base in thing.__mro__:
        if base.__module__.startswith("bnnopt"):
            for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(base)))):
                is_set = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                if is_set and isinstance(node.value, ast.Name) and node.value.id == "self":
                    names.add(node.attr)
    return {name for name in names if not name.startswith("_") and name.endswith("_")}


def raised(function):
    """Names of the errors that the body of a function raises itself, but for that of a missing attribute."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None]
    named = [call.func if isinstance(call, ast.Call) else call for call in calls]
    names = {name.id for name in named if isinstance(name, ast.Name) and name.id[0].isupper()}
    return names - {"AttributeError"}


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_are_whole(module):
    wrong = []
    for path, thing in documented_parts(module):
        codes = HELD
        if inspect.isclass(thing) and issubclass(thing, BaseModel):
            codes = HELD - IS_SAID_BY_ITS_NAME
        wrong += [f"{path}: {code} {text}" for code, text in validate(path)["errors"] if code in codes]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_fields_and_attributes_of_classes_are_explained(module):
    wrong = {}
    for path, thing in public(module):
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            missing = (fields(thing) | learned(thing)) - sections(thing, "Parameters", "Attributes")
            wrong |= {path: missing} if missing else {}
    assert wrong == {}


@pytest.mark.parametrize("module", MODULES)
def test_what_a_function_raises_is_named(module):
    wrong = {}
    for path, thing in documented_parts(module):
        if inspect.isfunction(thing):
            missing = raised(thing) - sections(thing, "Raises")
            wrong |= {path: missing} if missing else {}
    assert wrong == {}
