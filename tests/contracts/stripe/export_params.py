"""Writes the parameter table of the Stripe sandbox (`local/src/sandbox/stripe/params.json`) from Stripe's typed params.

Run it after raising the pinned `stripe` package: `python tests/contracts/stripe/export_params.py`. The sandbox uses the
table to refuse unknown, missing and mistyped top-level parameters as Stripe does; the strict nested check of what was
really sent is `check_requests.py`.
"""

from __future__ import annotations

import json
import pathlib
import typing

from stripe_contract import endpoints, fields_of, required_of

OUTPUT = pathlib.Path(__file__).resolve().parents[3] / "local/src/sandbox/stripe/params.json"

SERVED = {
    "customers": ("list", "create", "retrieve", "update", "delete"),
    "payment_methods": ("list", "create", "retrieve", "update", "attach", "detach"),
    "payment_intents": ("list", "create", "retrieve", "update", "confirm", "capture", "cancel", "verify_microdeposits"),
    "setup_intents": ("list", "create", "retrieve", "update", "confirm", "cancel", "verify_microdeposits"),
    "charges": ("list", "retrieve", "update"),
    "refunds": ("list", "create", "retrieve", "update"),
    "transfers": ("list", "create", "retrieve", "update"),
    "transfers/{id}/reversals": ("list", "create", "retrieve"),
    "accounts": ("list", "create", "retrieve", "update"),
    "account_links": ("create",),
    "disputes": ("list", "retrieve", "update", "close"),
    "payouts": ("list", "create", "retrieve", "cancel"),
    "balance": ("list",),
    "balance_transactions": ("list", "retrieve"),
    "events": ("list", "retrieve"),
}
SHAPES = {
    "list": ("GET", ""),
    "create": ("POST", ""),
    "retrieve": ("GET", "/{}"),
    "update": ("POST", "/{}"),
    "delete": ("DELETE", "/{}"),
}


def kind_of(hint: object) -> str:
    """The compact spelling of a type: `int`, `bool`, `str`, `list`, `object`, `enum:a|b`, alternatives joined by ` or `."""
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return "enum:" + "|".join(str(value) for value in typing.get_args(hint))
    if origin is list:
        return "list"
    if origin is dict:
        return "object"
    if origin is not None and type(None) is not hint and typing.get_args(hint) and origin in (typing.Union, type(int | str)):
        kinds = [kind_of(part) for part in typing.get_args(hint)]
        # `Literal[...] | str` is how the SDK spells an enumeration that may grow: only the listed values are accepted here.
        if any(k.startswith("enum:") and k != "enum:" for k in kinds):
            kinds = [k for k in kinds if k != "str"]
        return " or ".join(dict.fromkeys(kinds))
    if hint in (int, bool, str, float):
        return hint.__name__
    return "object"


def main() -> None:
    by_shape = {(e.method, "/".join("{}" if p.startswith("{") else p for p in e.template.split("/"))): e for e in endpoints()}
    table: dict[str, dict[str, str]] = {}
    for resource, actions in SERVED.items():
        for action in actions:
            method, suffix = SHAPES.get(action, ("POST", "/{}/" + action))
            path = "/v1/" + resource.replace("{id}", "{}") + suffix
            endpoint = by_shape[(method, path)]
            required = required_of(endpoint.params_type)
            table[f"{method} {path}"] = {
                name: kind_of(hint) + ("!" if name in required else "")
                for name, hint in sorted(fields_of(endpoint.params_type).items())
            }
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(table.items()))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
