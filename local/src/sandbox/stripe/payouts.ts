/** Payouts: money leaving a balance (the platform's or a connected account's) for a bank account. */
import type { Row } from "../store.js";
import { move, totals } from "./balance.js";
import { emit, load, type Call, type Route, type StripeContext } from "./context.js";
import { clearDeadline, setDeadline } from "./deadlines.js";
import { invalid } from "./errors.js";
import { page } from "./lists.js";
import { amountOf, mergedMetadata, text } from "./params.js";

const TABLE = "payouts";
const ARRIVES_AFTER = 2 * 86_400;

function scope(payout: Row): { account?: string } {
  return payout["_account"] ? { account: payout["_account"] as string } : {};
}

function create(ctx: StripeContext, call: Call): Row {
  const amount = amountOf(call.params, "amount") ?? 0;
  if (call.account) load(ctx, "accounts", call.account, "account", "Stripe-Account");
  if (amount > totals(ctx, call.account).available) {
    throw invalid("You have insufficient funds in your Stripe account for this payout.", { code: "balance_insufficient", kept: true });
  }
  const id = ctx.ids.stripe("po");
  const transaction = move(ctx, { type: "payout", amount: -amount, currency: "usd", source: id, ...(call.account ? { account: call.account } : {}) });
  const arrival = ctx.clock.now() + ARRIVES_AFTER;
  const payout: Row = {
    id,
    object: "payout",
    amount,
    application_fee: null,
    application_fee_amount: null,
    arrival_date: arrival,
    automatic: false,
    balance_transaction: transaction.id,
    created: ctx.clock.now(),
    currency: "usd",
    description: text(call.params, "description") ?? null,
    destination: null,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: mergedMetadata({}, call.params["metadata"]),
    method: text(call.params, "method") ?? "standard",
    original_payout: null,
    payout_method: null,
    reconciliation_status: "not_applicable",
    reversed_by: null,
    source_type: text(call.params, "source_type") ?? "card",
    statement_descriptor: text(call.params, "statement_descriptor") ?? null,
    status: "pending",
    trace_id: null,
    type: "bank_account",
    ...(call.account ? { _account: call.account } : {}),
  };
  ctx.store.put(TABLE, payout);
  setDeadline(ctx, "payout", id, arrival);
  emit(ctx, "payout.created", payout, scope(payout));
  return payout;
}

/** A payout arrives, or comes back with a failure code. */
export function settlePayout(ctx: StripeContext, id: string, failure?: string): boolean {
  const payout = ctx.store.get(TABLE, id);
  if (payout?.["status"] !== "pending") return false;
  clearDeadline(ctx, "payout", id);
  if (failure) {
    const back = move(ctx, { type: "payout_failure", amount: payout["amount"] as number, currency: "usd", source: id, ...scope(payout) });
    Object.assign(payout, { status: "failed", failure_code: failure, failure_message: "The bank refused the payout.", failure_balance_transaction: back.id });
  } else payout["status"] = "paid";
  ctx.store.put(TABLE, payout);
  emit(ctx, failure ? "payout.failed" : "payout.paid", payout, scope(payout));
  return true;
}

function cancel(ctx: StripeContext, call: Call): Row {
  const payout = load(ctx, TABLE, call.args[0] ?? "", "payout");
  if (payout["status"] !== "pending") throw invalid("Payouts can only be canceled while they are pending.", { kept: true });
  clearDeadline(ctx, "payout", payout.id);
  move(ctx, { type: "payout_failure", amount: payout["amount"] as number, currency: "usd", source: payout.id, ...scope(payout) });
  payout["status"] = "canceled";
  ctx.store.put(TABLE, payout);
  emit(ctx, "payout.canceled", payout, scope(payout));
  return payout;
}

export const payoutRoutes: Route[] = [
  { method: "POST", path: "/v1/payouts", handle: create },
  { method: "GET", path: "/v1/payouts", handle: (ctx, call) => page(call, ctx.store.list(TABLE, (p) => p["_account"] === call.account), ["status"]) },
  { method: "GET", path: "/v1/payouts/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "payout") },
  { method: "POST", path: "/v1/payouts/:id/cancel", handle: cancel },
];
