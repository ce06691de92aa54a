/** Disputes (chargebacks): opened by a test or a test card, answered with evidence, closed as won or lost. */
import { mapOf } from "../form.js";
import type { Row } from "../store.js";
import { move } from "./balance.js";
import { emit, lbgOf, load, type Call, type Route, type StripeContext } from "./context.js";
import { invalid } from "./errors.js";
import { page } from "./lists.js";
import { flag, mergedMetadata } from "./params.js";

const TABLE = "disputes";
const FEE_CENTS = 1_500;
const EVIDENCE_SECONDS = 9 * 86_400;
const OPEN = ["needs_response", "under_review"];
const EVIDENCE_FIELDS = [
  "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
  "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
  "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure", "refund_refusal_explanation", "service_date",
  "service_documentation", "shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
];

/** The payer's bank takes the money back, plus a fee. */
export function openDispute(ctx: StripeContext, charge: Row, options: { reason?: string; amountCents?: number } = {}): Row {
  if (!charge["captured"] || charge["disputed"]) throw invalid(`Charge ${charge.id} cannot be disputed.`);
  const id = ctx.ids.stripe("dp");
  const amount = options.amountCents ?? (charge["amount_captured"] as number) - (charge["amount_refunded"] as number);
  const transaction = move(ctx, { type: "adjustment", amount: -amount, feeCents: FEE_CENTS, currency: charge["currency"] as string, source: id, description: `Chargeback withdrawal for ${charge.id}` });
  const dispute: Row = {
    id,
    object: "dispute",
    amount,
    balance_transactions: [structuredClone(transaction)],
    charge: charge.id,
    created: ctx.clock.now(),
    currency: charge["currency"],
    enhanced_eligibility_types: [],
    evidence: { ...Object.fromEntries(EVIDENCE_FIELDS.map((field) => [field, null])), enhanced_evidence: {} },
    evidence_details: { due_by: ctx.clock.now() + EVIDENCE_SECONDS, enhanced_eligibility: {}, has_evidence: false, past_due: false, submission_count: 0, submission_method: "not_submitted" },
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge["payment_intent"],
    reason: options.reason ?? "fraudulent",
    status: "needs_response",
    _lbg: lbgOf(charge) ?? charge["_lbg"],
  };
  ctx.store.put(TABLE, dispute);
  charge["disputed"] = true;
  ctx.store.put("charges", charge);
  emit(ctx, "charge.dispute.created", dispute);
  emit(ctx, "charge.dispute.funds_withdrawn", dispute);
  return dispute;
}

/** The bank decides; a won dispute gives money and fee back. */
export function closeDispute(ctx: StripeContext, dispute: Row, outcome: "won" | "lost"): Row {
  if (!OPEN.includes(dispute["status"] as string)) throw invalid("This dispute is already closed.");
  dispute["status"] = outcome;
  if (outcome === "won") {
    const back = move(ctx, { type: "adjustment", amount: dispute["amount"] as number, feeCents: -FEE_CENTS, currency: dispute["currency"] as string, source: dispute.id, description: `Chargeback reversal for ${String(dispute["charge"])}` });
    (dispute["balance_transactions"] as Row[]).push(structuredClone(back));
    const charge = ctx.store.get("charges", dispute["charge"] as string);
    if (charge) ctx.store.put("charges", Object.assign(charge, { disputed: false }));
  }
  ctx.store.put(TABLE, dispute);
  if (outcome === "won") emit(ctx, "charge.dispute.funds_reinstated", dispute);
  emit(ctx, "charge.dispute.closed", dispute);
  return dispute;
}

function update(ctx: StripeContext, call: Call): Row {
  const dispute = load(ctx, TABLE, call.args[0] ?? "", "dispute");
  if (!OPEN.includes(dispute["status"] as string)) throw invalid("This dispute is already closed.", { kept: true });
  const sent = mapOf(call.params["evidence"]);
  for (const [field, value] of Object.entries(sent)) {
    if (!EVIDENCE_FIELDS.includes(field)) throw invalid(`Received unknown parameter: evidence[${field}]`, { code: "parameter_unknown", param: `evidence[${field}]` });
    (dispute["evidence"] as Row)[field] = value === "" ? null : value;
  }
  dispute["metadata"] = mergedMetadata(dispute["metadata"] as Record<string, string>, call.params["metadata"]);
  const details = dispute["evidence_details"] as { has_evidence: boolean; submission_count: number; submission_method: string };
  details.has_evidence ||= Object.keys(sent).length > 0;
  if (Object.keys(sent).length > 0 && flag(call.params, "submit") !== false) {
    details.submission_count += 1;
    details.submission_method = "manual";
    dispute["status"] = "under_review";
  }
  ctx.store.put(TABLE, dispute);
  emit(ctx, "charge.dispute.updated", dispute);
  return dispute;
}

export const disputeRoutes: Route[] = [
  { method: "GET", path: "/v1/disputes", handle: (ctx, call) => page(call, ctx.store.list(TABLE), ["charge", "payment_intent"]) },
  { method: "GET", path: "/v1/disputes/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "dispute") },
  { method: "POST", path: "/v1/disputes/:id", handle: update },
  { method: "POST", path: "/v1/disputes/:id/close", handle: (ctx, call) => closeDispute(ctx, load(ctx, TABLE, call.args[0] ?? "", "dispute"), "lost") },
];
