/** The PaymentIntents API: create, update, confirm and the calls that end one. The state machine is in attempts.ts and settlement.ts. */
import { mapOf, type Params } from "../form.js";
import type { Row } from "../store.js";
import { attemptPayment } from "./attempts.js";
import { emit, load, shown, type Call, type Route, type StripeContext } from "./context.js";
import { invalid, unexpectedState } from "./errors.js";
import { page } from "./lists.js";
import { verifyMicrodeposits } from "./microdeposits.js";
import { amountOf, flag, mergedMetadata, strings, text } from "./params.js";
import { fromData, resolve } from "./payment-methods.js";
import { cancel, capture } from "./settlement.js";

const TABLE = "payment_intents";
const SUPPORTED = ["card", "us_bank_account"];
const MINIMUM_CENTS = 50;
const UNCONFIRMED = ["requires_payment_method", "requires_confirmation", "requires_action"];

/** Types that suit the intent: bank debits cannot be authorised only. */
function compatibleTypes(allowed: string[] | null, captureMethod: string): string[] {
  const wanted = allowed ?? SUPPORTED;
  const unsupported = wanted.find((type) => !SUPPORTED.includes(type));
  if (unsupported) throw invalid(`The payment method type "${unsupported}" is invalid.`, { param: "allowed_payment_method_types" });
  const types = captureMethod === "manual" ? wanted.filter((type) => type === "card") : wanted;
  if (types.length === 0) throw invalid("None of the allowed payment method types supports manual capture.", { code: "payment_intent_invalid_parameter", param: "capture_method" });
  return types;
}

function checkAmount(amountCents: number): number {
  if (amountCents < MINIMUM_CENTS) throw invalid("Amount must be at least $0.50 usd", { code: "amount_too_small", param: "amount" });
  if (amountCents > 99_999_999) throw invalid("Amount must be no more than $999,999.99", { code: "amount_too_large", param: "amount" });
  return amountCents;
}

function checkCurrency(currency: string | undefined): string {
  if (currency?.toLowerCase() !== "usd") throw invalid(`Invalid currency: ${currency ?? ""}. The sandbox settles in usd.`, { param: "currency" });
  return "usd";
}

function transferData(ctx: StripeContext, sent: Params): Row["transfer_data"] {
  const destination = text(sent, "destination");
  if (!destination) return null;
  load(ctx, "accounts", destination, "account", "transfer_data[destination]");
  const amount = amountOf(sent, "amount");
  return { destination, ...(amount === undefined ? {} : { amount }) };
}

/** Fields that create, update and confirm share. */
function apply(ctx: StripeContext, intent: Row, params: Params): void {
  const customer = text(params, "customer");
  if (customer) intent["customer"] = load(ctx, "customers", customer, "customer", "customer").id;
  for (const field of ["description", "receipt_email", "transfer_group", "setup_future_usage", "statement_descriptor", "statement_descriptor_suffix", "on_behalf_of"]) {
    if (params[field] !== undefined) intent[field] = text(params, field) ?? null;
  }
  intent["metadata"] = mergedMetadata(intent["metadata"] as Record<string, string>, params["metadata"]);
  const captureMethod = text(params, "capture_method");
  if (captureMethod) intent["capture_method"] = captureMethod;
  const options = mapOf(params["payment_method_options"]);
  if (params["payment_method_options"] !== undefined) intent["payment_method_options"] = { ...(intent["payment_method_options"] as object), ...options };
  if (params["transfer_data"] !== undefined) intent["transfer_data"] = transferData(ctx, mapOf(params["transfer_data"]));
  const allowed = strings(params, "allowed_payment_method_types");
  if (allowed) intent["allowed_payment_method_types"] = allowed;
  const excluded = strings(params, "excluded_payment_method_types");
  if (excluded) intent["excluded_payment_method_types"] = excluded;
  const offered = (intent["allowed_payment_method_types"] as string[] | null)?.filter((t) => !((intent["excluded_payment_method_types"] as string[] | null) ?? []).includes(t)) ?? null;
  intent["payment_method_types"] = compatibleTypes(offered, intent["capture_method"] as string);
  const cardCapture = text(mapOf((intent["payment_method_options"] as Params)["card"]), "capture_method");
  intent["_captureMethod"] = cardCapture ?? intent["capture_method"];
}

/** Takes over the payment method a call names, creating it from data where given. */
function choose(ctx: StripeContext, intent: Row, params: Params): Row | undefined {
  const named = text(params, "payment_method");
  const data = params["payment_method_data"];
  const method = data !== undefined ? fromData(ctx, mapOf(data)) : named ? resolve(ctx, named) : undefined;
  if (!method) return undefined;
  if (!(intent["payment_method_types"] as string[]).includes(method["type"] as string)) {
    throw invalid(`The PaymentMethod provided (${String(method["type"])}) is not allowed for this PaymentIntent.`, { code: "payment_intent_incompatible_payment_method", param: "payment_method" });
  }
  if (method["customer"] && method["customer"] !== intent["customer"]) {
    throw invalid("The provided PaymentMethod cannot be attached. It belongs to a different customer, or the PaymentIntent has none.", { code: "payment_intent_invalid_parameter", param: "payment_method" });
  }
  intent["payment_method"] = method.id;
  if (intent["status"] === "requires_payment_method") intent["status"] = "requires_confirmation";
  return method;
}

function create(ctx: StripeContext, call: Call): Row {
  const id = ctx.ids.stripe("pi");
  const automatic = mapOf(call.params["automatic_payment_methods"]);
  const allowed = strings(call.params, "allowed_payment_method_types");
  const intent: Row = {
    id,
    object: "payment_intent",
    allowed_payment_method_types: allowed ?? null,
    amount: checkAmount(amountOf(call.params, "amount") ?? 0),
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: allowed && call.params["automatic_payment_methods"] === undefined ? null : { allow_redirects: text(automatic, "allow_redirects") ?? "always", enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: "automatic_async",
    client_secret: `${id}_secret_${ctx.ids.word(25)}`,
    confirmation_method: text(call.params, "confirmation_method") ?? "automatic",
    created: ctx.clock.now(),
    currency: checkCurrency(text(call.params, "currency")),
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: [],
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: "requires_payment_method",
    transfer_data: null,
    transfer_group: null,
  };
  apply(ctx, intent, call.params);
  if (flag(call.params, "confirm") !== true && call.params["off_session"] !== undefined) {
    throw invalid("The parameter `off_session` may only be set when `confirm` is true.", { param: "off_session" });
  }
  choose(ctx, intent, call.params);
  ctx.store.put(TABLE, intent);
  emit(ctx, "payment_intent.created", intent);
  return flag(call.params, "confirm") === true ? confirm(ctx, call, intent) : intent;
}

/** A working copy: a call that is refused half-way leaves the stored intent as it was. */
function copyOf(ctx: StripeContext, call: Call): Row {
  return structuredClone(load(ctx, TABLE, call.args[0] ?? "", "payment_intent", "intent"));
}

function update(ctx: StripeContext, call: Call): Row {
  const intent = copyOf(ctx, call);
  const status = intent["status"] as string;
  const amount = amountOf(call.params, "amount");
  const frozen = !UNCONFIRMED.includes(status) && ["amount", "currency", "customer", "payment_method", "capture_method", "setup_future_usage"].some((field) => call.params[field] !== undefined);
  if (frozen || (["canceled"].includes(status) && Object.keys(call.params).length > 0)) {
    throw unexpectedState("payment_intent", `This PaymentIntent could not be updated because it has a status of ${status}.`, shown(intent));
  }
  if (amount !== undefined) intent["amount"] = checkAmount(amount);
  apply(ctx, intent, call.params);
  choose(ctx, intent, call.params);
  ctx.store.put(TABLE, intent);
  return intent;
}

/** Confirms with the parameters of the call; the intent carries the result also when the payment is refused. */
function confirm(ctx: StripeContext, call: Call, intent: Row): Row {
  const status = intent["status"] as string;
  if (!UNCONFIRMED.includes(status)) {
    const why = status === "succeeded" ? "because it has already succeeded after being previously confirmed" : `because it has a status of ${status}`;
    throw unexpectedState("payment_intent", `You cannot confirm this PaymentIntent ${why}.`, shown(intent));
  }
  const { amount: _amount, ...rest } = call.params;
  apply(ctx, intent, rest);
  const method = choose(ctx, intent, call.params) ?? ctx.store.get("payment_methods", (intent["payment_method"] as string | null) ?? "");
  if (!method) {
    throw unexpectedState(
      "payment_intent",
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
      shown(intent),
    );
  }
  intent["_errorOnRequiresAction"] = flag(call.params, "error_on_requires_action") ?? false;
  const sent = call.params["off_session"];
  const refused = attemptPayment(ctx, intent, method, { offSession: sent !== undefined && sent !== "false", returnUrl: text(call.params, "return_url") });
  if (refused) throw refused;
  return intent;
}

/** The intent a browser may touch: it must show the client secret. */
function clientChecked(ctx: StripeContext, call: Call): Row {
  const intent = copyOf(ctx, call);
  const secret = text(call.params, "client_secret");
  if ((call.key === "publishable" || secret !== undefined) && secret !== intent["client_secret"]) {
    throw invalid("The client_secret provided does not match the client_secret associated with the PaymentIntent.", { code: "payment_intent_invalid_parameter", param: "client_secret" });
  }
  return intent;
}

export const paymentIntentRoutes: Route[] = [
  { method: "POST", path: "/v1/payment_intents", handle: create },
  { method: "GET", path: "/v1/payment_intents", handle: (ctx, call) => page(call, ctx.store.list(TABLE), ["customer"]) },
  { method: "GET", path: "/v1/payment_intents/:id", publishable: true, handle: clientChecked },
  { method: "POST", path: "/v1/payment_intents/:id", handle: update },
  { method: "POST", path: "/v1/payment_intents/:id/confirm", publishable: true, handle: (ctx, call) => confirm(ctx, call, clientChecked(ctx, call)) },
  {
    method: "POST",
    path: "/v1/payment_intents/:id/capture",
    handle: (ctx, call) => {
      if (flag(call.params, "final_capture") === false) throw invalid("Multicapture is not available for this PaymentIntent.", { param: "final_capture" });
      return capture(ctx, copyOf(ctx, call), amountOf(call.params, "amount_to_capture"));
    },
  },
  {
    method: "POST",
    path: "/v1/payment_intents/:id/cancel",
    handle: (ctx, call) => cancel(ctx, copyOf(ctx, call), text(call.params, "cancellation_reason") ?? null),
  },
  { method: "POST", path: "/v1/payment_intents/:id/verify_microdeposits", publishable: true, handle: (ctx, call) => verifyMicrodeposits(ctx, call, clientChecked(ctx, call)) },
];
