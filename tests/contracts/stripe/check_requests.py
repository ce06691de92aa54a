"""Checks recorded Stripe requests strictly against Stripe's own typed contract; the sandbox records, this judges.

    python tests/contracts/stripe/check_requests.py .local/demo/sandbox/requests.jsonl [--version-file shared/providers/stripe-version.txt]

Of every call made with a secret key: the endpoint exists in the contract; each parameter is known there and has the right
type, literal and nesting; required ones are present; `Stripe-Version` is the pinned one; a POST carries an
`Idempotency-Key`, and one key never travels with two different requests. Exit status 1 on any violation.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import sys
import types
import typing
from collections import Counter

from stripe_contract import fields_of, find_endpoint, required_of

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
DEFAULT_VERSION_FILE = REPOSITORY / "shared/providers/stripe-version.txt"
MAX_IDEMPOTENCY_KEY = 255
MAX_METADATA_KEYS = 50
MAX_METADATA_KEY = 40
MAX_METADATA_VALUE = 500

UNIONS = (typing.Union, types.UnionType)


def is_typed_dict(hint: object) -> bool:
    return isinstance(hint, type) and hasattr(hint, "__required_keys__")


def alternatives(hint: object) -> list[object]:
    """The members of a union, flattened."""
    if typing.get_origin(hint) in UNIONS:
        return [member for part in typing.get_args(hint) for member in alternatives(part)]
    return [hint]


def literal_values(hint: object) -> list[object]:
    return list(typing.get_args(hint)) if typing.get_origin(hint) is typing.Literal else []


def describe(value: object) -> str:
    return repr(value) if isinstance(value, str) else type(value).__name__


def check_scalar(hint: type, value: object, where: str) -> list[str]:
    if not isinstance(value, str):
        return [f"{where}: expected {hint.__name__}, got {describe(value)}"]
    if hint is int and not re.fullmatch(r"-?\d+", value):
        return [f"{where}: expected an integer, got {value!r}"]
    if hint is float and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return [f"{where}: expected a number, got {value!r}"]
    if hint is bool and value not in ("true", "false"):
        return [f"{where}: expected true or false, got {value!r}"]
    return []


def check_map(value: object, where: str) -> list[str]:
    """Free-form maps: metadata and its like."""
    if not isinstance(value, dict):
        return [f"{where}: expected a map, got {describe(value)}"]
    problems = [f"{where}[{key}]: expected a string" for key, inner in value.items() if not isinstance(inner, str)]
    if where.endswith("metadata"):
        if len(value) > MAX_METADATA_KEYS:
            problems.append(f"{where}: more than {MAX_METADATA_KEYS} keys")
        for key, inner in value.items():
            if len(key) > MAX_METADATA_KEY:
                problems.append(f"{where}[{key}]: key longer than {MAX_METADATA_KEY} characters")
            if isinstance(inner, str) and len(inner) > MAX_METADATA_VALUE:
                problems.append(f"{where}[{key}]: value longer than {MAX_METADATA_VALUE} characters")
    return problems


def check_value(hint: object, value: object, where: str) -> list[str]:
    """Problems of one value against its type; values are the text of the form, or lists and maps of it."""
    members = alternatives(hint)
    if len(members) > 1:
        return check_union(members, value, where)
    (hint,) = members
    if typing.get_origin(hint) is typing.Literal:
        allowed = literal_values(hint)
        return [] if value in [str(v) for v in allowed] else [f"{where}: {describe(value)} is not one of {allowed}"]
    if hint in (int, float, bool, str):
        return check_scalar(typing.cast(type, hint), value, where)
    if typing.get_origin(hint) in (list, typing.List):
        if not isinstance(value, list):
            return [f"{where}: expected a list, got {describe(value)}"]
        (item,) = typing.get_args(hint)
        return [problem for index, inner in enumerate(value) for problem in check_value(item, inner, f"{where}[{index}]")]
    if is_typed_dict(hint):
        return check_dict(typing.cast(type, hint), value, where)
    return check_map(value, where)


def check_union(members: list[object], value: object, where: str) -> list[str]:
    listed = [v for member in members for v in literal_values(member)]
    # `Literal[...] | str` is the SDK's spelling of an enumeration that may grow; only what it lists is in the contract.
    if any(v != "" for v in listed):
        members = [member for member in members if member is not str]
    attempts = [check_value(member, value, where) for member in members]
    if any(not problems for problems in attempts):
        return []
    # The member of the same shape says best what is wrong.
    same_shape = [
        problems
        for member, problems in zip(members, attempts)
        if isinstance(value, dict) == (is_typed_dict(member) or typing.get_origin(member) is dict)
        and isinstance(value, list) == (typing.get_origin(member) is list)
    ]
    return min(same_shape or attempts, key=len)


def check_dict(params: type, value: object, where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where or 'parameters'}: expected a map, got {describe(value)}"]
    fields = fields_of(params)
    problems: list[str] = []
    for name, inner in value.items():
        path = f"{where}[{name}]" if where else name
        if name not in fields:
            problems.append(f"{path}: not in {params.__name__}")
        else:
            problems.extend(check_value(fields[name], inner, path))
    problems.extend(f"{where}[{name}]: missing" if where else f"{name}: missing" for name in sorted(required_of(params) - set(value)))
    return problems


def check_request(request: dict[str, typing.Any], version: str) -> list[str]:
    """Problems of one recorded request; empty when it keeps to the contract."""
    endpoint = find_endpoint(request["method"], request["path"])
    if endpoint is None:
        return ["no such call in Stripe's contract"]
    problems = check_dict(endpoint.params_type, request.get("params", {}), "")
    headers = request.get("headers", {})
    sent = headers.get("stripe-version")
    if sent != version:
        problems.append(f"Stripe-Version is {sent!r}, pinned is {version!r}")
    if request["method"] == "POST":
        key = headers.get("idempotency-key")
        if not key:
            problems.append("POST without Idempotency-Key")
        elif len(key) > MAX_IDEMPOTENCY_KEY:
            problems.append(f"Idempotency-Key longer than {MAX_IDEMPOTENCY_KEY} characters")
    return problems


def check_keys(requests: list[dict[str, typing.Any]]) -> list[str]:
    """One idempotency key stands for one request."""
    seen: dict[str, str] = {}
    problems: list[str] = []
    for request in requests:
        key = request.get("headers", {}).get("idempotency-key")
        if request["method"] != "POST" or not key:
            continue
        content = json.dumps([request["path"], request.get("params", {})], sort_keys=True)
        if seen.setdefault(key, content) != content:
            problems.append(f"{request['method']} {request['path']}: idempotency key {key!r} was used for a different request before")
    return problems


def check_all(requests: list[dict[str, typing.Any]], version: str) -> tuple[Counter[str], list[str]]:
    """How often each call was seen, and every distinct problem. Only the product's own (secret key) Stripe calls count."""
    ours = [r for r in requests if r.get("provider", "stripe") == "stripe" and r.get("key", "secret") == "secret"]
    seen: Counter[str] = Counter()
    problems: list[str] = []
    for request in ours:
        endpoint = find_endpoint(request["method"], request["path"])
        seen[f"{request['method']} {endpoint.template if endpoint else request['path']}"] += 1
        problems.extend(f"{request['method']} {request['path']}: {problem}" for problem in check_request(request, version))
    problems.extend(check_keys(ours))
    return seen, list(dict.fromkeys(problems))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=pathlib.Path, help="JSON lines written by the sandbox")
    parser.add_argument("--version-file", type=pathlib.Path, default=DEFAULT_VERSION_FILE, help="one line: the pinned Stripe-Version")
    parser.add_argument("--at-least", type=int, default=1, help="fail when fewer requests were recorded")
    options = parser.parse_args(arguments)
    version = options.version_file.read_text(encoding="utf-8").strip()
    requests = [json.loads(line) for path in options.recordings for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    seen, problems = check_all(requests, version)
    for call, count in sorted(seen.items()):
        print(f"{count:6}  {call}")
    for problem in problems:
        print(f"violation: {problem}", file=sys.stderr)
    total = sum(seen.values())
    print(f"{total} Stripe requests of {len(seen)} kinds checked against the contract, {len(problems)} violations")
    if total < options.at_least:
        print(f"expected at least {options.at_least} recorded requests", file=sys.stderr)
        return 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
