/** Customers: the buyers a platform saves payment methods for. */
import { mapOf } from "../form.js";
import type { Row } from "../store.js";
import { emit, load, type Call, type Route, type StripeContext } from "./context.js";
import { missing } from "./errors.js";
import { page } from "./lists.js";
import { mergedMetadata, text } from "./params.js";
import { attach, resolve } from "./payment-methods.js";

const TABLE = "customers";
const TEXTS = ["name", "email", "phone", "description"] as const;

function apply(customer: Row, call: Call): void {
  for (const field of TEXTS) if (call.params[field] !== undefined) customer[field] = text(call.params, field) ?? null;
  if (call.params["address"] !== undefined) customer["address"] = call.params["address"] === "" ? null : mapOf(call.params["address"]);
  customer["metadata"] = mergedMetadata(customer["metadata"] as Record<string, string>, call.params["metadata"]);
  const method = mapOf(call.params["invoice_settings"])["default_payment_method"];
  if (typeof method === "string") customer["invoice_settings"].default_payment_method = method || null;
}

function create(ctx: StripeContext, call: Call): Row {
  const customer: Row = {
    id: ctx.ids.stripe("cus"),
    object: "customer",
    address: null,
    balance: 0,
    created: ctx.clock.now(),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: ctx.ids.word(8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: "none",
    test_clock: null,
  };
  apply(customer, call);
  ctx.store.put(TABLE, customer);
  emit(ctx, "customer.created", customer);
  const method = text(call.params, "payment_method");
  if (method) attach(ctx, resolve(ctx, method), customer.id);
  return customer;
}

function update(ctx: StripeContext, call: Call): Row {
  const customer = existing(ctx, call);
  apply(customer, call);
  ctx.store.put(TABLE, customer);
  emit(ctx, "customer.updated", customer);
  return customer;
}

function existing(ctx: StripeContext, call: Call): Row {
  const customer = load(ctx, TABLE, call.args[0] ?? "", "customer");
  if (customer["_deleted"]) throw missing("customer", customer.id);
  return customer;
}

function remove(ctx: StripeContext, call: Call): Row {
  const customer = existing(ctx, call);
  emit(ctx, "customer.deleted", customer);
  const gone: Row = { id: customer.id, object: "customer", deleted: true, _deleted: true };
  ctx.store.put(TABLE, gone);
  return gone;
}

export const customerRoutes: Route[] = [
  { method: "POST", path: "/v1/customers", handle: create },
  { method: "GET", path: "/v1/customers", handle: (ctx, call) => page(call, ctx.store.list(TABLE, (c) => !c["_deleted"]), ["email"]) },
  { method: "GET", path: "/v1/customers/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "customer") },
  { method: "POST", path: "/v1/customers/:id", handle: update },
  { method: "DELETE", path: "/v1/customers/:id", handle: remove },
];
