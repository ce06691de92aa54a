/** Things that happen because time passes: authorisations expire, bank debits settle, payouts arrive. */
import type { StripeContext } from "./context.js";

export type DeadlineKind = "authorization" | "ach" | "refund" | "payout";

const TABLE = "stripe_deadlines";

export function setDeadline(ctx: StripeContext, kind: DeadlineKind, target: string, at: number): void {
  ctx.store.put(TABLE, { id: `${kind}:${target}`, kind, target, at });
}

export function clearDeadline(ctx: StripeContext, kind: DeadlineKind, target: string): void {
  ctx.store.remove(TABLE, `${kind}:${target}`);
}

/** Takes the deadlines that have passed, oldest first. */
export function takeDue(ctx: StripeContext): { kind: DeadlineKind; target: string }[] {
  const now = ctx.clock.now();
  const due = ctx.store.list(TABLE, (d) => (d["at"] as number) <= now).sort((a, b) => (a["at"] as number) - (b["at"] as number));
  for (const row of due) ctx.store.remove(TABLE, row.id);
  return due.map((row) => ({ kind: row["kind"] as DeadlineKind, target: row["target"] as string }));
}
