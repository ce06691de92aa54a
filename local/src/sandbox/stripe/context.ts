/** What every Stripe resource needs: state, time, ids, events; and the shape of a call and of a route. */
import type { Clock } from "../clock.js";
import type { Faults } from "../faults.js";
import type { Params } from "../form.js";
import type { Ids } from "../ids.js";
import type { Row, Store } from "../store.js";
import type { Webhooks } from "../webhooks.js";
import { missing } from "./errors.js";

/** One authenticated API call with validated top-level parameters. */
export interface Call {
  method: string;
  path: string;
  /** Values of the route's placeholders, in order. */
  args: string[];
  params: Params;
  key: "secret" | "publishable";
  /** Connected account the call acts for (`Stripe-Account`). */
  account?: string | undefined;
  idempotencyKey?: string | undefined;
  requestId: string;
  lbgId?: string | undefined;
}

export interface Route {
  method: "GET" | "POST" | "DELETE";
  /** `/v1/payment_intents/:id/confirm` */
  path: string;
  /** Whether a publishable key may call it. */
  publishable?: boolean;
  handle: (ctx: StripeContext, call: Call) => Row | ListPage;
}

export interface ListPage {
  object: "list";
  data: Row[];
  has_more: boolean;
  url: string;
}

export interface StripeConfig {
  /** Address of the sandbox itself, for pages. */
  baseUrl: string;
  /** Value of `api_version` in events. */
  apiVersion: string;
  /** Seconds an ACH debit takes to settle. */
  achSettleSeconds: number;
}

export interface StripeContext {
  store: Store;
  clock: Clock;
  ids: Ids;
  faults: Faults;
  webhooks: Webhooks;
  config: () => StripeConfig;
  /** The call being answered, for the `request` field of events; absent when time or the control plane acts. */
  call?: Call | undefined;
}

/** The order an object belongs to, as the product marks it. */
export function lbgOf(object: Row | Params | undefined): string | undefined {
  const metadata = object?.["metadata"];
  const marked = metadata && typeof metadata === "object" && !Array.isArray(metadata) ? (metadata as Params)["lbg_id"] : undefined;
  if (typeof marked === "string" && marked !== "") return marked;
  const group = object?.["transfer_group"];
  return typeof group === "string" && group !== "" ? group : undefined;
}

/** An object as the API shows it: without the sandbox's own fields, detached from the stored row. */
export function shown(row: Row): Row {
  return JSON.parse(JSON.stringify(row, (key, value: unknown) => (key.startsWith("_") ? undefined : value))) as Row;
}

export function load(ctx: StripeContext, table: string, id: string, label: string, param = "id"): Row {
  const row = ctx.store.get(table, id);
  if (!row) throw missing(label, id, param);
  return row;
}

/** Records an event about an object as it is now and queues its delivery. */
export function emit(ctx: StripeContext, type: string, object: Row, options: { previous?: Record<string, unknown>; account?: string; lbgId?: string | undefined } = {}): Row {
  const lbgId = options.lbgId ?? lbgOf(object) ?? (object["_lbg"] as string | undefined);
  const event: Row = {
    id: ctx.ids.stripe("evt"),
    object: "event",
    ...(options.account ? { account: options.account } : {}),
    api_version: ctx.config().apiVersion,
    created: ctx.clock.now(),
    data: { object: shown(object), ...(options.previous ? { previous_attributes: options.previous } : {}) },
    livemode: false,
    pending_webhooks: 1,
    request: { id: ctx.call?.requestId ?? null, idempotency_key: ctx.call?.idempotencyKey ?? null },
    type,
    ...(lbgId ? { _lbg: lbgId } : {}),
  };
  ctx.store.put("events", event);
  ctx.webhooks.enqueue({ provider: "stripe", eventId: event.id, eventType: type, lane: lbgId ?? object.id, lbgId });
  return event;
}
