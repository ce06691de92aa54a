"""Checks objects the sandbox answers with against the resource classes of Stripe's official Python SDK; starts nothing."""

from __future__ import annotations

import inspect
import typing

from stripe import ListObject, StripeObject
from stripe._object_classes import get_object_class
from stripe._stripe_object import UntypedStripeObject

from check_requests import alternatives, literal_values

def fields_of(cls: type) -> dict[str, object]:
    return {name: hint for name, hint in inspect.get_annotations(cls).items() if typing.get_origin(hint) is not typing.ClassVar and not name.startswith("_")}


def check_object(value: dict, where: str) -> list[str]:
    """Problems of a whole API object, found by its `object` field."""
    if value.get("deleted") is True:
        # What is left of a deleted object has no type of its own.
        return []
    cls = get_object_class("V1", value.get("object", ""))
    return [f"{where}: unknown object {value.get('object')!r}"] if cls is StripeObject else check_fields(cls, value, where)


def check_fields(cls: type, value: object, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: expected {cls.__name__}, got {value!r}"]
    fields = fields_of(cls)
    problems = [f"{where}.{name}: not in {cls.__name__}" for name in value if name not in fields]
    for name, hint in fields.items():
        if name not in value:
            if type(None) not in alternatives(hint):
                problems.append(f"{where}.{name}: missing")
        else:
            problems.extend(check_value(hint, value[name], f"{where}.{name}"))
    return problems


def check_value(hint: object, value: object, where: str) -> list[str]:
    members = alternatives(hint)
    if value is None:
        return [] if type(None) in members else [f"{where}: null"]
    listed = [v for member in members for v in literal_values(member)]
    if listed and isinstance(value, str):
        return [] if value in listed else [f"{where}: {value!r} is not one of {listed}"]
    attempts = [check_member(member, value, where) for member in members if member is not type(None)]
    return min(attempts, key=len) if attempts else []


def check_member(member: object, value: object, where: str) -> list[str]:
    origin = typing.get_origin(member) or member
    if origin is typing.Any or origin is UntypedStripeObject or origin is dict:
        return [] if origin is typing.Any or isinstance(value, dict) else [f"{where}: expected a map"]
    if isinstance(member, typing.ForwardRef):
        return check_object(value, where) if isinstance(value, dict) else [f"{where}: expected an object"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where}: expected a list"]
        (item,) = typing.get_args(member)
        return [problem for index, inner in enumerate(value) for problem in check_value(item, inner, f"{where}[{index}]")]
    if origin is ListObject:
        if not isinstance(value, dict) or value.get("object") != "list":
            return [f"{where}: expected a list object"]
        return [problem for index, inner in enumerate(value["data"]) for problem in check_object(inner, f"{where}.data[{index}]")]
    if isinstance(origin, type) and issubclass(origin, StripeObject):
        return check_fields(origin, value, where)
    if origin is int:
        return [] if isinstance(value, int) and not isinstance(value, bool) else [f"{where}: expected int, got {value!r}"]
    if isinstance(origin, type):
        return [] if isinstance(value, origin) else [f"{where}: expected {origin.__name__}, got {value!r}"]
    return []
