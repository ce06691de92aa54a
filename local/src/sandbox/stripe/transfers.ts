/** Transfers to connected accounts and their reversals: separate charges and transfers, and destination charges. */
import type { Row } from "../store.js";
import { move, totals } from "./balance.js";
import { emit, lbgOf, load, type Call, type Route, type StripeContext } from "./context.js";
import { invalid, missing } from "./errors.js";
import { page } from "./lists.js";
import { amountOf, mergedMetadata, text } from "./params.js";

const TABLE = "transfers";
const REVERSALS = "reversals";

interface NewTransfer {
  amount: number;
  currency: string;
  destination: string;
  description?: string | null;
  metadata?: Record<string, string>;
  source?: Row | undefined;
  group?: string | null;
  sourceType?: string | undefined;
}

function make(ctx: StripeContext, input: NewTransfer): Row {
  const id = ctx.ids.stripe("tr");
  // Money of a charge that is still on its way moves when it arrives.
  const arrival = input.source ? (ctx.store.get("balance_transactions", input.source["balance_transaction"] as string)?.["available_on"] as number | undefined) : undefined;
  const availableAfter = Math.max(0, (arrival ?? 0) - ctx.clock.now());
  const transaction = move(ctx, { type: "transfer", amount: -input.amount, currency: input.currency, source: id, availableAfter });
  const payment = ctx.ids.stripe("py");
  move(ctx, { type: "payment", amount: input.amount, currency: input.currency, source: payment, account: input.destination, availableAfter });
  const transfer: Row = {
    id,
    object: "transfer",
    amount: input.amount,
    amount_reversed: 0,
    balance_transaction: transaction.id,
    created: ctx.clock.now(),
    currency: input.currency,
    description: input.description ?? null,
    destination: input.destination,
    destination_payment: payment,
    livemode: false,
    metadata: input.metadata ?? {},
    reversals: { object: "list", data: [], has_more: false, total_count: 0, url: `/v1/transfers/${id}/reversals` },
    reversed: false,
    source_transaction: input.source?.id ?? null,
    source_type: input.sourceType ?? "card",
    transfer_group: input.group ?? null,
    ...(input.source ? { _lbg: lbgOf(input.source) ?? input.source["_lbg"] } : {}),
  };
  ctx.store.put(TABLE, transfer);
  emit(ctx, "transfer.created", transfer);
  return transfer;
}

function create(ctx: StripeContext, call: Call): Row {
  const amount = amountOf(call.params, "amount");
  const sourceId = text(call.params, "source_transaction");
  const source = sourceId ? load(ctx, "charges", sourceId, "charge", "source_transaction") : undefined;
  if (amount === undefined && !source) throw invalid("Missing required param: amount.", { code: "parameter_missing", param: "amount" });
  if (text(call.params, "currency") !== "usd") throw invalid("Invalid currency. The sandbox settles in usd.", { param: "currency" });
  const destination = load(ctx, "accounts", text(call.params, "destination") ?? "", "destination", "destination");
  if ((destination["capabilities"] as Record<string, string>)["transfers"] !== "active") {
    throw invalid("Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, legacy_payments", { code: "insufficient_capabilities_for_transfer", kept: true });
  }
  let group = text(call.params, "transfer_group") ?? null;
  const cents = amount ?? (source?.["amount_captured"] as number);
  if (source) {
    if (!source["captured"]) throw invalid(`Charge ${source.id} has not been captured; its funds cannot be transferred.`, { param: "source_transaction", kept: true });
    const taken = ctx.store.list(TABLE, (t) => t["source_transaction"] === source.id).reduce((sum, t) => sum + (t["amount"] as number) - (t["amount_reversed"] as number), 0);
    const left = (source["amount_captured"] as number) - taken;
    if (cents > left) throw invalid(`The transfer amount (${cents}) exceeds what is left of the source charge (${left}).`, { code: "balance_insufficient", param: "amount", kept: true });
    if (group && source["transfer_group"] && group !== source["transfer_group"]) {
      throw invalid("The transfer_group of the transfer must match the transfer_group of its source_transaction.", { param: "transfer_group", kept: true });
    }
    group ??= source["transfer_group"] as string | null;
  } else if (cents > totals(ctx).available) {
    throw invalid("You have insufficient available funds in your Stripe account.", { code: "balance_insufficient", kept: true });
  }
  return make(ctx, {
    amount: cents,
    currency: "usd",
    destination: destination.id,
    description: text(call.params, "description") ?? null,
    metadata: mergedMetadata({}, call.params["metadata"]),
    source,
    group,
    sourceType: text(call.params, "source_type"),
  });
}

/** The transfer of a destination charge (`transfer_data`), made when the money was taken. */
export function destinationTransfer(ctx: StripeContext, intent: Row, charge: Row): void {
  const data = intent["transfer_data"] as { destination: string; amount?: number } | null;
  if (!data) return;
  const transfer = make(ctx, { amount: data.amount ?? (charge["amount_captured"] as number), currency: charge["currency"] as string, destination: data.destination, source: charge, group: (intent["transfer_group"] as string | null) ?? `group_${intent.id}` });
  charge["transfer"] = transfer.id;
  ctx.store.put("charges", charge);
}

/** Takes money of a transfer back; never more than is left of it. */
export function reverse(ctx: StripeContext, transfer: Row, amountCents: number | undefined, metadata: Record<string, string>, refund: string | null): Row {
  const left = (transfer["amount"] as number) - (transfer["amount_reversed"] as number);
  if (left <= 0) throw invalid(`Transfer ${transfer.id} has already been fully reversed.`, { code: "transfer_already_reversed", kept: true });
  const amount = amountCents ?? left;
  if (amount > left) throw invalid(`Reversal amount (${amount}) is greater than the unreversed amount on transfer (${left}).`, { code: "amount_too_large", param: "amount", kept: true });
  const id = ctx.ids.stripe("trr");
  const currency = transfer["currency"] as string;
  const transaction = move(ctx, { type: "transfer_refund", amount, currency, source: id });
  move(ctx, { type: "payment_refund", amount: -amount, currency, source: id, account: transfer["destination"] as string });
  const reversal: Row = {
    id,
    object: "transfer_reversal",
    amount,
    balance_transaction: transaction.id,
    created: ctx.clock.now(),
    currency,
    destination_payment_refund: ctx.ids.stripe("pyr"),
    metadata,
    source_refund: refund,
    transfer: transfer.id,
  };
  ctx.store.put(REVERSALS, reversal);
  transfer["amount_reversed"] = (transfer["amount_reversed"] as number) + amount;
  transfer["reversed"] = transfer["amount_reversed"] === transfer["amount"];
  const reversals = transfer["reversals"] as { data: unknown[]; total_count: number };
  reversals.data.unshift(reversal);
  reversals.total_count += 1;
  ctx.store.put(TABLE, transfer);
  emit(ctx, "transfer.reversed", transfer);
  return reversal;
}

function update(ctx: StripeContext, call: Call): Row {
  const transfer = load(ctx, TABLE, call.args[0] ?? "", "transfer");
  transfer["metadata"] = mergedMetadata(transfer["metadata"] as Record<string, string>, call.params["metadata"]);
  transfer["description"] = text(call.params, "description") ?? (transfer["description"] as string | null);
  ctx.store.put(TABLE, transfer);
  emit(ctx, "transfer.updated", transfer);
  return transfer;
}

function reversalOf(ctx: StripeContext, call: Call): Row {
  const reversal = load(ctx, REVERSALS, call.args[1] ?? "", "transfer reversal");
  if (reversal["transfer"] !== call.args[0]) throw missing("transfer reversal", reversal.id);
  return reversal;
}

export const transferRoutes: Route[] = [
  { method: "POST", path: "/v1/transfers", handle: create },
  { method: "GET", path: "/v1/transfers", handle: (ctx, call) => page(call, ctx.store.list(TABLE), ["destination", "transfer_group"]) },
  { method: "GET", path: "/v1/transfers/:id", handle: (ctx, call) => load(ctx, TABLE, call.args[0] ?? "", "transfer") },
  { method: "POST", path: "/v1/transfers/:id", handle: update },
  {
    method: "POST",
    path: "/v1/transfers/:id/reversals",
    handle: (ctx, call) => reverse(ctx, structuredClone(load(ctx, TABLE, call.args[0] ?? "", "transfer")), amountOf(call.params, "amount"), mergedMetadata({}, call.params["metadata"]), null),
  },
  { method: "GET", path: "/v1/transfers/:id/reversals", handle: (ctx, call) => page(call, ctx.store.list(REVERSALS, (r) => r["transfer"] === call.args[0])) },
  { method: "GET", path: "/v1/transfers/:id/reversals/:reversal", handle: reversalOf },
];
