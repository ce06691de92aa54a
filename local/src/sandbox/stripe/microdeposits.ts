/** Micro-deposit verification of a bank account, for payment and setup intents. The sandbox's deposits are always 32 and 45 cents, code SM11AA. */
import type { Row } from "../store.js";
import { attemptPayment } from "./attempts.js";
import { shown, type Call, type StripeContext } from "./context.js";
import { invalid, unexpectedState } from "./errors.js";
import { strings, text } from "./params.js";
import { completeSetup } from "./setup-outcome.js";

export const MICRODEPOSIT_AMOUNTS = ["32", "45"];
export const MICRODEPOSIT_CODE = "SM11AA";
const ATTEMPTS = 3;

export function verifyMicrodeposits(ctx: StripeContext, call: Call, intent: Row): Row {
  const kind = intent["object"] as "payment_intent" | "setup_intent";
  const table = kind === "payment_intent" ? "payment_intents" : "setup_intents";
  const method = ctx.store.get("payment_methods", (intent["payment_method"] as string | null) ?? "");
  if ((intent["next_action"] as Row | null)?.["type"] !== "verify_with_microdeposits" || !method) {
    throw unexpectedState(kind, "This intent does not await micro-deposit verification.", shown(intent));
  }
  const code = text(call.params, "descriptor_code");
  const amounts = strings(call.params, "amounts");
  const right = code !== undefined ? code === MICRODEPOSIT_CODE : amounts !== undefined && [...amounts].sort().join() === MICRODEPOSIT_AMOUNTS.join();
  if (!right) {
    const tries = ((intent["_microdepositTries"] as number | undefined) ?? 0) + 1;
    intent["_microdepositTries"] = tries;
    ctx.store.put(table, intent);
    throw invalid(
      tries >= ATTEMPTS ? "You have exceeded the number of allowed verification attempts." : "The values provided do not match the micro-deposits that were sent to the bank account.",
      {
        code: tries >= ATTEMPTS ? "payment_method_microdeposit_verification_attempts_exceeded" : code !== undefined ? "payment_method_microdeposit_verification_descriptor_code_mismatch" : "payment_method_microdeposit_verification_amounts_mismatch",
        kept: true,
      },
    );
  }
  method["_setUp"] = true;
  ctx.store.put("payment_methods", method);
  if (kind === "payment_intent") {
    const refused = attemptPayment(ctx, intent, method, { offSession: false, authenticated: true });
    if (refused) throw refused;
  } else completeSetup(ctx, intent, method);
  return intent;
}
