/** Everything the providers hold for one order, for tests that check invariants from outside. */
import { REQUESTS } from "../esign/context.js";
import type { Row, Store } from "../store.js";
import { lbgOf, shown } from "../stripe/context.js";

const TABLES = ["payment_intents", "setup_intents", "charges", "transfers", "refunds", "disputes"] as const;

function sum(rows: Row[], field: string): number {
  return rows.reduce((total, row) => total + (row[field] as number), 0);
}

export function stateOf(store: Store, lbgId: string | undefined): Record<string, unknown> {
  const mine = (row: Row): boolean => lbgId === undefined || (lbgOf(row) ?? row["_lbg"]) === lbgId;
  const rows = Object.fromEntries(TABLES.map((table) => [table, store.list(table, mine)])) as Record<(typeof TABLES)[number], Row[]>;
  const transferIds = new Set(rows.transfers.map((t) => t.id));
  const reversals = store.list("reversals", (r) => transferIds.has(r["transfer"] as string));
  const held = rows.payment_intents.filter((i) => i["status"] === "requires_capture");
  return {
    lbg_id: lbgId ?? null,
    totals: {
      authorized_cents: sum(held, "amount_capturable"),
      captured_cents: sum(rows.payment_intents, "amount_received"),
      refunded_cents: sum(rows.refunds.filter((r) => !["failed", "canceled"].includes(r["status"] as string)), "amount"),
      transferred_cents: sum(rows.transfers, "amount"),
      reversed_cents: sum(reversals, "amount"),
      processing_cents: sum(rows.payment_intents.filter((i) => i["status"] === "processing"), "amount"),
    },
    ...Object.fromEntries(TABLES.map((table) => [table, rows[table].map(shown)])),
    reversals: reversals.map(shown),
    signature_requests: store
      .list(REQUESTS, (r) => lbgId === undefined || (r["metadata"] as Record<string, unknown>)["lbg_id"] === lbgId)
      .map((r) => ({ signature_request_id: r.id, ...shown(r), is_canceled: r["_canceled"] === true, is_expired: r["_expired"] === true })),
    events: store.list("events", mine).map((e) => ({ id: e.id, type: e["type"] as string, created: e["created"] as number, object: (e["data"] as { object: Row }).object.id })),
  };
}
