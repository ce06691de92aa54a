/** Switches that make the providers misbehave, each bound to a filter so that tests can run side by side. */
import type { Ids } from "./ids.js";
import type { Row, Store } from "./store.js";

export const REQUEST_FAULTS = ["error", "timeout", "disconnect", "delay", "decline"] as const;
export const WEBHOOK_FAULTS = ["webhook_duplicate", "webhook_reorder", "webhook_delay", "webhook_drop"] as const;
export type FaultKind = (typeof REQUEST_FAULTS)[number] | (typeof WEBHOOK_FAULTS)[number];

/** A switch as posted to `/_sandbox/faults`. Every filter that is absent matches everything. */
export interface Fault extends Row {
  kind: FaultKind;
  provider?: "stripe" | "esign";
  /** HTTP method of the calls it hits. */
  method?: string;
  /** Path of the calls it hits; `*` stands for one segment, a trailing `**` for any rest. */
  path?: string;
  /** The order it hits: `metadata.lbg_id`, or the transfer group. */
  lbgId?: string;
  /** Event type of the webhooks it hits. */
  eventType?: string;
  /** How many more times it acts, 1 by default; `null` until it is cleared. */
  remaining: number | null;
  /** Whether the provider's effect happens: `before` means it never did, `after` means only the answer is lost. */
  when: "before" | "after";
  delayMs: number;
  /** Status of an `error`, 500 by default. */
  status: number;
  declineCode: string;
  /** Extra deliveries of a `webhook_duplicate`. */
  copies: number;
  /** An `error` after the effect that repeats for the same idempotency key, as Stripe repeats its own 500s. */
  sticky: boolean;
}

export interface CallFacts {
  provider: "stripe" | "esign";
  method: string;
  path: string;
  lbgId?: string | undefined;
}

export interface DeliveryFacts {
  provider: "stripe" | "esign";
  eventType: string;
  lbgId?: string | undefined;
}

const TABLE = "faults";

function pathMatches(pattern: string, path: string): boolean {
  const open = pattern.endsWith("**");
  const source = (open ? pattern.slice(0, -2) : pattern)
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join("[^/]+");
  return new RegExp(`^${source}${open ? ".*" : ""}$`).test(path);
}

export class Faults {
  constructor(
    private readonly store: Store,
    private readonly ids: Ids,
  ) {}

  add(input: Record<string, unknown>): Fault {
    const kind = input["kind"] as FaultKind;
    if (!([...REQUEST_FAULTS, ...WEBHOOK_FAULTS] as string[]).includes(kind)) throw new Error(`unknown fault kind: ${String(kind)}`);
    const text = (key: string): Record<string, string> => (typeof input[key] === "string" ? { [key]: input[key] } : {});
    const number = (key: string, fallback: number): number => (typeof input[key] === "number" ? input[key] : fallback);
    const fault: Fault = {
      id: this.ids.stripe("flt"),
      kind,
      ...text("provider"),
      ...text("method"),
      ...text("path"),
      ...text("lbgId"),
      ...text("eventType"),
      remaining: input["remaining"] === null ? null : number("remaining", 1),
      when: input["when"] === "after" ? "after" : "before",
      delayMs: number("delayMs", kind === "timeout" ? 60_000 : 500),
      status: number("status", 500),
      declineCode: typeof input["declineCode"] === "string" ? input["declineCode"] : "generic_decline",
      copies: number("copies", 1),
      sticky: input["sticky"] === true,
    };
    this.store.put(TABLE, fault);
    return fault;
  }

  list(): Fault[] {
    return this.store.list(TABLE) as Fault[];
  }

  clear(filter: { id?: string; lbgId?: string }): number {
    const doomed = this.list().filter((f) => (!filter.id || f.id === filter.id) && (!filter.lbgId || f.lbgId === filter.lbgId));
    for (const fault of doomed) this.store.remove(TABLE, fault.id);
    return doomed.length;
  }

  /** The first request fault of these kinds that hits the call, used up by one. */
  takeForCall(kinds: readonly FaultKind[], call: CallFacts): Fault | undefined {
    return this.take(
      (f) =>
        kinds.includes(f.kind) &&
        (!f.method || f.method.toUpperCase() === call.method) &&
        (!f.path || pathMatches(f.path, call.path)) &&
        (!f.provider || f.provider === call.provider) &&
        (!f.lbgId || f.lbgId === call.lbgId),
    );
  }

  takeForDelivery(kind: FaultKind, delivery: DeliveryFacts): Fault | undefined {
    return this.take(
      (f) =>
        f.kind === kind &&
        (!f.provider || f.provider === delivery.provider) &&
        (!f.eventType || f.eventType === delivery.eventType) &&
        (!f.lbgId || f.lbgId === delivery.lbgId),
    );
  }

  private take(matches: (fault: Fault) => boolean): Fault | undefined {
    const fault = this.list().find((f) => f.remaining !== 0 && matches(f));
    if (!fault) return undefined;
    if (fault.remaining !== null) {
      fault.remaining -= 1;
      if (fault.remaining === 0) this.store.remove(TABLE, fault.id);
      else this.store.put(TABLE, fault);
    }
    return fault;
  }
}
