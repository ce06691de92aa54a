"""The sandbox's answers keep to Stripe's typed objects: a whole life of payments, driven by the official Python SDK."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import tempfile
import typing
import unittest
import urllib.request

import stripe

import answers
import check_requests

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
DAY = 86_400


class Sandbox:
    """A sandbox process on a free port with its own state."""

    def __init__(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        environment = {"PATH": os.environ["PATH"], "SANDBOX_PORT": "0", "SANDBOX_STATE_DIR": self.directory.name}
        self.process = subprocess.Popen(
            ["node", "--import", "tsx", str(REPOSITORY / "local/src/sandbox/main.ts")], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.search(r'"url":"([^"]+)"', line)
        if not match:
            raise RuntimeError("the sandbox did not start")
        self.url = match[1]

    def control(self, method: str, path: str, body: object = None) -> dict:
        request = urllib.request.Request(f"{self.url}/_sandbox{path}", method=method, data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def get(self, path: str) -> dict:
        request = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": "Bearer sk_test_sandbox"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()
        self.directory.cleanup()


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.sandbox = Sandbox()
        cls.addClassCleanup(cls.sandbox.close)
        cls.client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": cls.sandbox.url})
        cls.live()

    @classmethod
    def live(cls) -> None:
        """Everything that happens to money, once."""
        v1, sandbox = cls.client.v1, cls.sandbox
        customer = v1.customers.create({"email": "buyer@example.test", "metadata": {"user_id": "usr_1"}})
        setup = v1.setup_intents.create({"customer": customer.id, "usage": "off_session"})
        v1.setup_intents.confirm(setup.id, {"payment_method": "pm_card_authenticationRequiredOnSetup", "return_url": "https://shop.test"})
        sandbox.control("POST", f"/stripe/3ds/{setup.id}", {"outcome": "complete"})
        saved = v1.setup_intents.retrieve(setup.id).payment_method
        order = {"amount": 50_000, "currency": "usd", "transfer_group": "lbg_1", "metadata": {"lbg_id": "lbg_1"}}
        hold = v1.payment_intents.create({**order, "capture_method": "manual", "customer": customer.id, "payment_method": saved, "confirm": True, "off_session": True})
        v1.payment_intents.cancel(hold.id)
        paid = v1.payment_intents.create({**order, "capture_method": "manual", "allowed_payment_method_types": ["card"]})
        for method in ("pm_card_chargeDeclined", "pm_card_authenticationRequired"):
            try:
                v1.payment_intents.confirm(paid.id, {"payment_method": method, "return_url": "https://shop.test"})
            except stripe.CardError:
                pass
        sandbox.control("POST", f"/stripe/3ds/{paid.id}", {"outcome": "complete"})
        paid = v1.payment_intents.capture(paid.id, {"amount_to_capture": 45_000})
        account = v1.accounts.create({"type": "express", "capabilities": {"transfers": {"requested": True}}})
        transfer = v1.transfers.create({"amount": 20_000, "currency": "usd", "destination": account.id, "source_transaction": paid.latest_charge})
        v1.transfers.reversals.create(transfer.id, {"amount": 500})
        v1.refunds.create({"payment_intent": paid.id, "amount": 1_000})
        debit = v1.payment_intents.create({**order, "allowed_payment_method_types": ["us_bank_account"], "payment_method": "pm_usBankAccount_microdeposits", "confirm": True})
        v1.payment_intents.verify_microdeposits(debit.id, {"descriptor_code": "SM11AA"})
        returned = v1.payment_intents.create({**order, "allowed_payment_method_types": ["us_bank_account"], "payment_method": "pm_usBankAccount_insufficientFunds", "confirm": True})
        sandbox.control("POST", "/clock", {"advanceSeconds": 5 * DAY})
        assert v1.payment_intents.retrieve(returned.id).status == "requires_payment_method"
        sent_back = v1.refunds.create({"payment_intent": debit.id})
        sandbox.control("POST", f"/stripe/refunds/{sent_back.id}/fail", {})
        dispute = sandbox.control("POST", "/stripe/disputes", {"payment_intent": paid.id})
        v1.disputes.update(dispute["id"], {"evidence": {"service_date": "2026-11-20"}})
        sandbox.control("POST", f"/stripe/disputes/{dispute['id']}/close", {"outcome": "won"})
        v1.payouts.create({"amount": 1_000, "currency": "usd"}, {"stripe_account": account.id})
        v1.payment_methods.detach(saved)
        v1.customers.delete(customer.id)

    def assert_typed(self, value: dict, where: str) -> None:
        self.assertEqual(answers.check_object(value, where), [])

    def test_every_event_and_its_object_are_typed(self) -> None:
        events = self.sandbox.get("/v1/events?limit=100")["data"]
        self.assertGreater(len(events), 40)
        for event in events:
            with self.subTest(event["type"]):
                self.assert_typed(event, "event")
                self.assert_typed(event["data"]["object"], event["type"])

    def test_every_listed_object_is_typed(self) -> None:
        for path in ("payment_intents", "setup_intents", "charges", "refunds", "transfers", "accounts", "disputes", "payment_methods", "customers", "balance_transactions"):
            with self.subTest(path):
                for value in self.sandbox.get(f"/v1/{path}?limit=100")["data"]:
                    self.assert_typed(value, path)
        self.assert_typed(self.sandbox.get("/v1/balance"), "balance")

    def test_expanded_objects_are_typed(self) -> None:
        for value in self.sandbox.get("/v1/payment_intents?limit=100&expand[]=data.latest_charge.balance_transaction&expand[]=data.customer&expand[]=data.payment_method")["data"]:
            self.assert_typed(value, "payment_intent")

    def test_the_event_types_are_stripes(self) -> None:
        from stripe.params._webhook_endpoint_create_params import WebhookEndpointCreateParams
        from stripe_contract import fields_of

        (item,) = typing.get_args(fields_of(WebhookEndpointCreateParams)["enabled_events"])
        known = {value for member in check_requests.alternatives(item) for value in check_requests.literal_values(member)}
        seen = {event["type"] for event in self.sandbox.get("/v1/events?limit=100")["data"]}
        self.assertEqual(seen - known, set())

    def test_what_the_official_sdk_sends_passes_the_request_check(self) -> None:
        lines = pathlib.Path(self.sandbox.directory.name, "requests.jsonl").read_text(encoding="utf-8").splitlines()
        recorded = [r for r in map(json.loads, lines) if r["headers"].get("stripe-version")]
        seen, problems = check_requests.check_all(recorded, stripe.api_version)
        self.assertGreater(sum(seen.values()), 15)
        self.assertEqual(problems, [])


if __name__ == "__main__":
    unittest.main()
