"""Tests of the contract check itself: what Stripe accepts passes, everything else is named."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import pathlib
import tempfile
import unittest

import check_requests

VERSION = "2026-10-28.endive"


def request(method: str = "POST", path: str = "/v1/payment_intents", params: dict | None = None, **more: object) -> dict:
    headers = {"stripe-version": VERSION, **({"idempotency-key": hashlib.sha256(f"{path}{json.dumps(params)}".encode()).hexdigest()} if method == "POST" else {})}
    return {"provider": "stripe", "method": method, "path": path, "params": params or {}, "headers": headers, "key": "secret", **more}


INTENT = {
    "amount": "50000",
    "currency": "usd",
    "capture_method": "manual",
    "allowed_payment_method_types": ["card"],
    "metadata": {"lbg_id": "lbg_1"},
    "transfer_group": "lbg_1",
    "setup_future_usage": "off_session",
    "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
    "expand": ["latest_charge"],
}


class GoodRequests(unittest.TestCase):
    def assert_clean(self, recorded: dict) -> None:
        self.assertEqual(check_requests.check_request(recorded, VERSION), [])

    def test_the_calls_of_the_booking_path_are_in_the_contract(self) -> None:
        for recorded in [
            request(params=INTENT),
            request(path="/v1/payment_intents/pi_1/capture", params={"amount_to_capture": "40000"}),
            request(path="/v1/payment_intents/pi_1/cancel", params={"cancellation_reason": "abandoned"}),
            request(path="/v1/payment_intents/pi_1/confirm", params={"payment_method": "pm_1", "off_session": "true"}),
            request(path="/v1/setup_intents", params={"customer": "cus_1", "usage": "off_session"}),
            request(path="/v1/customers", params={"metadata": {"user_id": "usr_1"}}),
            request(path="/v1/refunds", params={"payment_intent": "pi_1", "amount": "100", "reason": "requested_by_customer"}),
            request(path="/v1/transfers", params={"amount": "100", "currency": "usd", "destination": "acct_1", "source_transaction": "ch_1"}),
            request(path="/v1/transfers/tr_1/reversals", params={"amount": "100"}),
            request(path="/v1/accounts", params={"type": "express", "capabilities": {"transfers": {"requested": "true"}}}),
            request("GET", "/v1/payment_intents/pi_1", {"expand": ["latest_charge"]}),
            request("GET", "/v1/transfers", {"transfer_group": "lbg_1", "limit": "100", "created": {"gte": "1700000000"}}),
        ]:
            with self.subTest(path=recorded["path"]):
                self.assert_clean(recorded)

    def test_metadata_may_be_unset_as_a_whole(self) -> None:
        self.assert_clean(request(path="/v1/payment_intents/pi_1", params={"metadata": ""}))


class BadRequests(unittest.TestCase):
    def assert_named(self, recorded: dict, *fragments: str) -> None:
        problems = "\n".join(check_requests.check_request(recorded, VERSION))
        for fragment in fragments:
            self.assertIn(fragment, problems)

    def test_an_unknown_parameter_is_named(self) -> None:
        self.assert_named(request(params={**INTENT, "lbg_id": "lbg_1"}), "lbg_id: not in PaymentIntentCreateParams")

    def test_a_parameter_of_an_older_version_is_named(self) -> None:
        self.assert_named(request(params={**INTENT, "payment_method_types": ["card"]}), "payment_method_types: not in")

    def test_an_unknown_nested_parameter_is_named(self) -> None:
        self.assert_named(request(params={**INTENT, "payment_method_options": {"card": {"require_3ds": "any"}}}), "payment_method_options[card][require_3ds]")

    def test_a_missing_required_parameter_is_named(self) -> None:
        self.assert_named(request(params={"currency": "usd"}), "amount: missing")

    def test_wrong_types_and_literals_are_named(self) -> None:
        self.assert_named(request(params={**INTENT, "amount": "500.00"}), "amount: expected an integer")
        self.assert_named(request(params={**INTENT, "capture_method": "later"}), "capture_method")
        self.assert_named(request(params={**INTENT, "confirm": "yes"}), "confirm: expected true or false")
        self.assert_named(request(params={**INTENT, "metadata": "lbg_1"}), "metadata")
        self.assert_named(request(params={**INTENT, "metadata": {"ids": ["a"]}}), "metadata[ids]: expected a string")
        self.assert_named(request(params={**INTENT, "allowed_payment_method_types": "card"}), "allowed_payment_method_types: expected a list")
        self.assert_named(request(params={**INTENT, "allowed_payment_method_types": ["cheque"]}), "allowed_payment_method_types[0]")
        self.assert_named(request(params={**INTENT, "setup_future_usage": "sometimes"}), "setup_future_usage")

    def test_metadata_limits_are_enforced(self) -> None:
        self.assert_named(request(params={**INTENT, "metadata": {"k" * 41: "v"}}), "key longer than 40")
        self.assert_named(request(params={**INTENT, "metadata": {"k": "v" * 501}}), "value longer than 500")

    def test_a_call_outside_the_contract_is_named(self) -> None:
        self.assert_named(request(path="/v1/payment_intents/pi_1/settle"), "no such call")
        self.assert_named(request("GET", "/v1/ledgers"), "no such call")

    def test_the_pinned_version_and_an_idempotency_key_are_demanded(self) -> None:
        self.assert_named(request(params=INTENT, headers={"idempotency-key": "k"}), "Stripe-Version is None")
        self.assert_named(request(params=INTENT, headers={"stripe-version": "2024-06-20", "idempotency-key": "k"}), "2024-06-20")
        self.assert_named(request(params=INTENT, headers={"stripe-version": VERSION}), "POST without Idempotency-Key")

    def test_one_key_for_two_requests_is_named(self) -> None:
        headers = {"stripe-version": VERSION, "idempotency-key": "same"}
        first, second = (request(params={**INTENT, "amount": amount}, headers=headers) for amount in ("100", "200"))
        _, problems = check_requests.check_all([first, first], VERSION)
        self.assertEqual(problems, [])
        _, problems = check_requests.check_all([first, second], VERSION)
        self.assertIn("'same' was used for a different request before", problems[0])


class WholeRun(unittest.TestCase):
    def run_on(self, *recorded: dict, arguments: tuple[str, ...] = ()) -> int:
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            (folder / "version.txt").write_text(VERSION + "\n", encoding="utf-8")
            (folder / "requests.jsonl").write_text("".join(json.dumps(r) + "\n" for r in recorded), encoding="utf-8")
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                return check_requests.main([str(folder / "requests.jsonl"), "--version-file", str(folder / "version.txt"), *arguments])

    def test_a_clean_recording_passes_and_one_violation_fails(self) -> None:
        self.assertEqual(self.run_on(request(params=INTENT)), 0)
        self.assertEqual(self.run_on(request(params=INTENT), request(params={**INTENT, "x": "1"})), 1)

    def test_an_empty_recording_fails(self) -> None:
        self.assertEqual(self.run_on(), 1)
        self.assertEqual(self.run_on(request(params=INTENT), arguments=("--at-least", "2")), 1)

    def test_calls_of_browsers_and_of_other_providers_are_not_judged(self) -> None:
        browser = request(path="/v1/payment_intents/pi_1/confirm", params={"client_secret": "x"}, key="publishable")
        other = request(path="/v3/signature_request/send", provider="esign")
        self.assertEqual(self.run_on(request(params=INTENT), browser, other), 0)


if __name__ == "__main__":
    unittest.main()
