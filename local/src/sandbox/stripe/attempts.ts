/** What happens when an intent is confirmed: decline, authentication, authorisation, capture, bank debit. PaymentIntents only. */
import type { Row } from "../store.js";
import { bookCharge, createCharge, AUTHORIZATION_SECONDS } from "./charges.js";
import { emit, lbgOf, shown, type StripeContext } from "./context.js";
import { setDeadline } from "./deadlines.js";
import { openDispute } from "./disputes.js";
import { cardError, type StripeError } from "./errors.js";
import { attach, behaviourOf } from "./payment-methods.js";
import { declineMessage } from "./test-cards.js";
import { destinationTransfer } from "./transfers.js";

const TABLE = "payment_intents";

/** How the attempt is made. */
export interface Attempt {
  offSession: boolean;
  returnUrl?: string | undefined;
  /** The payer has passed 3-D Secure or the micro-deposit check. */
  authenticated?: boolean;
}

/** Marks the attempt as failed and returns the error the confirming call answers with. */
export function fail(ctx: StripeContext, intent: Row, method: Row, refusal: { code: string; declineCode?: string | undefined; message?: string }, withCharge = true): StripeError {
  const message = refusal.message ?? declineMessage(refusal.declineCode ?? refusal.code);
  const detail = { code: refusal.code, ...(refusal.declineCode ? { decline_code: refusal.declineCode } : {}) };
  const charge = withCharge
    ? createCharge(ctx, intent, method, "failed", { failure: { code: refusal.code, ...(refusal.declineCode ? { declineCode: refusal.declineCode } : {}), message } })
    : undefined;
  intent["status"] = "requires_payment_method";
  intent["payment_method"] = null;
  intent["next_action"] = null;
  intent["processing"] = null;
  intent["amount_capturable"] = 0;
  if (charge) intent["latest_charge"] = charge.id;
  const type = withCharge && method["type"] === "card" ? "card_error" : "invalid_request_error";
  intent["last_payment_error"] = { type, message, ...detail, ...(charge ? { charge: charge.id } : {}), payment_method: shown(method) };
  ctx.store.put(TABLE, intent);
  if (charge) emit(ctx, "charge.failed", charge);
  emit(ctx, "payment_intent.payment_failed", intent);
  return cardError(message, { ...detail, ...(charge ? { charge: charge.id } : {}), payment_intent: shown(intent), payment_method: shown(method) });
}

function requireAction(ctx: StripeContext, intent: Row, attempt: Attempt): void {
  const url = `${ctx.config().baseUrl}/3ds/${intent.id}`;
  intent["status"] = "requires_action";
  intent["_returnUrl"] = attempt.returnUrl ?? null;
  // Without a return URL the browser's SDK shows the challenge itself.
  intent["next_action"] = attempt.returnUrl
    ? { type: "redirect_to_url", redirect_to_url: { return_url: attempt.returnUrl, url } }
    : { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect", stripe_js: url } };
  ctx.store.put(TABLE, intent);
  emit(ctx, "payment_intent.requires_action", intent);
}

function requireMicrodeposits(ctx: StripeContext, intent: Row): void {
  intent["status"] = "requires_action";
  intent["next_action"] = {
    type: "verify_with_microdeposits",
    verify_with_microdeposits: {
      arrival_date: ctx.clock.now() + 86_400,
      hosted_verification_url: `${ctx.config().baseUrl}/pay/${intent.id}`,
      microdeposit_type: "descriptor_code",
    },
  };
  ctx.store.put(TABLE, intent);
  emit(ctx, "payment_intent.requires_action", intent);
}

function startDebit(ctx: StripeContext, intent: Row, method: Row): void {
  const charge = createCharge(ctx, intent, method, "pending");
  intent["status"] = "processing";
  intent["next_action"] = null;
  intent["latest_charge"] = charge.id;
  ctx.store.put(TABLE, intent);
  emit(ctx, "charge.pending", charge);
  emit(ctx, "payment_intent.processing", intent);
  if (behaviourOf(method).settles !== "never") setDeadline(ctx, "ach", intent.id, ctx.clock.now() + ctx.config().achSettleSeconds);
}

/** Money was taken: the intent is done, the destination charge's transfer is made, a promised dispute is opened. */
export function succeed(ctx: StripeContext, intent: Row, charge: Row, amountCents: number): void {
  intent["status"] = "succeeded";
  intent["amount_received"] = amountCents;
  intent["amount_capturable"] = 0;
  intent["next_action"] = null;
  intent["processing"] = null;
  ctx.store.put(TABLE, intent);
  destinationTransfer(ctx, intent, charge);
  emit(ctx, "payment_intent.succeeded", intent);
  const method = ctx.store.get("payment_methods", intent["payment_method"] as string);
  const dispute = method ? behaviourOf(method).dispute : undefined;
  if (dispute) openDispute(ctx, charge, { reason: dispute });
}

function takeCard(ctx: StripeContext, intent: Row, method: Row, attempt: Attempt): void {
  const manual = intent["_captureMethod"] === "manual";
  const amount = intent["amount"] as number;
  const charge = createCharge(ctx, intent, method, "succeeded", { threeDs: attempt.authenticated ?? false });
  intent["latest_charge"] = charge.id;
  intent["last_payment_error"] = null;
  intent["next_action"] = null;
  if (manual) {
    intent["status"] = "requires_capture";
    intent["amount_capturable"] = amount;
    ctx.store.put(TABLE, intent);
    setDeadline(ctx, "authorization", intent.id, ctx.clock.now() + AUTHORIZATION_SECONDS);
    emit(ctx, "charge.succeeded", charge);
    emit(ctx, "payment_intent.amount_capturable_updated", intent);
    return;
  }
  bookCharge(ctx, charge, amount, false);
  emit(ctx, "charge.succeeded", charge);
  succeed(ctx, intent, charge, amount);
}

function save(ctx: StripeContext, intent: Row, method: Row): void {
  const usage = intent["setup_future_usage"] as string | null;
  if (!usage || !intent["customer"]) return;
  attach(ctx, method, intent["customer"] as string);
  method["_setUp"] = true;
  ctx.store.put("payment_methods", method);
}

/** Runs one attempt on a confirmed intent; returns the error to answer with when the payment was refused. */
export function attemptPayment(ctx: StripeContext, intent: Row, method: Row, attempt: Attempt): StripeError | undefined {
  const behaviour = behaviourOf(method);
  intent["payment_method"] = method.id;
  intent["last_payment_error"] = null;
  const injected = ctx.faults.takeForCall(["decline"], { provider: "stripe", method: "POST", path: `/v1/payment_intents/${intent.id}/confirm`, lbgId: lbgOf(intent) });
  if (injected) return fail(ctx, intent, method, { code: "card_declined", declineCode: injected.declineCode });
  if (behaviour.type === "us_bank_account") {
    if (behaviour.microdeposits && !method["_setUp"] && !attempt.authenticated) requireMicrodeposits(ctx, intent);
    else {
      save(ctx, intent, method);
      startDebit(ctx, intent, method);
    }
    return undefined;
  }
  const challenged = behaviour.threeDs === "always" || (behaviour.threeDs === "unless_set_up" && !method["_setUp"]);
  if (challenged && !attempt.authenticated) {
    if (attempt.offSession) return fail(ctx, intent, method, { code: "authentication_required", declineCode: "authentication_required" });
    if (intent["_errorOnRequiresAction"]) return fail(ctx, intent, method, { code: "card_declined", declineCode: "authentication_required" });
    requireAction(ctx, intent, attempt);
    return undefined;
  }
  if (behaviour.decline) return fail(ctx, intent, method, { code: behaviour.decline.code, declineCode: behaviour.decline.declineCode });
  save(ctx, intent, method);
  takeCard(ctx, intent, method, attempt);
  return undefined;
}
