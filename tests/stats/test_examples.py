"""Every public function of the room shows a call; the calls run as tests of their own."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import headway.stats


def functions() -> Iterator[Callable[..., Any]]:
    for module in pkgutil.walk_packages(headway.stats.__path__, "headway.stats."):
        if module.ispkg:
            continue
        found = importlib.import_module(module.name)
        yield from (value for name in found.__all__ if inspect.isfunction(value := getattr(found, name)))


@pytest.mark.parametrize("function", list(functions()), ids=lambda one: one.__name__)
def test_it_says_what_it_is_and_shows_a_call(function: Callable[..., Any]) -> None:
    said = inspect.getdoc(function) or ""
    assert said.splitlines()[0].endswith((".", ";", ":"))
    assert f"{function.__name__}(" in said
    assert ">>> " in said
