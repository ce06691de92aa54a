/** Lists (newest first, cursors, `created` ranges) and `expand`, the same for every resource. */
import type { Params } from "../form.js";
import { mapOf } from "../form.js";
import type { Row } from "../store.js";
import type { Call, ListPage, StripeContext } from "./context.js";

import { invalid, missing } from "./errors.js";
import { integer, strings, text } from "./params.js";

const TABLE_OF_PREFIX: Record<string, string> = {
  pi: "payment_intents",
  seti: "setup_intents",
  ch: "charges",
  py: "charges",
  cus: "customers",
  pm: "payment_methods",
  re: "refunds",
  tr: "transfers",
  trr: "reversals",
  acct: "accounts",
  dp: "disputes",
  po: "payouts",
  txn: "balance_transactions",
};

function inRange(row: Row, params: Params, field: string): boolean {
  const range = params[field];
  if (range === undefined) return true;
  const at = row[field] as number;
  if (typeof range === "string") return at === Number(range);
  const bounds = mapOf(range);
  const test = (name: string, holds: (bound: number) => boolean): boolean => bounds[name] === undefined || holds(Number(bounds[name]));
  return test("gt", (b) => at > b) && test("gte", (b) => at >= b) && test("lt", (b) => at < b) && test("lte", (b) => at <= b);
}

/** A page of rows that satisfy the call's filters; `fields` are filters that compare a field for equality. */
export function page(call: Call, rows: Row[], fields: string[] = []): ListPage {
  const limit = integer(call.params, "limit") ?? 10;
  if (limit < 1 || limit > 100) throw invalid("Limit must be between 1 and 100", { param: "limit" });
  let found = rows
    .filter((row) => fields.every((f) => call.params[f] === undefined || row[f] === call.params[f]) && inRange(row, call.params, "created"))
    .reverse();
  const after = text(call.params, "starting_after");
  const before = text(call.params, "ending_before");
  const position = (id: string, param: string): number => {
    const index = found.findIndex((row) => row.id === id);
    if (index < 0) throw missing("object", id, param);
    return index;
  };
  if (after) found = found.slice(position(after, "starting_after") + 1);
  let more = found.length > limit;
  if (before) {
    const end = position(before, "ending_before");
    more = end > limit;
    found = found.slice(Math.max(0, end - limit), end);
  }
  return { object: "list", data: found.slice(0, limit), has_more: more, url: call.path };
}

function expandOne(ctx: StripeContext, holder: Record<string, unknown>, path: string[], display: (row: Row) => Row): void {
  const [field = "", ...rest] = path;
  const value = holder[field];
  if (Array.isArray(value)) {
    for (const item of value) if (item && typeof item === "object") expandOne(ctx, item as Record<string, unknown>, rest, display);
    return;
  }
  if (typeof value === "string") {
    const row = ctx.store.get(TABLE_OF_PREFIX[value.slice(0, value.indexOf("_"))] ?? "", value);
    if (row) holder[field] = display(row);
  }
  const inner = holder[field];
  if (rest.length > 0 && inner && typeof inner === "object") expandOne(ctx, inner as Record<string, unknown>, rest, display);
}

/** The answer as JSON, with the asked-for ids replaced by their objects. */
export function answer(ctx: StripeContext, call: Call, result: Row | ListPage, display: (row: Row) => Row): unknown {
  const body: Record<string, unknown> =
    "id" in result || !("data" in result) ? display(result as Row) : { ...result, data: (result as ListPage).data.map(display) };
  for (const path of strings(call.params, "expand") ?? []) expandOne(ctx, body, path.split("."), display);
  return body;
}

