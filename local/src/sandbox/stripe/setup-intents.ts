/** The SetupIntents API: saving a card or bank account for later, off-session use (deposits). */
import { mapOf } from "../form.js";
import type { Row } from "../store.js";
import { emit, load, shown, type Call, type Route, type StripeContext } from "./context.js";
import { invalid, unexpectedState } from "./errors.js";
import { page } from "./lists.js";
import { verifyMicrodeposits } from "./microdeposits.js";
import { flag, mergedMetadata, strings, text } from "./params.js";
import { fromData, resolve } from "./payment-methods.js";
import { attemptSetup } from "./setup-outcome.js";

const TABLE = "setup_intents";
const OPEN = ["requires_payment_method", "requires_confirmation", "requires_action"];

function apply(ctx: StripeContext, intent: Row, call: Call): void {
  const customer = text(call.params, "customer");
  if (customer) intent["customer"] = load(ctx, "customers", customer, "customer", "customer").id;
  if (call.params["description"] !== undefined) intent["description"] = text(call.params, "description") ?? null;
  intent["metadata"] = mergedMetadata(intent["metadata"] as Record<string, string>, call.params["metadata"]);
  const allowed = strings(call.params, "allowed_payment_method_types");
  if (allowed) Object.assign(intent, { allowed_payment_method_types: allowed, payment_method_types: allowed, automatic_payment_methods: null });
  if (call.params["payment_method_options"] !== undefined) intent["payment_method_options"] = mapOf(call.params["payment_method_options"]);
}

function choose(ctx: StripeContext, intent: Row, call: Call): Row | undefined {
  const named = text(call.params, "payment_method");
  const data = call.params["payment_method_data"];
  const method = data !== undefined ? fromData(ctx, mapOf(data)) : named ? resolve(ctx, named) : undefined;
  if (!method) return undefined;
  if (!(intent["payment_method_types"] as string[]).includes(method["type"] as string)) {
    throw invalid(`The PaymentMethod provided (${String(method["type"])}) is not allowed for this SetupIntent.`, { code: "setup_intent_invalid_parameter", param: "payment_method" });
  }
  intent["payment_method"] = method.id;
  if (intent["status"] === "requires_payment_method") intent["status"] = "requires_confirmation";
  return method;
}

function create(ctx: StripeContext, call: Call): Row {
  const id = ctx.ids.stripe("seti");
  const intent: Row = {
    id,
    object: "setup_intent",
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: { allow_redirects: "always", enabled: true },
    cancellation_reason: null,
    client_secret: `${id}_secret_${ctx.ids.word(25)}`,
    created: ctx.clock.now(),
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ["card", "us_bank_account"],
    single_use_mandate: null,
    status: "requires_payment_method",
    usage: text(call.params, "usage") ?? "off_session",
  };
  apply(ctx, intent, call);
  choose(ctx, intent, call);
  ctx.store.put(TABLE, intent);
  emit(ctx, "setup_intent.created", intent);
  return flag(call.params, "confirm") === true ? confirm(ctx, call, intent) : intent;
}

function copyOf(ctx: StripeContext, call: Call): Row {
  return structuredClone(load(ctx, TABLE, call.args[0] ?? "", "setup_intent", "intent"));
}

function confirm(ctx: StripeContext, call: Call, intent: Row): Row {
  if (!OPEN.includes(intent["status"] as string)) {
    throw unexpectedState("setup_intent", `You cannot confirm this SetupIntent because it has a status of ${String(intent["status"])}.`, shown(intent));
  }
  const method = choose(ctx, intent, call) ?? ctx.store.get("payment_methods", (intent["payment_method"] as string | null) ?? "");
  if (!method) throw unexpectedState("setup_intent", "You cannot confirm this SetupIntent because it's missing a payment method.", shown(intent));
  const refused = attemptSetup(ctx, intent, method, text(call.params, "return_url"));
  if (refused) throw refused;
  return intent;
}

function update(ctx: StripeContext, call: Call): Row {
  const intent = copyOf(ctx, call);
  if (!OPEN.includes(intent["status"] as string) && Object.keys(call.params).some((name) => name !== "metadata" && name !== "expand")) {
    throw unexpectedState("setup_intent", `You cannot update this SetupIntent because it has a status of ${String(intent["status"])}.`, shown(intent));
  }
  apply(ctx, intent, call);
  choose(ctx, intent, call);
  return ctx.store.put(TABLE, intent);
}

function cancel(ctx: StripeContext, call: Call): Row {
  const intent = copyOf(ctx, call);
  if (!OPEN.includes(intent["status"] as string)) {
    throw unexpectedState("setup_intent", `You cannot cancel this SetupIntent because it has a status of ${String(intent["status"])}.`, shown(intent));
  }
  Object.assign(intent, { status: "canceled", next_action: null, cancellation_reason: text(call.params, "cancellation_reason") ?? null });
  ctx.store.put(TABLE, intent);
  emit(ctx, "setup_intent.canceled", intent);
  return intent;
}

function clientChecked(ctx: StripeContext, call: Call): Row {
  const intent = copyOf(ctx, call);
  const secret = text(call.params, "client_secret");
  if ((call.key === "publishable" || secret !== undefined) && secret !== intent["client_secret"]) {
    throw invalid("The client_secret provided does not match the client_secret associated with the SetupIntent.", { code: "setup_intent_invalid_parameter", param: "client_secret" });
  }
  return intent;
}

export const setupIntentRoutes: Route[] = [
  { method: "POST", path: "/v1/setup_intents", handle: create },
  { method: "GET", path: "/v1/setup_intents", handle: (ctx, call) => page(call, ctx.store.list(TABLE), ["customer", "payment_method"]) },
  { method: "GET", path: "/v1/setup_intents/:id", publishable: true, handle: clientChecked },
  { method: "POST", path: "/v1/setup_intents/:id", handle: update },
  { method: "POST", path: "/v1/setup_intents/:id/confirm", publishable: true, handle: (ctx, call) => confirm(ctx, call, clientChecked(ctx, call)) },
  { method: "POST", path: "/v1/setup_intents/:id/cancel", handle: cancel },
  { method: "POST", path: "/v1/setup_intents/:id/verify_microdeposits", publishable: true, handle: (ctx, call) => verifyMicrodeposits(ctx, call, clientChecked(ctx, call)) },
];
