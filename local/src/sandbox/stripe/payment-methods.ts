/** Payment methods and customers' claims on them: create, attach, detach, list; built-in test methods become real objects on use. */
import { createHash } from "node:crypto";
import type { Params } from "../form.js";
import { mapOf } from "../form.js";
import type { Row } from "../store.js";
import { emit, load, type Call, type Route, type StripeContext } from "./context.js";
import { cardError, invalid, missing } from "./errors.js";
import { page } from "./lists.js";
import { mergedMetadata, text } from "./params.js";
import { TEST_PAYMENT_METHODS, builtInFor, declineMessage, type Behaviour } from "./test-cards.js";

const TABLE = "payment_methods";

function billingDetails(sent: Params): Row["billing_details"] {
  const address = mapOf(sent["address"]);
  const or = (from: Params, name: string): string | null => text(from, name) ?? null;
  return {
    address: { city: or(address, "city"), country: or(address, "country"), line1: or(address, "line1"), line2: or(address, "line2"), postal_code: or(address, "postal_code"), state: or(address, "state") },
    email: or(sent, "email"),
    name: or(sent, "name"),
    phone: or(sent, "phone"),
    tax_id: null,
  };
}

function details(behaviour: Behaviour, now: number): Record<string, unknown> {
  const fingerprint = createHash("sha256").update(`${behaviour.type}${behaviour.last4}`).digest("hex").slice(0, 16);
  if (behaviour.type === "us_bank_account") {
    return {
      us_bank_account: {
        account_holder_type: "individual",
        account_type: "checking",
        bank_name: "STRIPE TEST BANK",
        financial_connections_account: null,
        fingerprint,
        last4: behaviour.last4,
        networks: { preferred: "ach", supported: ["ach"] },
        routing_number: "110000000",
        status_details: {},
      },
    };
  }
  const brand = behaviour.brand ?? "visa";
  return {
    card: {
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "US",
      display_brand: brand,
      exp_month: 12,
      exp_year: new Date(now * 1000).getUTCFullYear() + 5,
      fingerprint,
      funding: "credit",
      generated_from: null,
      last4: behaviour.last4,
      networks: { available: [brand], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
  };
}

function createFrom(ctx: StripeContext, builtIn: string, more: { billing?: Params; metadata?: Record<string, string> } = {}): Row {
  const behaviour = TEST_PAYMENT_METHODS[builtIn];
  if (!behaviour) throw missing("PaymentMethod", builtIn, "payment_method");
  const now = ctx.clock.now();
  return ctx.store.put(TABLE, {
    id: ctx.ids.stripe("pm"),
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: billingDetails(more.billing ?? {}),
    ...details(behaviour, now),
    created: now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: more.metadata ?? {},
    type: behaviour.type,
    _builtIn: builtIn,
    _setUp: false,
  });
}

/** What a stored payment method does when used. */
export function behaviourOf(method: Row): Behaviour {
  return TEST_PAYMENT_METHODS[method["_builtIn"] as string] ?? { type: "card", last4: "4242" };
}

/** Creates a payment method from `payment_method_data` or the create call's parameters. */
export function fromData(ctx: StripeContext, data: Params): Row {
  const type = text(data, "type");
  const billing = mapOf(data["billing_details"]);
  const metadata = mergedMetadata({}, data["metadata"]);
  if (type === "card") {
    const card = mapOf(data["card"]);
    const number = text(card, "number");
    const token = text(card, "token");
    const builtIn = builtInFor({ ...(number ? { number } : {}), ...(token ? { token } : {}) });
    if (!builtIn) throw cardError("Your card number is incorrect.", { code: "incorrect_number", param: "number" });
    return createFrom(ctx, builtIn, { billing, metadata });
  }
  if (type === "us_bank_account") {
    const accountNumber = text(mapOf(data["us_bank_account"]), "account_number");
    const builtIn = builtInFor(accountNumber ? { accountNumber } : {});
    if (!text(billing, "name")) throw invalid("Missing required param: billing_details[name].", { code: "parameter_missing", param: "billing_details[name]" });
    if (!builtIn) throw invalid("You must use a test bank account number in test mode.", { code: "payment_method_invalid_parameter_testmode", param: "us_bank_account[account_number]" });
    return createFrom(ctx, builtIn, { billing, metadata });
  }
  throw invalid(`The payment method type "${type ?? ""}" is not supported by the sandbox.`, { code: "payment_method_unsupported_type", param: "type" });
}

/** The payment method an intent names; a built-in test id becomes a fresh object, as on Stripe. */
export function resolve(ctx: StripeContext, id: string): Row {
  if (id in TEST_PAYMENT_METHODS) return createFrom(ctx, id);
  return load(ctx, TABLE, id, "PaymentMethod", "payment_method");
}

/** Saves a payment method to a customer. */
export function attach(ctx: StripeContext, method: Row, customer: string): Row {
  load(ctx, "customers", customer, "customer", "customer");
  if (method["customer"] === customer) return method;
  if (method["customer"]) throw invalid("The payment method you provided has already been attached to a customer.", { code: "payment_method_unexpected_state" });
  method["customer"] = customer;
  ctx.store.put(TABLE, method);
  emit(ctx, "payment_method.attached", method);
  return method;
}

function attachCall(ctx: StripeContext, call: Call): Row {
  const customer = text(call.params, "customer");
  if (!customer) throw invalid("Missing required param: customer.", { code: "parameter_missing", param: "customer" });
  const method = resolve(ctx, call.args[0] ?? "");
  const behaviour = behaviourOf(method);
  if (behaviour.decline && behaviour.declineOnSetup) {
    throw cardError(declineMessage(behaviour.decline.declineCode ?? ""), { code: behaviour.decline.code, ...(behaviour.decline.declineCode ? { decline_code: behaviour.decline.declineCode } : {}) });
  }
  return attach(ctx, method, customer);
}

function detach(ctx: StripeContext, call: Call): Row {
  const method = load(ctx, TABLE, call.args[0] ?? "", "PaymentMethod");
  if (!method["customer"]) throw invalid("The payment method you provided is not attached to a customer so detachment is impossible.", { code: "payment_method_unexpected_state" });
  const previous = { customer: method["customer"] as string };
  method["customer"] = null;
  ctx.store.put(TABLE, method);
  emit(ctx, "payment_method.detached", method, { previous });
  return method;
}

function update(ctx: StripeContext, call: Call): Row {
  const method = load(ctx, TABLE, call.args[0] ?? "", "PaymentMethod");
  method["metadata"] = mergedMetadata(method["metadata"] as Record<string, string>, call.params["metadata"]);
  if (call.params["billing_details"] !== undefined) method["billing_details"] = billingDetails(mapOf(call.params["billing_details"]));
  ctx.store.put(TABLE, method);
  emit(ctx, "payment_method.updated", method);
  return method;
}

export const paymentMethodRoutes: Route[] = [
  { method: "POST", path: "/v1/payment_methods", publishable: true, handle: (ctx, call) => fromData(ctx, call.params) },
  {
    method: "GET",
    path: "/v1/payment_methods",
    handle: (ctx, call) => page(call, ctx.store.list(TABLE, (m) => m["customer"] !== null), ["customer", "type"]),
  },
  { method: "GET", path: "/v1/payment_methods/:id", handle: (ctx, call) => resolve(ctx, call.args[0] ?? "") },
  { method: "POST", path: "/v1/payment_methods/:id", handle: update },
  { method: "POST", path: "/v1/payment_methods/:id/attach", handle: attachCall },
  { method: "POST", path: "/v1/payment_methods/:id/detach", handle: detach },
];
