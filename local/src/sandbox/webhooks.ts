/** Delivers providers' events: signed, in order within one order's lane, retried with growing pauses until acknowledged. */
import type { Clock } from "./clock.js";
import type { Faults } from "./faults.js";
import type { Ids } from "./ids.js";
import type { Log } from "./log.js";
import type { Row, Store } from "./store.js";

export type Provider = "stripe" | "esign";

/** One event on its way to one endpoint. */
export interface Delivery extends Row {
  provider: Provider;
  eventId: string;
  eventType: string;
  /** Deliveries of one lane go out one after another. */
  lane: string;
  lbgId?: string;
  status: "pending" | "delivered" | "dropped" | "failed";
  attempts: number;
  lastStatus: number;
}

/** The HTTP request that carries an event; built anew for each attempt because signatures carry the time. */
export interface Outgoing {
  url: string;
  headers: Record<string, string>;
  body: Buffer | string;
  acknowledged: (status: number, body: string) => boolean;
}

/** Builds the request of a delivery, or `undefined` while no endpoint is configured. */
export type Sender = (delivery: Delivery) => Outgoing | undefined;

const TABLE = "deliveries";
const BACKOFF_MS = [100, 200, 400, 800, 1_500, 3_000, 5_000];
const GIVE_UP_AFTER = 200;
const REQUEST_TIMEOUT_MS = 15_000;

export class Webhooks {
  private readonly lanes = new Map<string, string[]>();
  private readonly running = new Set<string>();
  private readonly senders = new Map<Provider, Sender>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly held = new Map<string, { ids: string[]; timer: NodeJS.Timeout }>();
  private pending = 0;
  private closed = false;

  constructor(
    private readonly store: Store,
    private readonly ids: Ids,
    private readonly faults: Faults,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Registers how a provider's events are sent and resumes what a former process left undelivered. */
  register(provider: Provider, sender: Sender): void {
    this.senders.set(provider, sender);
    for (const row of this.store.list(TABLE, (d) => d["provider"] === provider && d["status"] === "pending")) this.lane(row as Delivery);
    this.kick();
  }

  /** Queues an event; durable with the caller's commit. */
  enqueue(input: { provider: Provider; eventId: string; eventType: string; lane: string; lbgId?: string | undefined }): void {
    const facts = { provider: input.provider, eventType: input.eventType, lbgId: input.lbgId };
    const dropped = this.faults.takeForDelivery("webhook_drop", facts);
    const copies = dropped ? 0 : (this.faults.takeForDelivery("webhook_duplicate", facts)?.copies ?? 0);
    const key = `${input.provider}:${input.lane}`;
    const waiting = this.held.get(key);
    const reorder = dropped || waiting ? undefined : this.faults.takeForDelivery("webhook_reorder", facts);
    const ids: string[] = [];
    for (let copy = 0; copy <= copies; copy += 1) ids.push(this.add(input, dropped ? "dropped" : "pending").id);
    if (reorder) this.hold(key, ids, reorder.delayMs);
    else if (waiting && !dropped) this.release(key);
  }

  /** Delivers events again whatever became of them before; returns how many were queued. */
  resend(matches: (delivery: Delivery) => boolean): number {
    const seen = new Map<string, Delivery>();
    for (const row of this.store.list(TABLE) as Delivery[]) if (matches(row)) seen.set(row.eventId, row);
    for (const d of seen.values()) this.add({ provider: d.provider, eventId: d.eventId, eventType: d.eventType, lane: d.lane, lbgId: d.lbgId }, "pending");
    this.kick();
    return seen.size;
  }

  list(matches: (delivery: Delivery) => boolean = () => true): Delivery[] {
    return (this.store.list(TABLE) as Delivery[]).filter(matches);
  }

  pendingCount(lbgId?: string): number {
    if (!lbgId) return this.pending;
    return this.list((d) => d.status === "pending" && d.lbgId === lbgId).length;
  }

  /** Waits until nothing is on its way (for one order, or at all). */
  async drained(timeoutMs: number, lbgId?: string): Promise<boolean> {
    const until = Date.now() + timeoutMs;
    while (this.pendingCount(lbgId) > 0) {
      if (Date.now() > until || this.closed) return false;
      await this.pause(20);
    }
    return true;
  }

  /** Starts every idle lane. */
  kick(): void {
    if (this.closed) return;
    for (const [lane, queue] of this.lanes) if (queue.length > 0 && !this.running.has(lane)) void this.drive(lane);
  }

  close(): void {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private add(input: { provider: Provider; eventId: string; eventType: string; lane: string; lbgId?: string | undefined }, status: Delivery["status"]): Delivery {
    const delivery: Delivery = {
      id: this.ids.stripe("dlv"),
      provider: input.provider,
      eventId: input.eventId,
      eventType: input.eventType,
      lane: input.lane,
      ...(input.lbgId === undefined ? {} : { lbgId: input.lbgId }),
      status,
      attempts: 0,
      lastStatus: 0,
    };
    this.store.put(TABLE, delivery);
    if (status === "pending") this.lane(delivery);
    return delivery;
  }

  private lane(delivery: Delivery): void {
    const key = `${delivery.provider}:${delivery.lane}`;
    const queue = this.lanes.get(key) ?? [];
    queue.push(delivery.id);
    this.lanes.set(key, queue);
    this.pending += 1;
  }

  /** Takes deliveries out of line until the lane's next event has gone before them, or for so long. */
  private hold(key: string, ids: string[], delayMs: number): void {
    const queue = this.lanes.get(key);
    if (queue) this.lanes.set(key, queue.filter((id) => !ids.includes(id)));
    const timer = setTimeout(() => this.release(key), delayMs);
    this.timers.add(timer);
    this.held.set(key, { ids, timer });
  }

  private release(key: string): void {
    const held = this.held.get(key);
    if (!held) return;
    clearTimeout(held.timer);
    this.timers.delete(held.timer);
    this.held.delete(key);
    this.lanes.set(key, [...(this.lanes.get(key) ?? []), ...held.ids]);
    this.kick();
  }

  private async drive(lane: string): Promise<void> {
    this.running.add(lane);
    // Let the request that caused the event be answered first, as in the real world.
    await this.pause(1);
    while (!this.closed) {
      const id = this.lanes.get(lane)?.shift();
      if (id === undefined) break;
      const delivery = this.store.get(TABLE, id) as Delivery | undefined;
      if (delivery) await this.deliver(delivery);
      this.pending -= 1;
    }
    this.running.delete(lane);
    if (this.lanes.get(lane)?.length === 0) this.lanes.delete(lane);
  }

  private async deliver(delivery: Delivery): Promise<void> {
    const delay = this.faults.takeForDelivery("webhook_delay", delivery);
    if (delay) await this.pause(delay.delayMs);
    while (!this.closed) {
      const outgoing = this.senders.get(delivery.provider)?.(delivery);
      if (!outgoing) {
        // Nobody listens: nothing to retry until someone asks for a resend.
        this.finish(delivery, "dropped");
        return;
      }
      delivery.attempts += 1;
      const acknowledged = await this.attempt(delivery, outgoing);
      if (acknowledged) this.finish(delivery, "delivered");
      else if (delivery.attempts >= GIVE_UP_AFTER) this.finish(delivery, "failed");
      else {
        await this.pause(BACKOFF_MS[Math.min(delivery.attempts, BACKOFF_MS.length) - 1] ?? 5_000);
        continue;
      }
      return;
    }
  }

  private async attempt(delivery: Delivery, outgoing: Outgoing): Promise<boolean> {
    try {
      const body = typeof outgoing.body === "string" ? outgoing.body : new Uint8Array(outgoing.body);
      const response = await fetch(outgoing.url, {
        method: "POST",
        headers: outgoing.headers,
        body,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      delivery.lastStatus = response.status;
      const acknowledged = outgoing.acknowledged(response.status, await response.text());
      if (!acknowledged) this.log("webhook refused", { event_id: delivery.eventId, type: delivery.eventType, status: response.status, attempt: delivery.attempts });
      return acknowledged;
    } catch {
      delivery.lastStatus = 0;
      if (delivery.attempts <= 3) this.log("webhook endpoint unreachable", { event_id: delivery.eventId, type: delivery.eventType, attempt: delivery.attempts });
      return false;
    }
  }

  private finish(delivery: Delivery, status: Delivery["status"]): void {
    if (this.closed) return;
    delivery.status = status;
    delivery["finishedAt"] = this.clock.now();
    this.store.put(TABLE, delivery);
    this.store.commit();
  }

  private pause(ms: number): Promise<void> {
    if (ms <= 0 || this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        resolve();
      }, ms);
      this.timers.add(timer);
    });
  }
}
