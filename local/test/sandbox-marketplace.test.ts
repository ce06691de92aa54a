/** Money after the payment on the Stripe sandbox: refunds, transfers, reversals, disputes, payouts and the balance they add up to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventTypes, refusal, world, type World } from "./sandbox-support.js";

const DAY = 86_400;

async function paid(w: World, lbg: string, amount = 50_000) {
  return w.stripe.paymentIntents.create({ amount, currency: "usd", confirm: true, payment_method: "pm_card_visa", transfer_group: lbg, metadata: { lbg_id: lbg } });
}

async function seller(w: World) {
  return w.stripe.accounts.create({ type: "express", country: "US", capabilities: { transfers: { requested: true } } });
}

test("refunds never exceed the charge", async (t) => {
  const w = await world(t);
  const intent = await paid(w, "lbg_1");
  const part = await w.stripe.refunds.create({ payment_intent: intent.id, amount: 20_000, metadata: { refund_id: "rfd_1" } });
  assert.equal(part.status, "succeeded");
  const over = await refusal(w.stripe.refunds.create({ payment_intent: intent.id, amount: 30_001 }));
  assert.equal(over.statusCode, 400);
  assert.match(over.message, /greater than unrefunded amount on charge/);
  assert.equal((await w.stripe.refunds.create({ charge: intent.latest_charge as string })).amount, 30_000);
  assert.equal((await refusal(w.stripe.refunds.create({ payment_intent: intent.id }))).code, "charge_already_refunded");
  const charge = await w.stripe.charges.retrieve(intent.latest_charge as string);
  assert.equal(charge.refunded, true);
  assert.equal(charge.amount_refunded, 50_000);
});

test("a refund the bank sends back gives the money back to the platform", async (t) => {
  const w = await world(t);
  const intent = await paid(w, "lbg_0", 10_000);
  const refund = await w.stripe.refunds.create({ payment_intent: intent.id });
  await w.control("POST", `/stripe/refunds/${refund.id}/fail`, {});
  assert.equal((await w.stripe.refunds.retrieve(refund.id)).status, "failed");
  const again = await w.stripe.refunds.create({ payment_intent: intent.id });
  assert.equal(again.amount, 10_000);
  const { totals } = await w.control<{ totals: Record<string, number> }>("GET", "/state?lbgId=lbg_0");
  assert.equal(totals["refunded_cents"], 10_000);
});

test("an authorisation cannot be refunded, only cancelled", async (t) => {
  const w = await world(t);
  const hold = await w.stripe.paymentIntents.create({ amount: 30_000, currency: "usd", confirm: true, capture_method: "manual", payment_method: "pm_card_visa" });
  assert.equal((await refusal(w.stripe.refunds.create({ payment_intent: hold.id }))).code, "payment_intent_unexpected_state");
});

test("transfers from one charge never exceed it, and a reversal gives room again", async (t) => {
  const w = await world(t);
  const [intent, photographer, studio] = [await paid(w, "lbg_2"), await seller(w), await seller(w)];
  const source = intent.latest_charge as string;
  const transfer = (destination: string, amount: number) => w.stripe.transfers.create({ amount, currency: "usd", destination, source_transaction: source, transfer_group: "lbg_2", metadata: { lbg_id: "lbg_2" } });
  const first = await transfer(photographer.id, 30_000);
  await transfer(studio.id, 20_000);
  assert.equal((await refusal(transfer(studio.id, 1))).code, "balance_insufficient");
  const reversal = await w.stripe.transfers.createReversal(first.id, { amount: 10_000 });
  assert.equal(reversal.amount, 10_000);
  assert.equal((await refusal(w.stripe.transfers.createReversal(first.id, { amount: 20_001 }))).code, "amount_too_large");
  assert.equal((await w.stripe.transfers.retrieve(first.id)).amount_reversed, 10_000);
  await transfer(studio.id, 10_000);
  assert.equal((await w.stripe.transfers.list({ transfer_group: "lbg_2" })).data.length, 3);
  assert.equal((await refusal(transfer("acct_nobody", 1))).code, "resource_missing");
  const state = await w.control<{ totals: Record<string, number> }>("GET", "/state?lbgId=lbg_2");
  assert.deepEqual([state.totals["captured_cents"], state.totals["transferred_cents"], state.totals["reversed_cents"]], [50_000, 60_000, 10_000]);
});

test("a seller without the transfers capability cannot be paid", async (t) => {
  const w = await world(t);
  const intent = await paid(w, "lbg_3");
  const account = await w.stripe.accounts.create({ type: "express" });
  const refused = await refusal(w.stripe.transfers.create({ amount: 100, currency: "usd", destination: account.id, source_transaction: intent.latest_charge as string }));
  assert.equal(refused.code, "insufficient_capabilities_for_transfer");
  await w.control("POST", `/stripe/accounts/${account.id}`, { capabilities: { transfers: "active" } });
  await w.stripe.transfers.create({ amount: 100, currency: "usd", destination: account.id, source_transaction: intent.latest_charge as string });
});

test("without a source charge only the available balance can be transferred", async (t) => {
  const w = await world(t);
  await paid(w, "lbg_4", 10_000);
  const account = await seller(w);
  const transfer = (amount: number) => w.stripe.transfers.create({ amount, currency: "usd", destination: account.id });
  assert.equal((await refusal(transfer(5_000))).code, "balance_insufficient");
  await w.advance(2 * DAY + 1);
  await transfer(5_000);
  const balance = await w.stripe.balance.retrieve();
  assert.equal(balance.available[0]?.amount, 10_000 - 320 - 5_000);
  const payout = await w.stripe.payouts.create({ amount: 5_000, currency: "usd" }, { stripeAccount: account.id });
  assert.equal(payout.status, "pending");
  await w.advance(2 * DAY + 1);
  assert.equal((await w.stripe.payouts.retrieve(payout.id)).status, "paid");
  assert.equal((await w.stripe.balance.retrieve({}, { stripeAccount: account.id })).available[0]?.amount, 0);
});

test("a refund of a destination charge takes the seller's share back on request", async (t) => {
  const w = await world(t);
  const account = await seller(w);
  const intent = await w.stripe.paymentIntents.create({ amount: 10_000, currency: "usd", confirm: true, payment_method: "pm_card_visa", transfer_data: { destination: account.id, amount: 8_000 } });
  await w.stripe.refunds.create({ payment_intent: intent.id, amount: 5_000, reverse_transfer: true });
  const [transfer] = (await w.stripe.transfers.list({ destination: account.id })).data;
  assert.equal(transfer?.amount_reversed, 4_000);
  const plain = await paid(w, "lbg_5");
  assert.match((await refusal(w.stripe.refunds.create({ payment_intent: plain.id, reverse_transfer: true }))).message, /does not have an associated transfer/);
});

test("a dispute takes money and fee, blocks refunds, and gives both back when won", async (t) => {
  const w = await world(t);
  const intent = await paid(w, "lbg_6");
  const dispute = await w.control<{ id: string; amount: number }>("POST", "/stripe/disputes", { payment_intent: intent.id, reason: "product_not_received" });
  assert.equal(dispute.amount, 50_000);
  assert.equal((await refusal(w.stripe.refunds.create({ payment_intent: intent.id }))).code, "charge_disputed");
  const answered = await w.stripe.disputes.update(dispute.id, { evidence: { service_date: "2026-11-20" } });
  assert.equal(answered.status, "under_review");
  await w.control("POST", `/stripe/disputes/${dispute.id}/close`, { outcome: "won" });
  const net = (await w.stripe.balanceTransactions.list({ source: dispute.id })).data.reduce((sum, transaction) => sum + transaction.net, 0);
  assert.equal(net, 0);
  await w.flush();
  const disputes = eventTypes(w.receiver).filter((type) => type.startsWith("charge.dispute"));
  assert.deepEqual(disputes, ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.funds_reinstated", "charge.dispute.closed"]);
});

test("the platform's balance is the sum of its transactions", async (t) => {
  const w = await world(t);
  const account = await seller(w);
  for (const lbg of ["a", "b", "c"]) {
    const intent = await paid(w, `lbg_${lbg}`, 33_333);
    await w.stripe.transfers.create({ amount: 20_000, currency: "usd", destination: account.id, source_transaction: intent.latest_charge as string });
    await w.stripe.refunds.create({ payment_intent: intent.id, amount: 3_333 });
  }
  const balance = await w.stripe.balance.retrieve();
  const held = (balance.available[0]?.amount ?? 0) + (balance.pending[0]?.amount ?? 0);
  assert.equal(held, 3 * (33_333 - (967 + 30) - 20_000 - 3_333));
  const rows = await w.stripe.balanceTransactions.list({ limit: 100 }).autoPagingToArray({ limit: 100 });
  assert.equal(rows.reduce((sum, row) => sum + row.net, 0), held);
});

test("lists page with cursors, newest first", async (t) => {
  const w = await world(t);
  const made: string[] = [];
  for (let n = 0; n < 5; n += 1) made.unshift((await w.stripe.customers.create({ metadata: { n: String(n) } })).id);
  const first = await w.stripe.customers.list({ limit: 2 });
  assert.equal(first.has_more, true);
  const all = await w.stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 10 });
  assert.deepEqual(all.map((customer) => customer.id), made);
  const before = await w.stripe.customers.list({ limit: 2, ending_before: made[3] as string });
  assert.deepEqual(before.data.map((customer) => customer.id), [made[1], made[2]]);
});
