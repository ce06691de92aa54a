/** The end of a PaymentIntent: capture, cancellation, expiry of an authorisation, outcome of 3-D Secure and of a bank debit. */
import type { Row } from "../store.js";
import { attemptPayment, fail, succeed } from "./attempts.js";
import { bookCharge } from "./charges.js";
import { emit, shown, type StripeContext } from "./context.js";
import { clearDeadline } from "./deadlines.js";
import { invalid, unexpectedState } from "./errors.js";
import { behaviourOf } from "./payment-methods.js";

const TABLE = "payment_intents";
const CANCELABLE = ["requires_payment_method", "requires_capture", "requires_confirmation", "requires_action"];

function chargeOf(ctx: StripeContext, intent: Row): Row | undefined {
  return ctx.store.get("charges", (intent["latest_charge"] as string | null) ?? "");
}

export function capture(ctx: StripeContext, intent: Row, amountCents: number | undefined): Row {
  if (intent["status"] !== "requires_capture") {
    throw unexpectedState(
      "payment_intent",
      `This PaymentIntent could not be captured because it has a status of ${String(intent["status"])}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.`,
      shown(intent),
    );
  }
  const amount = amountCents ?? (intent["amount_capturable"] as number);
  if (amount > (intent["amount_capturable"] as number)) {
    throw invalid(`The amount to capture cannot be greater than the authorized amount of ${String(intent["amount_capturable"])}.`, { code: "amount_too_large", param: "amount_to_capture" });
  }
  const charge = chargeOf(ctx, intent);
  if (!charge) throw invalid("This PaymentIntent has no charge to capture.");
  clearDeadline(ctx, "authorization", intent.id);
  bookCharge(ctx, charge, amount, true);
  succeed(ctx, intent, charge, amount);
  return intent;
}

/** Gives an authorisation back: nothing was ever booked, so no balance moves. */
function release(ctx: StripeContext, intent: Row, event: "charge.refunded" | "charge.expired"): void {
  clearDeadline(ctx, "authorization", intent.id);
  const charge = chargeOf(ctx, intent);
  if (!charge || charge["captured"] || charge["status"] !== "succeeded") return;
  charge["amount_refunded"] = charge["amount"];
  charge["refunded"] = true;
  ctx.store.put("charges", charge);
  emit(ctx, event, charge);
}

export function cancel(ctx: StripeContext, intent: Row, reason: string | null): Row {
  if (!CANCELABLE.includes(intent["status"] as string)) {
    throw unexpectedState(
      "payment_intent",
      `You cannot cancel this PaymentIntent because it has a status of ${String(intent["status"])}. Only a PaymentIntent with one of the following statuses may be canceled: ${CANCELABLE.join(", ")}.`,
      shown(intent),
    );
  }
  if (intent["status"] === "requires_capture") release(ctx, intent, reason === "automatic" ? "charge.expired" : "charge.refunded");
  intent["status"] = "canceled";
  intent["canceled_at"] = ctx.clock.now();
  intent["cancellation_reason"] = reason;
  intent["next_action"] = null;
  intent["amount_capturable"] = 0;
  ctx.store.put(TABLE, intent);
  emit(ctx, "payment_intent.canceled", intent);
  return intent;
}

/** Seven days have passed without a capture. */
export function expireAuthorization(ctx: StripeContext, id: string): void {
  const intent = ctx.store.get(TABLE, id);
  if (intent?.["status"] === "requires_capture") cancel(ctx, intent, "automatic");
}

/** The payer finished or failed the challenge; returns false when there is none open. */
export function finishChallenge(ctx: StripeContext, intent: Row, passed: boolean): boolean {
  const next = intent["next_action"] as Row | null;
  if (intent["status"] !== "requires_action" || !["redirect_to_url", "use_stripe_sdk"].includes(next?.["type"] as string)) return false;
  const method = ctx.store.get("payment_methods", intent["payment_method"] as string);
  if (!method) return false;
  if (passed) attemptPayment(ctx, intent, method, { offSession: false, authenticated: true });
  else fail(ctx, intent, method, { code: "payment_intent_authentication_failure", message: "We are unable to authenticate your payment method. Please choose a different payment method and try again." }, false);
  return true;
}

/** A bank debit ends; `outcome` overrides what the account would do. Returns false when none is under way. */
export function settleDebit(ctx: StripeContext, id: string, outcome?: { failure: string } | "succeeds"): boolean {
  const intent = ctx.store.get(TABLE, id);
  if (intent?.["status"] !== "processing") return false;
  clearDeadline(ctx, "ach", id);
  const charge = chargeOf(ctx, intent);
  const method = ctx.store.get("payment_methods", intent["payment_method"] as string);
  if (!charge || !method) return false;
  const settles = outcome ?? behaviourOf(method).settles ?? "succeeds";
  if (typeof settles === "object") {
    const message = DEBIT_FAILURES[settles.failure] ?? "The bank returned the debit.";
    Object.assign(charge, { status: "failed", paid: false, failure_code: settles.failure, failure_message: message });
    ctx.store.put("charges", charge);
    emit(ctx, "charge.failed", charge);
    fail(ctx, intent, method, { code: "payment_intent_payment_attempt_failed", message }, false);
    return true;
  }
  bookCharge(ctx, charge, intent["amount"] as number, false);
  emit(ctx, "charge.succeeded", charge);
  succeed(ctx, intent, charge, intent["amount"] as number);
  return true;
}

const DEBIT_FAILURES: Record<string, string> = {
  insufficient_funds: "The customer's account has insufficient funds to cover this payment.",
  account_closed: "The customer's bank account has been closed.",
  no_account: "The customer's bank account could not be located.",
  debit_not_authorized: "The customer has notified their bank that this payment was unauthorized.",
};
