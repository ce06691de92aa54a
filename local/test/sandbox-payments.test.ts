/** Payments on the Stripe sandbox, driven by Stripe's own SDK: authorise, capture, decline, 3-D Secure, bank debits, idempotency. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventTypes, refusal, stripeClient, world } from "./sandbox-support.js";

const DAY = 86_400;
const order = (lbg: string, more = {}) => ({ amount: 50_000, currency: "usd", capture_method: "manual" as const, transfer_group: lbg, metadata: { lbg_id: lbg }, ...more });

test("an authorised card is captured once and never for more than was authorised", async (t) => {
  const w = await world(t);
  const intent = await w.stripe.paymentIntents.create(order("lbg_1", { allowed_payment_method_types: ["card"] }));
  assert.equal(intent.status, "requires_payment_method");
  const client = stripeClient(w.sandbox.url, "pk_test_sandbox");
  const authorized = await client.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa", client_secret: intent.client_secret } as object);
  assert.equal(authorized.status, "requires_capture");
  assert.equal(authorized.amount_capturable, 50_000);

  const tooMuch = await refusal(w.stripe.paymentIntents.capture(intent.id, { amount_to_capture: 50_001 }));
  assert.equal(tooMuch.code, "amount_too_large");
  const captured = await w.stripe.paymentIntents.capture(intent.id, { amount_to_capture: 40_000, expand: ["latest_charge.balance_transaction"] });
  assert.equal(captured.status, "succeeded");
  assert.equal(captured.amount_received, 40_000);
  const charge = captured.latest_charge as import("stripe").Stripe.Charge;
  const transaction = charge.balance_transaction as import("stripe").Stripe.BalanceTransaction;
  assert.equal(transaction.fee, 1_190);
  assert.equal(transaction.net, 38_810);
  const again = await refusal(w.stripe.paymentIntents.capture(intent.id));
  assert.equal(again.code, "payment_intent_unexpected_state");
  assert.equal(again.statusCode, 400);

  await w.flush();
  assert.deepEqual(eventTypes(w.receiver), ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated", "charge.captured", "payment_intent.succeeded"]);
});

test("a declined card leaves the intent open for another card", async (t) => {
  const w = await world(t);
  const intent = await w.stripe.paymentIntents.create(order("lbg_2"));
  const declined = await refusal(w.stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_chargeDeclinedInsufficientFunds" }));
  assert.equal(declined.type, "StripeCardError");
  assert.equal(declined.code, "card_declined");
  assert.equal(declined.decline_code, "insufficient_funds");
  assert.equal(declined.statusCode, 402);
  const open = await w.stripe.paymentIntents.retrieve(intent.id);
  assert.equal(open.status, "requires_payment_method");
  assert.equal(open.last_payment_error?.decline_code, "insufficient_funds");
  const paid = await w.stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_mastercard" });
  assert.equal(paid.status, "requires_capture");
  assert.equal(paid.last_payment_error, null);
});

test("3-D Secure asks for action, then authorises or fails as the payer decides", async (t) => {
  const w = await world(t);
  const confirm = async (lbg: string) => {
    const intent = await w.stripe.paymentIntents.create(order(lbg));
    return w.stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_authenticationRequired", return_url: "https://shop.test/back" });
  };
  const passed = await confirm("lbg_3a");
  assert.equal(passed.status, "requires_action");
  assert.equal(passed.next_action?.type, "redirect_to_url");
  const page = await fetch(passed.next_action?.redirect_to_url?.url ?? "");
  assert.match(await page.text(), /Complete authentication/);
  const back = await fetch(passed.next_action?.redirect_to_url?.url ?? "", { method: "POST", body: new URLSearchParams({ outcome: "complete" }), redirect: "manual" });
  assert.match(back.headers.get("location") ?? "", /^https:\/\/shop\.test\/back\?.*redirect_status=succeeded/);
  assert.equal((await w.stripe.paymentIntents.retrieve(passed.id)).status, "requires_capture");

  const failed = await confirm("lbg_3b");
  await w.control("POST", `/stripe/3ds/${failed.id}`, { outcome: "fail" });
  const after = await w.stripe.paymentIntents.retrieve(failed.id);
  assert.equal(after.status, "requires_payment_method");
  assert.equal(after.last_payment_error?.code, "payment_intent_authentication_failure");
});

test("an off-session payment that needs authentication is refused", async (t) => {
  const w = await world(t);
  const refused = await refusal(w.stripe.paymentIntents.create(order("lbg_4", { confirm: true, off_session: true, payment_method: "pm_card_authenticationRequired" })));
  assert.equal(refused.code, "authentication_required");
  assert.equal(refused.payment_intent?.status, "requires_payment_method");
});

test("an authorisation nobody captures is cancelled after seven days", async (t) => {
  const w = await world(t);
  const intent = await w.stripe.paymentIntents.create(order("lbg_5", { confirm: true, payment_method: "pm_card_visa" }));
  await w.advance(7 * DAY - 10);
  assert.equal((await w.stripe.paymentIntents.retrieve(intent.id)).status, "requires_capture");
  await w.advance(20);
  const expired = await w.stripe.paymentIntents.retrieve(intent.id);
  assert.equal(expired.status, "canceled");
  assert.equal(expired.cancellation_reason, "automatic");
  await w.flush();
  assert.deepEqual(eventTypes(w.receiver).slice(-2), ["charge.expired", "payment_intent.canceled"]);
});

test("a cancelled authorisation takes no money and cannot be confirmed again", async (t) => {
  const w = await world(t);
  const intent = await w.stripe.paymentIntents.create(order("lbg_6", { confirm: true, payment_method: "pm_card_visa" }));
  const canceled = await w.stripe.paymentIntents.cancel(intent.id, { cancellation_reason: "abandoned" });
  assert.equal(canceled.status, "canceled");
  assert.equal((await w.stripe.balanceTransactions.list()).data.length, 0);
  assert.equal((await refusal(w.stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_visa" }))).code, "payment_intent_unexpected_state");
});

test("a bank debit is processing until it settles, by time or by hand", async (t) => {
  const w = await world(t);
  const debit = (payment_method: string, lbg: string) =>
    w.stripe.paymentIntents.create({ amount: 100_000, currency: "usd", allowed_payment_method_types: ["us_bank_account"], confirm: true, payment_method, transfer_group: lbg, metadata: { lbg_id: lbg } });
  const good = await debit("pm_usBankAccount_success", "lbg_7");
  const bad = await debit("pm_usBankAccount_insufficientFunds", "lbg_8");
  assert.equal(good.status, "processing");
  await w.control("POST", "/stripe/ach/settle", { payment_intent: good.id });
  const settled = await w.stripe.paymentIntents.retrieve(good.id, { expand: ["latest_charge.balance_transaction"] });
  assert.equal(settled.status, "succeeded");
  assert.equal(((settled.latest_charge as import("stripe").Stripe.Charge).balance_transaction as import("stripe").Stripe.BalanceTransaction).fee, 500);
  await w.advance(4 * DAY + 1);
  const returned = await w.stripe.paymentIntents.retrieve(bad.id);
  assert.equal(returned.status, "requires_payment_method");
  assert.equal(returned.last_payment_error?.code, "payment_intent_payment_attempt_failed");
});

test("an unverified bank account must be verified with micro-deposits", async (t) => {
  const w = await world(t);
  const intent = await w.stripe.paymentIntents.create({ amount: 100_000, currency: "usd", allowed_payment_method_types: ["us_bank_account"], confirm: true, payment_method: "pm_usBankAccount_microdeposits" });
  assert.equal(intent.next_action?.type, "verify_with_microdeposits");
  const wrong = await refusal(w.stripe.paymentIntents.verifyMicrodeposits(intent.id, { amounts: [1, 2] }));
  assert.equal(wrong.code, "payment_method_microdeposit_verification_amounts_mismatch");
  assert.equal((await w.stripe.paymentIntents.verifyMicrodeposits(intent.id, { amounts: [32, 45] })).status, "processing");
});

test("an idempotency key replays its answer and refuses other parameters", async (t) => {
  const w = await world(t);
  const first = await w.stripe.paymentIntents.create(order("lbg_9"), { idempotencyKey: "create-lbg_9" });
  const second = await w.stripe.paymentIntents.create(order("lbg_9"), { idempotencyKey: "create-lbg_9" });
  assert.equal(second.id, first.id);
  assert.equal(second.lastResponse.headers["idempotent-replayed"], "true");
  const conflict = await refusal(w.stripe.paymentIntents.create(order("lbg_9", { amount: 1_000 }), { idempotencyKey: "create-lbg_9" }));
  assert.equal(conflict.type, "StripeIdempotencyError");
  assert.equal(conflict.statusCode, 400);
  assert.equal((await w.stripe.paymentIntents.list()).data.length, 1);
});

test("a declined confirmation is replayed too", async (t) => {
  const w = await world(t);
  const intent = await w.stripe.paymentIntents.create(order("lbg_10"));
  const once = () => refusal(w.stripe.paymentIntents.confirm(intent.id, { payment_method: "pm_card_chargeDeclined" }, { idempotencyKey: "confirm-lbg_10" }));
  assert.equal((await once()).charge, (await once()).charge);
  assert.equal((await w.stripe.charges.list({ payment_intent: intent.id })).data.length, 1);
});

test("a card saved by a setup intent pays later without the payer", async (t) => {
  const w = await world(t);
  const customer = await w.stripe.customers.create({ metadata: { user_id: "usr_1" } });
  const setup = await w.stripe.setupIntents.create({ customer: customer.id, usage: "off_session", allowed_payment_method_types: ["card"] });
  const challenged = await w.stripe.setupIntents.confirm(setup.id, { payment_method: "pm_card_authenticationRequiredOnSetup", return_url: "https://shop.test/back" });
  assert.equal(challenged.status, "requires_action");
  await w.control("POST", `/stripe/3ds/${setup.id}`, { outcome: "complete" });
  const saved = await w.stripe.setupIntents.retrieve(setup.id);
  assert.equal(saved.status, "succeeded");
  const hold = await w.stripe.paymentIntents.create(order("lbg_11", { customer: customer.id, confirm: true, off_session: true, payment_method: saved.payment_method as string }));
  assert.equal(hold.status, "requires_capture");
});

test("a card that attaches but cannot be charged fails the deposit hold", async (t) => {
  const w = await world(t);
  const customer = await w.stripe.customers.create({});
  const setup = await w.stripe.setupIntents.create({ customer: customer.id, confirm: true, payment_method: "pm_card_chargeCustomerFail" });
  assert.equal(setup.status, "succeeded");
  const refused = await refusal(w.stripe.paymentIntents.create(order("lbg_12", { customer: customer.id, confirm: true, off_session: true, payment_method: setup.payment_method as string })));
  assert.equal(refused.code, "card_declined");
});

test("unknown, missing and mistyped parameters are refused as Stripe refuses them", async (t) => {
  const w = await world(t);
  const post = async (body: string) => {
    const response = await fetch(`${w.sandbox.url}/v1/payment_intents`, { method: "POST", body, headers: { authorization: "Bearer sk_test_sandbox", "content-type": "application/x-www-form-urlencoded" } });
    return ((await response.json()) as { error: { code: string; param?: string } }).error;
  };
  assert.deepEqual([(await post("amount=500&currency=usd&lbg=1")).code, (await post("currency=usd")).code, (await post("amount=5.5&currency=usd")).code], ["parameter_unknown", "parameter_missing", "parameter_invalid_integer"]);
  assert.equal((await post("amount=500&currency=usd&capture_method=later")).param, "capture_method");
  const publishable = await refusal(stripeClient(w.sandbox.url, "pk_test_sandbox").paymentIntents.create(order("lbg_13")));
  assert.equal(publishable.code, "secret_key_required");
});
