/** Balance transactions and the balances they add up to, for the platform and for connected accounts. */
import type { Row } from "../store.js";
import type { Call, Route, StripeContext } from "./context.js";
import { load } from "./context.js";
import { page } from "./lists.js";

const TABLE = "balance_transactions";
const DAY = 86_400;

/** When money of each kind can be spent: cards in two days, bank debits in four, movements at once. */
export const AVAILABLE_AFTER = { card: 2 * DAY, us_bank_account: 4 * DAY, none: 0 } as const;

/** Stripe's fee in cents, rounded half-up: cards 2.9 % + 30 c; bank debits 0.8 %, at most $5. */
export function processingFee(type: "card" | "us_bank_account", amountCents: number): number {
  if (type === "card") return Math.floor((amountCents * 290 + 5_000) / 10_000) + 30;
  return Math.min(500, Math.floor((amountCents * 80 + 5_000) / 10_000));
}

export interface Movement {
  type: "charge" | "payment" | "refund" | "refund_failure" | "payment_refund" | "transfer" | "transfer_refund" | "adjustment" | "payout" | "payout_failure";
  /** Signed cents before the fee. */
  amount: number;
  feeCents?: number;
  currency: string;
  source: string;
  description?: string | null;
  availableAfter?: number;
  /** Connected account whose balance moves; the platform's when absent. */
  account?: string;
}

export function move(ctx: StripeContext, movement: Movement): Row {
  const now = ctx.clock.now();
  const fee = movement.feeCents ?? 0;
  const description = movement.type === "adjustment" ? "Dispute fee" : "Stripe processing fees";
  return ctx.store.put(TABLE, {
    id: ctx.ids.stripe("txn"),
    object: "balance_transaction",
    amount: movement.amount,
    available_on: now + (movement.availableAfter ?? 0),
    balance_type: "payments",
    created: now,
    currency: movement.currency,
    description: movement.description ?? null,
    exchange_rate: null,
    fee,
    fee_details: fee === 0 ? [] : [{ amount: fee, application: null, currency: movement.currency, description, type: "stripe_fee" }],
    net: movement.amount - fee,
    reporting_category: movement.type === "payment" ? "charge" : movement.type === "payment_refund" ? "refund" : movement.type === "adjustment" ? "dispute" : movement.type === "transfer_refund" ? "transfer_reversal" : movement.type,
    source: movement.source,
    status: "pending",
    type: movement.type,
    ...(movement.account ? { _account: movement.account } : {}),
  });
}

/** Net cents available now and pending, of the platform or one connected account. */
export function totals(ctx: StripeContext, account?: string): { available: number; pending: number } {
  const now = ctx.clock.now();
  const sums = { available: 0, pending: 0 };
  for (const row of ctx.store.list(TABLE, (t) => t["_account"] === account)) {
    if ((row["available_on"] as number) <= now) sums.available += row["net"] as number;
    else sums.pending += row["net"] as number;
  }
  return sums;
}

function balance(ctx: StripeContext, call: Call): Row {
  const { available, pending } = totals(ctx, call.account);
  const amounts = (amount: number): unknown[] => [{ amount, currency: "usd", source_types: { card: amount } }];
  return { id: "balance", object: "balance", available: amounts(available), livemode: false, pending: amounts(pending) };
}

export const balanceRoutes: Route[] = [
  { method: "GET", path: "/v1/balance", handle: balance },
  {
    method: "GET",
    path: "/v1/balance_transactions",
    handle: (ctx, call) => page(call, ctx.store.list(TABLE, (t) => t["_account"] === call.account), ["type", "source", "currency"]),
  },
  { method: "GET", path: "/v1/balance_transactions/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "balance transaction") },
];
