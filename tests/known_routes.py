"""What FastAPI finds out about an endpoint, remembered: tests make thousands of apps of the same routes.

With each app the framework reads every signature and makes a parser for every parameter and model anew, which
takes longer than most tests do. All of it follows from the endpoint's code, annotations and defaults.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from fastapi import routing
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant

# With what the key holds by identity alone, so that no other thing is ever found there.
_found: dict[tuple[object, ...], tuple[object, Dependant]] = {}


def remember_routes() -> None:
    """Let FastAPI find out about each endpoint and model once in this process."""
    routing.get_dependant = _get_dependant  # type: ignore[assignment]
    routing.create_model_field = cache(routing.create_model_field)  # type: ignore[assignment]


def _get_dependant(*, path: str, call: Callable[..., Any], scope: Any) -> Dependant:
    """Return what the framework's own function does, which may come from an endpoint of the same code."""
    code = getattr(call, "__code__", call)
    facts = (*getattr(call, "__annotations__", {}).values(), *(getattr(call, "__defaults__", None) or ()))
    key = (path, code, scope, *map(id, facts))
    if key not in _found:
        made = get_dependant(path=path, call=call, scope=scope)
        if not _is_of_every_app(made):
            return made
        _found[key] = facts, replace(made, call=None)
    known = _found[key][1]
    return replace(known, call=call, dependencies=[*known.dependencies])


def _is_of_every_app(made: Dependant) -> bool:
    """Tell whether nothing that the endpoint asks for was made for one app alone."""
    return all(
        not getattr(one.call, "__closure__", None) and _is_of_every_app(one) for one in made.dependencies
    )
