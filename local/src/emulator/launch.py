"""Starts ministack with what the local cloud needs of it and it does not do by itself.

Each change is marked with its reason; `local/test/emulator.test.ts` proves each against the running emulator.
"""

import os
import socketserver
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

from ministack.core import lambda_runtime
from ministack.services import cognito, stepfunctions
from ministack.services.cloudformation import provisioners

# Answers of the Lambda Runtime API wait for Nagle's timer: 40 ms a call.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

# After each call the emulator waits 50 ms for a log line; ours are written before the answer.
_drain = lambda_runtime.Worker._drain_stderr_bounded
_drain.__defaults__ = (0.003, *_drain.__defaults__[1:])

# The local clock can be moved; Wait states move with it, so that a test can let a week pass. One thread watches the
# clock for all executions that wait.
CLOCK_FILE = os.environ["CLOCK_FILE"]
CLOCK_POLL_SECONDS = 0.2
# A jump would wake every waiting execution in one moment, which passing time does not do: they wake in turn.
WAKE_SPACING_SECONDS = 0.05
_wake_in_turn = threading.Lock()
_clock_moved = threading.Condition()
_offset = timedelta(0)


def _read_offset() -> timedelta:
    try:
        with open(CLOCK_FILE, encoding="utf-8") as file:
            return timedelta(seconds=int(file.read().strip() or "0"))
    except (OSError, ValueError):
        return _offset


def _watch_clock() -> None:
    global _offset
    while True:
        offset = _read_offset()
        if offset != _offset:
            with _clock_moved:
                _offset = offset
                _clock_moved.notify_all()
        time.sleep(CLOCK_POLL_SECONDS)


def _now() -> datetime:
    return datetime.now(timezone.utc) + _offset


def _wait_until(target: datetime) -> None:
    began_with = _offset
    with _clock_moved:
        while (left := (target - _now()).total_seconds()) > 0:
            _clock_moved.wait(min(left, threading.TIMEOUT_MAX))
    if _offset != began_with:
        with _wake_in_turn:
            time.sleep(WAKE_SPACING_SECONDS)


def _sleep_until(timestamp: str) -> None:
    _wait_until(datetime.fromisoformat(timestamp.replace("Z", "+00:00")))


def _scaled_sleep(seconds: float) -> None:
    _wait_until(_now() + timedelta(seconds=seconds))


threading.Thread(target=_watch_clock, daemon=True, name="local-clock").start()
stepfunctions._sleep_until = _sleep_until
stepfunctions._scaled_sleep = _scaled_sleep

# The emulator forgets its accounts when it is killed. A subject derived from the user name lets a seeded account keep
# its identity, and with it its orders, when the emulator starts again.
ACCOUNTS = uuid.UUID("5b0f2f0e-2c3c-4d0e-9d5e-7a1b0a4c9f11")
_creating = threading.local()
_create_user = cognito._admin_create_user
_random_uuid = cognito.new_uuid


def _subject() -> str:
    name = getattr(_creating, "name", None)
    return str(uuid.uuid5(ACCOUNTS, name)) if name else _random_uuid()


def _admin_create_user(data):
    _creating.name = data.get("Username")
    try:
        return _create_user(data)
    finally:
        _creating.name = None


cognito.new_uuid = _subject
cognito._admin_create_user = _admin_create_user

# Buckets are kept on disk and survive a killed emulator, the stacks that made them do not: deploying again adopts a
# bucket that was there when the emulator started, instead of refusing its name.
_s3_root = os.path.join(os.environ.get("S3_DATA_DIR", ""), "000000000000")
_survivors = set(os.listdir(_s3_root)) if os.path.isdir(_s3_root) else set()
_bucket_handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
_create_bucket = _bucket_handlers["create"]
_name_conflict = provisioners.s3_bucket_name_conflict


def _adopt_bucket(logical_id, props, stack_name):
    name = props.get("BucketName")
    if name in _survivors:
        _survivors.discard(name)
        return provisioners._s3_update(name, {}, props, stack_name)
    return _create_bucket(logical_id, props, stack_name)


_bucket_handlers["create"] = _adopt_bucket
provisioners.s3_bucket_name_conflict = lambda name: None if name in _survivors else _name_conflict(name)

if __name__ == "__main__":
    from ministack.app import main

    main()
