"""Stripe's own request contract, read from the typed params of the official Python SDK; no checking is done here.

Every `*_service.py` of the SDK names the HTTP method, the path template and the `TypedDict` of one API call. Reading
those files (as syntax, without calling anything) gives the whole contract: endpoint -> TypedDict. The types themselves
are evaluated from `stripe/params/*`.
"""

from __future__ import annotations

import ast
import functools
import importlib
import pathlib
import re
import typing
from dataclasses import dataclass

import stripe
from stripe._request_options import RequestOptions

SDK_ROOT = pathlib.Path(stripe.__file__).parent
OPTION_KEYS = frozenset(RequestOptions.__annotations__)


@dataclass(frozen=True)
class Endpoint:
    """One API call: `method` in upper case, `template` such as `/v1/refunds/{refund}`, the module and class of its params."""

    method: str
    template: str
    module: str
    params: str

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{[^}]+\}", self.template)
        return re.compile("^" + "[^/]+".join(re.escape(part) for part in parts) + "$")

    @property
    def params_type(self) -> type:
        return getattr(importlib.import_module(self.module), self.params)


def _template_of(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _template_of(node.func.value)
    return None


def _endpoints_of(path: pathlib.Path) -> typing.Iterator[Endpoint]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = [
            constant.value
            for arg in function.args.args
            if arg.arg == "params" and arg.annotation is not None
            for constant in ast.walk(arg.annotation)
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
        ]
        if not names or names[0] not in modules:
            continue
        for call in ast.walk(function):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "_request"
                and len(call.args) >= 2
                and isinstance(call.args[0], ast.Constant)
            ):
                template = _template_of(call.args[1])
                if template is not None:
                    yield Endpoint(call.args[0].value.upper(), template, modules[names[0]], names[0])


@functools.cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every `/v1` call the SDK describes."""
    found = [
        endpoint
        for path in sorted(SDK_ROOT.glob("_*_service.py"))
        for endpoint in _endpoints_of(path)
        if endpoint.template.startswith("/v1/")
    ]
    return tuple(found)


def find_endpoint(method: str, path: str) -> Endpoint | None:
    """The call a request is for; a literal segment (`/v1/payment_methods/search`) wins over a placeholder."""
    matches = [e for e in endpoints() if e.method == method.upper() and e.pattern.match(path)]
    return min(matches, key=lambda e: e.template.count("{"), default=None)


@functools.cache
def fields_of(params: type) -> dict[str, object]:
    """Name -> evaluated type of every request parameter, without the SDK's own request options."""
    module = importlib.import_module(params.__module__)
    options = OPTION_KEYS if takes_request_options(params) else frozenset()
    # The options are typed with names the SDK imports only for type checkers, so they are left out before evaluation.
    holder = type("Fields", (), {"__annotations__": {k: v for k, v in params.__annotations__.items() if k not in options}})
    return typing.get_type_hints(holder, globalns=vars(module))


def takes_request_options(params: type) -> bool:
    """Whether the SDK's request options are mixed into this TypedDict (only at the top level)."""
    return RequestOptions in getattr(params, "__orig_bases__", ())


def required_of(params: type) -> frozenset[str]:
    """Names that must be sent."""
    return frozenset(params.__required_keys__)
