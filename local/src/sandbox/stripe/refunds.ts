/** Refunds: money returned from a captured charge, never more than it still holds. */
import type { Row } from "../store.js";
import { move } from "./balance.js";
import { emit, lbgOf, load, shown, type Call, type Route, type StripeContext } from "./context.js";
import { setDeadline } from "./deadlines.js";
import { invalid, unexpectedState } from "./errors.js";
import { page } from "./lists.js";
import { amountOf, flag, mergedMetadata, text } from "./params.js";
import { reverse } from "./transfers.js";

const TABLE = "refunds";
const BANK_REFUND_SECONDS = 2 * 86_400;

function dollars(cents: number): string {
  return `$${(cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })}`;
}

function chargeToRefund(ctx: StripeContext, call: Call): Row {
  const chargeId = text(call.params, "charge");
  const intentId = text(call.params, "payment_intent");
  if (!chargeId && !intentId) throw invalid("One of the following params should be provided for this request: payment_intent or charge.", { code: "parameter_missing" });
  if (chargeId) return load(ctx, "charges", chargeId, "charge", "charge");
  const intent = load(ctx, "payment_intents", intentId ?? "", "payment_intent", "payment_intent");
  const charge = ctx.store.get("charges", (intent["latest_charge"] as string | null) ?? "");
  if (!charge?.["captured"]) {
    throw unexpectedState("payment_intent", `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, shown(intent));
  }
  return charge;
}

function create(ctx: StripeContext, call: Call): Row {
  const charge = structuredClone(chargeToRefund(ctx, call));
  if (!charge["captured"]) throw invalid(`Charge ${charge.id} has not been captured and cannot be refunded.`, { code: "charge_not_refundable", kept: true });
  if (charge["disputed"]) throw invalid(`Charge ${charge.id} has been charged back; cannot issue a refund.`, { code: "charge_disputed", kept: true });
  const left = (charge["amount_captured"] as number) - (charge["amount_refunded"] as number);
  if (left <= 0) throw invalid(`Charge ${charge.id} has already been refunded.`, { code: "charge_already_refunded", kept: true });
  const amount = amountOf(call.params, "amount") ?? left;
  if (amount > left) {
    const what = left === charge["amount_captured"] ? "charge amount" : "unrefunded amount on charge";
    throw invalid(`Refund amount (${dollars(amount)}) is greater than ${what} (${dollars(left)})`, { code: "amount_too_large", param: "amount", kept: true });
  }
  const reversal = flag(call.params, "reverse_transfer") ? reversalFor(ctx, charge, amount) : null;
  const bank = (charge["payment_method_details"] as Row)["type"] === "us_bank_account";
  const id = ctx.ids.stripe("re");
  const transaction = move(ctx, { type: bank ? "payment_refund" : "refund", amount: -amount, currency: charge["currency"] as string, source: id });
  const refund: Row = {
    id,
    object: "refund",
    amount,
    balance_transaction: transaction.id,
    charge: charge.id,
    created: ctx.clock.now(),
    currency: charge["currency"],
    customer: charge["customer"],
    destination_details: bank ? { type: "us_bank_transfer", us_bank_transfer: { reference: null, reference_status: "pending" } } : { card: { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" }, type: "card" },
    metadata: mergedMetadata({}, call.params["metadata"]),
    payment_intent: charge["payment_intent"],
    payment_method: charge["payment_method"],
    reason: text(call.params, "reason") ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: bank ? "pending" : "succeeded",
    transfer_reversal: reversal,
    _lbg: lbgOf(charge) ?? charge["_lbg"],
  };
  ctx.store.put(TABLE, refund);
  charge["amount_refunded"] = (charge["amount_refunded"] as number) + amount;
  charge["refunded"] = charge["amount_refunded"] === charge["amount_captured"];
  ctx.store.put("charges", charge);
  if (bank) setDeadline(ctx, "refund", id, ctx.clock.now() + BANK_REFUND_SECONDS);
  emit(ctx, "refund.created", refund);
  emit(ctx, "charge.refunded", charge);
  return refund;
}

/** Takes the destination charge's share of the refund back from the connected account, in proportion. */
function reversalFor(ctx: StripeContext, charge: Row, refundCents: number): string {
  const transfer = ctx.store.get("transfers", (charge["transfer"] as string | undefined) ?? "");
  if (!transfer) throw invalid(`Cannot reverse transfer on charge ${charge.id} because it does not have an associated transfer.`, { param: "reverse_transfer" });
  const share = Math.floor(((transfer["amount"] as number) * refundCents) / (charge["amount_captured"] as number));
  return reverse(ctx, structuredClone(transfer), share, {}, null).id;
}

/** A bank refund arrives. */
export function settleRefund(ctx: StripeContext, id: string): void {
  const refund = ctx.store.get(TABLE, id);
  if (refund?.["status"] !== "pending") return;
  refund["status"] = "succeeded";
  ctx.store.put(TABLE, refund);
  emit(ctx, "refund.updated", refund);
}

/** The buyer's bank sends the refund back: the money is the platform's again. Returns false when it has failed before. */
export function failRefund(ctx: StripeContext, id: string, reason: string): boolean {
  const refund = load(ctx, TABLE, id, "refund");
  if (!["succeeded", "pending"].includes(refund["status"] as string)) return false;
  const back = move(ctx, { type: "refund_failure", amount: refund["amount"] as number, currency: refund["currency"] as string, source: id });
  Object.assign(refund, { status: "failed", failure_reason: reason, failure_balance_transaction: back.id });
  ctx.store.put(TABLE, refund);
  const charge = load(ctx, "charges", refund["charge"] as string, "charge");
  charge["amount_refunded"] = (charge["amount_refunded"] as number) - (refund["amount"] as number);
  charge["refunded"] = false;
  ctx.store.put("charges", charge);
  emit(ctx, "refund.failed", refund);
  return true;
}

function update(ctx: StripeContext, call: Call): Row {
  const refund = load(ctx, TABLE, call.args[0] ?? "", "refund");
  refund["metadata"] = mergedMetadata(refund["metadata"] as Record<string, string>, call.params["metadata"]);
  ctx.store.put(TABLE, refund);
  emit(ctx, "refund.updated", refund);
  return refund;
}

export const refundRoutes: Route[] = [
  { method: "POST", path: "/v1/refunds", handle: create },
  { method: "GET", path: "/v1/refunds", handle: (ctx, call) => page(call, ctx.store.list(TABLE), ["charge", "payment_intent"]) },
  { method: "GET", path: "/v1/refunds/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "refund") },
  { method: "POST", path: "/v1/refunds/:id", handle: update },
];
