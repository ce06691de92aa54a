/** Connected accounts of sellers: created ready to receive transfers, so that flows do not need Stripe's onboarding. */
import { mapOf, type Params } from "../form.js";
import type { Row } from "../store.js";
import { emit, load, type Call, type Route, type StripeContext } from "./context.js";
import { page } from "./lists.js";
import { mergedMetadata, text } from "./params.js";

const TABLE = "accounts";

function requested(capabilities: Params): Record<string, string> {
  const granted: Record<string, string> = {};
  for (const [name, wish] of Object.entries(capabilities)) granted[name] = mapOf(wish)["requested"] === "true" ? "active" : "inactive";
  return granted;
}

function derive(account: Row): void {
  const capabilities = account["capabilities"] as Record<string, string>;
  account["charges_enabled"] = capabilities["card_payments"] === "active" || capabilities["transfers"] === "active";
  account["payouts_enabled"] = capabilities["transfers"] === "active";
  account["details_submitted"] = true;
}

/** A connected account; a given id lets seed data name accounts before they exist. */
export function createAccount(ctx: StripeContext, input: { id?: string; params?: Params; capabilities?: Record<string, string> } = {}): Row {
  const params = input.params ?? {};
  const none = { alternatives: [], current_deadline: null, currently_due: [], disabled_reason: null, errors: [], eventually_due: [], past_due: [], pending_verification: [] };
  const id = input.id ?? ctx.ids.stripe("acct").slice(0, 21);
  const account: Row = {
    id,
    object: "account",
    business_profile: null,
    business_type: text(params, "business_type") ?? "individual",
    capabilities: input.capabilities ?? requested(mapOf(params["capabilities"])),
    charges_enabled: false,
    country: text(params, "country") ?? "US",
    created: ctx.clock.now(),
    default_currency: "usd",
    details_submitted: false,
    email: text(params, "email") ?? null,
    external_accounts: { object: "list", data: [], has_more: false, total_count: 0, url: `/v1/accounts/${id}/external_accounts` },
    future_requirements: none,
    metadata: mergedMetadata({}, params["metadata"]),
    payouts_enabled: false,
    requirements: none,
    tos_acceptance: { date: null, ip: null, user_agent: null },
    type: text(params, "type") ?? "express",
  };
  derive(account);
  ctx.store.put(TABLE, account);
  emit(ctx, "account.updated", account, { account: account.id });
  return account;
}

/** Changes what an account may do, as Stripe does after reviewing it. */
export function setCapabilities(ctx: StripeContext, account: Row, capabilities: Record<string, string>): Row {
  account["capabilities"] = { ...(account["capabilities"] as object), ...capabilities };
  derive(account);
  ctx.store.put(TABLE, account);
  emit(ctx, "account.updated", account, { account: account.id });
  return account;
}

function update(ctx: StripeContext, call: Call): Row {
  const account = load(ctx, TABLE, call.args[0] ?? "", "account");
  account["metadata"] = mergedMetadata(account["metadata"] as Record<string, string>, call.params["metadata"]);
  if (call.params["email"] !== undefined) account["email"] = text(call.params, "email") ?? null;
  return setCapabilities(ctx, account, requested(mapOf(call.params["capabilities"])));
}

function link(ctx: StripeContext, call: Call): Row {
  const account = load(ctx, TABLE, text(call.params, "account") ?? "", "account", "account");
  const now = ctx.clock.now();
  return { id: "", object: "account_link", created: now, expires_at: now + 300, url: text(call.params, "return_url") ?? `${ctx.config().baseUrl}/?account=${account.id}` };
}

export const accountRoutes: Route[] = [
  { method: "POST", path: "/v1/accounts", handle: (ctx, call) => createAccount(ctx, { params: call.params }) },
  { method: "GET", path: "/v1/accounts", handle: (ctx, call) => page(call, ctx.store.list(TABLE)) },
  { method: "GET", path: "/v1/accounts/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "account") },
  { method: "POST", path: "/v1/accounts/:id", handle: update },
  { method: "POST", path: "/v1/account_links", handle: link },
];
