/** Charges: one attempt to take money for a PaymentIntent, from authorisation to capture, failure, release or refund. */
import type { Row } from "../store.js";
import { AVAILABLE_AFTER, move, processingFee } from "./balance.js";
import { emit, load, lbgOf, type Call, type Route, type StripeContext } from "./context.js";
import { page } from "./lists.js";
import { mergedMetadata, text } from "./params.js";

const TABLE = "charges";

/** An authorisation of a card lives for seven days. */
export const AUTHORIZATION_SECONDS = 7 * 86_400;

function methodDetails(ctx: StripeContext, intent: Row, method: Row, threeDs: boolean): Row["payment_method_details"] {
  if (method["type"] === "us_bank_account") {
    const { account_holder_type, account_type, bank_name, fingerprint, last4, routing_number } = method["us_bank_account"] as Row;
    return { type: "us_bank_account", us_bank_account: { account_holder_type, account_type, bank_name, expected_debit_date: null, fingerprint, last4, mandate: null, payment_reference: null, routing_number } };
  }
  const card = method["card"] as Row;
  const manual = intent["_captureMethod"] === "manual";
  return {
    type: "card",
    card: {
      amount_authorized: intent["amount"] as number,
      authorization_code: null,
      brand: card["brand"] as string,
      ...(manual ? { capture_before: ctx.clock.now() + AUTHORIZATION_SECONDS } : {}),
      checks: card["checks"] as unknown,
      country: "US",
      exp_month: card["exp_month"] as number,
      exp_year: card["exp_year"] as number,
      extended_authorization: { status: "disabled" },
      fingerprint: card["fingerprint"] as string,
      funding: "credit",
      incremental_authorization: { status: "unavailable" },
      installments: null,
      last4: card["last4"] as string,
      mandate: null,
      multicapture: { status: "unavailable" },
      network: card["brand"] as string,
      network_token: { used: false },
      network_transaction_id: null,
      overcapture: { maximum_amount_capturable: intent["amount"] as number, status: "unavailable" },
      regulated_status: "unregulated",
      three_d_secure: threeDs ? { authentication_flow: "challenge", electronic_commerce_indicator: "05", exemption_indicator: null, result: "authenticated", result_reason: null, transaction_id: null, version: "2.2.0" } : null,
      wallet: null,
    },
  };
}

/** A new charge in the given status; `failure` carries the issuer's refusal. */
export function createCharge(
  ctx: StripeContext,
  intent: Row,
  method: Row,
  status: "succeeded" | "pending" | "failed",
  options: { captured?: boolean; threeDs?: boolean; failure?: { code: string; declineCode?: string; message: string } } = {},
): Row {
  const failed = options.failure;
  const id = ctx.ids.stripe(method["type"] === "card" ? "ch" : "py");
  const charge: Row = {
    id,
    object: "charge",
    amount: intent["amount"],
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method["billing_details"],
    calculated_statement_descriptor: "RASTUP",
    captured: false,
    created: ctx.clock.now(),
    currency: intent["currency"],
    customer: intent["customer"],
    description: intent["description"],
    disputed: false,
    failure_balance_transaction: null,
    failure_code: failed?.code ?? null,
    failure_message: failed?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: { ...(intent["metadata"] as Record<string, string>) },
    on_behalf_of: intent["on_behalf_of"],
    outcome: failed
      ? { advice_code: null, network_advice_code: null, network_decline_code: null, network_status: "declined_by_network", reason: failed.declineCode ?? failed.code, risk_level: "normal", risk_score: 20, seller_message: "The bank did not return any further details with this decline.", type: "issuer_declined" }
      : { advice_code: null, network_advice_code: null, network_decline_code: null, network_status: "approved_by_network", reason: null, risk_level: "normal", risk_score: 20, seller_message: "Payment complete.", type: "authorized" },
    paid: status !== "failed",
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: methodDetails(ctx, intent, method, options.threeDs ?? false),
    radar_options: {},
    receipt_email: intent["receipt_email"],
    receipt_number: null,
    receipt_url: `${ctx.config().baseUrl}/pay/${intent.id}`,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: intent["statement_descriptor"],
    statement_descriptor_suffix: intent["statement_descriptor_suffix"],
    status,
    transfer_data: intent["transfer_data"],
    transfer_group: intent["transfer_group"],
    _lbg: lbgOf(intent),
  };
  return ctx.store.put(TABLE, charge);
}

/** Books the money of a charge: captured amount, fee, balance. Emits `charge.captured` for a former authorisation. */
export function bookCharge(ctx: StripeContext, charge: Row, amountCents: number, afterAuthorization: boolean): void {
  const type = (charge["payment_method_details"] as Row)["type"] as "card" | "us_bank_account";
  const transaction = move(ctx, {
    type: type === "card" ? "charge" : "payment",
    amount: amountCents,
    feeCents: processingFee(type, amountCents),
    currency: charge["currency"] as string,
    source: charge.id,
    description: charge["description"] as string | null,
    availableAfter: AVAILABLE_AFTER[type],
  });
  charge["status"] = "succeeded";
  charge["paid"] = true;
  charge["captured"] = true;
  charge["amount_captured"] = amountCents;
  charge["balance_transaction"] = transaction.id;
  ctx.store.put(TABLE, charge);
  if (afterAuthorization) emit(ctx, "charge.captured", charge);
}

function update(ctx: StripeContext, call: Call): Row {
  const charge = load(ctx, TABLE, call.args[0] ?? "", "charge");
  charge["metadata"] = mergedMetadata(charge["metadata"] as Record<string, string>, call.params["metadata"]);
  charge["description"] = text(call.params, "description") ?? (charge["description"] as string | null);
  charge["transfer_group"] = text(call.params, "transfer_group") ?? (charge["transfer_group"] as string | null);
  ctx.store.put(TABLE, charge);
  emit(ctx, "charge.updated", charge);
  return charge;
}

export const chargeRoutes: Route[] = [
  { method: "GET", path: "/v1/charges", handle: (ctx, call) => page(call, ctx.store.list(TABLE), ["payment_intent", "customer", "transfer_group"]) },
  { method: "GET", path: "/v1/charges/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "charge") },
  { method: "POST", path: "/v1/charges/:id", handle: update },
];
