/** The sandbox's pages to pay by hand: what they show, what their buttons do, and that they need nothing from outside. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { world, type World } from "./sandbox-support.js";

const open = async (w: World, allowed: "card" | "us_bank_account") =>
  w.stripe.paymentIntents.create({ amount: 123_456, currency: "usd", capture_method: allowed === "card" ? "manual" : "automatic", allowed_payment_method_types: [allowed], metadata: { lbg_id: "lbg_<b>" } });

const press = (w: World, path: string, fields: Record<string, string>) => fetch(`${w.sandbox.url}${path}`, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });

test("the pay page shows the amount, takes a card after a decline and says what became of it", async (t) => {
  const w = await world(t);
  const intent = await open(w, "card");
  const page = async () => (await fetch(`${w.sandbox.url}/pay/${intent.id}`)).text();
  assert.match(await page(), /\$1,234\.56/);
  assert.doesNotMatch(await page(), /Bank account/);
  await press(w, `/pay/${intent.id}`, { payment_method: "pm_card_chargeDeclined" });
  assert.match(await page(), /Your card was declined\./);
  const answer = await press(w, `/pay/${intent.id}`, { payment_method: "pm_card_visa" });
  assert.equal(answer.status, 303);
  assert.match(await page(), /Authorised/);
});

test("a card that must be authenticated leads through the bank's page and back", async (t) => {
  const w = await world(t);
  const intent = await open(w, "card");
  const toBank = await press(w, `/pay/${intent.id}`, { payment_method: "pm_card_authenticationRequired" });
  assert.equal(toBank.headers.get("location"), `/3ds/${intent.id}`);
  const back = await press(w, `/3ds/${intent.id}`, { outcome: "complete" });
  assert.equal(back.headers.get("location"), `/pay/${intent.id}`);
  assert.equal((await w.stripe.paymentIntents.retrieve(intent.id)).status, "requires_capture");
});

test("a bank account is verified on the page before it is debited", async (t) => {
  const w = await world(t);
  const intent = await open(w, "us_bank_account");
  await press(w, `/pay/${intent.id}`, { payment_method: "pm_usBankAccount_microdeposits" });
  await press(w, `/pay/${intent.id}/verify`, { descriptor_code: "SM11AA" });
  assert.equal((await w.stripe.paymentIntents.retrieve(intent.id)).status, "processing");
});

test("pages load nothing from elsewhere and escape what they show", async (t) => {
  const w = await world(t);
  await open(w, "card");
  for (const path of ["/", "/pay/pi_unknown", "/sign/unknown"]) {
    const response = await fetch(`${w.sandbox.url}${path}`);
    const text = await response.text();
    assert.match(response.headers.get("content-security-policy") ?? "", /default-src 'none'/);
    assert.doesNotMatch(text, /<script|src=|https?:\/\//);
    assert.match(text, /<html lang="en">/);
  }
});
