/** How saving a payment method ends: saved, refused, or waiting for the payer. */
import type { Row } from "../store.js";
import { emit, shown, type StripeContext } from "./context.js";
import { cardError, type StripeError } from "./errors.js";
import { attach, behaviourOf } from "./payment-methods.js";
import { declineMessage } from "./test-cards.js";

const TABLE = "setup_intents";

/** The method is saved: attached to the customer and usable without the payer present. */
export function completeSetup(ctx: StripeContext, intent: Row, method: Row): void {
  method["_setUp"] = true;
  ctx.store.put("payment_methods", method);
  if (intent["customer"]) attach(ctx, method, intent["customer"] as string);
  intent["status"] = "succeeded";
  intent["next_action"] = null;
  intent["last_setup_error"] = null;
  intent["latest_attempt"] = ctx.ids.stripe("setatt");
  ctx.store.put(TABLE, intent);
  emit(ctx, "setup_intent.succeeded", intent);
}

export function failSetup(ctx: StripeContext, intent: Row, method: Row, code: string, declineCode: string | undefined, message = declineMessage(declineCode ?? code)): StripeError {
  const detail = { code, ...(declineCode ? { decline_code: declineCode } : {}) };
  intent["status"] = "requires_payment_method";
  intent["payment_method"] = null;
  intent["next_action"] = null;
  intent["last_setup_error"] = { type: "card_error", message, ...detail, payment_method: shown(method) };
  ctx.store.put(TABLE, intent);
  emit(ctx, "setup_intent.setup_failed", intent);
  return cardError(message, { ...detail, setup_intent: shown(intent), payment_method: shown(method) });
}

/** Runs one attempt to save the method; returns the error to answer with when it was refused. */
export function attemptSetup(ctx: StripeContext, intent: Row, method: Row, returnUrl: string | undefined): StripeError | undefined {
  const behaviour = behaviourOf(method);
  intent["payment_method"] = method.id;
  if (behaviour.decline && behaviour.declineOnSetup) return failSetup(ctx, intent, method, behaviour.decline.code, behaviour.decline.declineCode);
  const url = `${ctx.config().baseUrl}/3ds/${intent.id}`;
  if (behaviour.microdeposits && !method["_setUp"]) {
    intent["next_action"] = {
      type: "verify_with_microdeposits",
      verify_with_microdeposits: { arrival_date: ctx.clock.now() + 86_400, hosted_verification_url: url, microdeposit_type: "descriptor_code" },
    };
  } else if (behaviour.threeDs && !method["_setUp"]) {
    intent["_returnUrl"] = returnUrl ?? null;
    intent["next_action"] = returnUrl
      ? { type: "redirect_to_url", redirect_to_url: { return_url: returnUrl, url } }
      : { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect", stripe_js: url } };
  } else {
    completeSetup(ctx, intent, method);
    return undefined;
  }
  intent["status"] = "requires_action";
  ctx.store.put(TABLE, intent);
  emit(ctx, "setup_intent.requires_action", intent);
  return undefined;
}

/** The payer finished or failed the challenge of a setup; returns false when there is none open. */
export function finishSetupChallenge(ctx: StripeContext, intent: Row, passed: boolean): boolean {
  const method = ctx.store.get("payment_methods", (intent["payment_method"] as string | null) ?? "");
  if (intent["status"] !== "requires_action" || !method) return false;
  if (passed) completeSetup(ctx, intent, method);
  else failSetup(ctx, intent, method, "setup_intent_authentication_failure", undefined, "The latest attempt to set up the payment method has failed because authentication failed.");
  return true;
}
