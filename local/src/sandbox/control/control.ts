/** The control plane `/_sandbox/*`: clock, switches, recorded requests, and the hands of payers, signers and banks. */
import type { Clock } from "../clock.js";
import type { EsignContext } from "../esign/context.js";
import { EsignError, loadRequest, REQUESTS } from "../esign/context.js";
import { bounce, decline, expireDue, isOpen, sign, signAll, view } from "../esign/lifecycle.js";
import type { Faults } from "../faults.js";
import { endChallenge } from "../pages/pages.js";
import type { Recorder } from "../recorder.js";
import type { Row, Store } from "../store.js";
import { createAccount, setCapabilities } from "../stripe/accounts.js";
import type { StripeApi } from "../stripe/api.js";
import { emit, lbgOf, load, shown, type StripeContext } from "../stripe/context.js";
import { closeDispute, openDispute } from "../stripe/disputes.js";
import { StripeError } from "../stripe/errors.js";
import { settlePayout } from "../stripe/payouts.js";
import { failRefund } from "../stripe/refunds.js";
import { cancel, settleDebit } from "../stripe/settlement.js";
import type { Delivery, Webhooks } from "../webhooks.js";
import type { ConfigStore, PartialConfig } from "./config.js";
import { stateOf } from "./state.js";

export interface ControlDeps {
  store: Store;
  clock: Clock;
  config: ConfigStore;
  faults: Faults;
  recorder: Recorder;
  webhooks: Webhooks;
  stripe: StripeContext;
  stripeApi: StripeApi;
  esign: EsignContext;
}

export interface ControlRequest {
  method: string;
  /** Path below `/_sandbox`, split. */
  path: string[];
  query: URLSearchParams;
  body: Record<string, unknown>;
}

/** A refused control request, with a status. */
class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function text(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(body: Record<string, unknown>, name: string): number | undefined {
  const value = body[name];
  return typeof value === "number" ? value : undefined;
}

export class Control {
  constructor(private readonly deps: ControlDeps) {}

  async handle(request: ControlRequest): Promise<{ status: number; body: unknown }> {
    try {
      const body = await this.route(request);
      this.deps.store.commit();
      this.deps.webhooks.kick();
      if (body === undefined) throw new ControlError(404, `no control endpoint ${request.method} /_sandbox/${request.path.join("/")}`);
      return { status: 200, body };
    } catch (error) {
      this.deps.store.commit();
      const status = error instanceof ControlError || error instanceof StripeError || error instanceof EsignError ? error.status : 400;
      return { status, body: { error: error instanceof Error ? error.message : "unknown error" } };
    }
  }

  private route(request: ControlRequest): unknown {
    const { method, path, query, body } = request;
    const [area = "", first = "", second = "", third = ""] = path;
    switch (`${method} ${area}`) {
      case "GET health":
        return { status: "ok", now: this.deps.clock.now(), pendingWebhooks: this.deps.webhooks.pendingCount() };
      case "GET config":
        return this.deps.config.get();
      case "POST config":
        return this.deps.config.merge(body as PartialConfig);
      case "GET clock":
        return this.clock();
      case "POST clock":
        return this.moveClock(body);
      case "GET faults":
        return { faults: this.deps.faults.list() };
      case "POST faults":
        return this.deps.faults.add(body);
      case "DELETE faults":
        return { cleared: this.deps.faults.clear({ ...(first ? { id: first } : {}), ...(query.get("lbgId") ? { lbgId: query.get("lbgId") ?? "" } : {}) }) };
      case "GET requests":
        return { requests: this.deps.recorder.find(Object.fromEntries(query)) };
      case "DELETE requests":
        this.deps.recorder.clear();
        return { cleared: true };
      case "GET state":
        this.runDue();
        return stateOf(this.deps.store, query.get("lbgId") ?? undefined);
      case "GET webhooks":
        return { deliveries: this.deps.webhooks.list((d) => matches(d, Object.fromEntries(query))) };
      case "POST webhooks":
        return this.webhooks(first, body);
      case "POST stripe":
        return this.stripe(first, second, third, body);
      case "POST esign":
        return this.esign(first, second, body);
      default:
        return undefined;
    }
  }

  private clock(): unknown {
    return { offsetSeconds: this.deps.clock.offsetSeconds(), now: this.deps.clock.now(), nowIso: new Date(this.deps.clock.now() * 1000).toISOString() };
  }

  private moveClock(body: Record<string, unknown>): unknown {
    const advance = number(body, "advanceSeconds");
    const offset = number(body, "offsetSeconds") ?? (advance === undefined ? undefined : this.deps.clock.offsetSeconds() + advance);
    if (offset === undefined) throw new ControlError(400, "advanceSeconds or offsetSeconds is needed");
    this.deps.clock.setOffset(offset);
    this.runDue();
    return this.clock();
  }

  private runDue(): void {
    this.deps.stripeApi.runDue();
    expireDue(this.deps.esign);
    this.deps.store.commit();
  }

  private async webhooks(action: string, body: Record<string, unknown>): Promise<unknown> {
    if (action === "flush") {
      const drained = await this.deps.webhooks.drained(number(body, "timeoutMs") ?? 10_000, text(body, "lbgId"));
      return { drained, pending: this.deps.webhooks.pendingCount(text(body, "lbgId")) };
    }
    if (action === "resend") {
      const queued = this.deps.webhooks.resend((d) => matches(d, body));
      return { queued };
    }
    return undefined;
  }

  private stripe(resource: string, first: string, second: string, body: Record<string, unknown>): unknown {
    const ctx = this.deps.stripe;
    switch (resource) {
      case "3ds":
        if (!endChallenge(ctx, first, text(body, "outcome") !== "fail")) throw new ControlError(409, "no challenge is open for this intent");
        return shown(ctx.store.get(first.startsWith("seti_") ? "setup_intents" : "payment_intents", first) ?? { id: first });
      case "ach":
        return this.settleDebits(body);
      case "authorizations":
        return shown(cancel(ctx, structuredClone(load(ctx, "payment_intents", text(body, "payment_intent") ?? "", "payment_intent")), "automatic"));
      case "accounts":
        return this.account(first || text(body, "id"), body);
      case "disputes":
        return first && second === "close" ? shown(closeDispute(ctx, load(ctx, "disputes", first, "dispute"), body["outcome"] === "won" ? "won" : "lost")) : this.dispute(body);
      case "refunds":
        return { failed: failRefund(ctx, first, text(body, "reason") ?? "lost_or_stolen_card") };
      case "payouts":
        return { settled: settlePayout(ctx, first, text(body, "failure")) };
      case "events":
        return this.rawEvent(body);
      default:
        return undefined;
    }
  }

  private settleDebits(body: Record<string, unknown>): unknown {
    const ctx = this.deps.stripe;
    const only = text(body, "payment_intent");
    const lbgId = text(body, "lbgId");
    const failure = text(body, "failure");
    const waiting = ctx.store.list("payment_intents", (i) => i["status"] === "processing" && (!only || i.id === only) && (!lbgId || lbgOf(i) === lbgId));
    const settled = waiting.filter((i) => settleDebit(ctx, i.id, failure ? { failure } : body["force"] === true ? "succeeds" : undefined));
    return { settled: settled.map((i) => i.id) };
  }

  private account(id: string | undefined, body: Record<string, unknown>): unknown {
    const ctx = this.deps.stripe;
    const capabilities = (body["capabilities"] as Record<string, string> | undefined) ?? { transfers: "active" };
    const known = id ? ctx.store.get("accounts", id) : undefined;
    if (known) return shown(body["capabilities"] ? setCapabilities(ctx, known, capabilities) : known);
    return shown(createAccount(ctx, { ...(id ? { id } : {}), capabilities }));
  }

  private dispute(body: Record<string, unknown>): unknown {
    const ctx = this.deps.stripe;
    const intentId = text(body, "payment_intent");
    const chargeId = text(body, "charge") ?? (load(ctx, "payment_intents", intentId ?? "", "payment_intent")["latest_charge"] as string);
    const reason = text(body, "reason");
    const amountCents = number(body, "amountCents");
    return shown(openDispute(ctx, load(ctx, "charges", chargeId, "charge"), { ...(reason ? { reason } : {}), ...(amountCents === undefined ? {} : { amountCents }) }));
  }

  /** An event of any type about any object, to show that receivers keep and ignore what they do not know. */
  private rawEvent(body: Record<string, unknown>): unknown {
    const object = { id: this.deps.stripe.ids.stripe("obj"), ...(body["object"] as object | undefined) } as Row;
    return shown(emit(this.deps.stripe, text(body, "type") ?? "sandbox.unknown", object, { lbgId: text(body, "lbgId") }));
  }

  /** Signs every open request whose metadata holds the given entries, as all its parties would. */
  private signMatching(metadata: Record<string, string>): unknown {
    const ctx = this.deps.esign;
    const wanted = Object.entries(metadata);
    if (wanted.length === 0) throw new ControlError(400, "metadata is needed");
    const open = ctx.store.list(REQUESTS, (r) => isOpen(r) && wanted.every(([key, value]) => (r["metadata"] as Record<string, unknown>)[key] === value));
    return { signed: open.map((request) => signAll(ctx, request).id) };
  }

  private esign(action: string, id: string, body: Record<string, unknown>): unknown {
    const ctx = this.deps.esign;
    switch (action) {
      case "sign-all":
        return id ? shown(signAll(ctx, loadRequest(ctx, id))) : this.signMatching((body["metadata"] as Record<string, string> | undefined) ?? {});
      case "sign":
        return shown(sign(ctx, id));
      case "view":
        return shown(view(ctx, id));
      case "decline":
        return shown(decline(ctx, id, text(body, "reason") ?? "Declined."));
      case "bounce":
        return shown(bounce(ctx, id));
      default:
        return undefined;
    }
  }
}

function matches(delivery: Delivery, filter: Record<string, unknown>): boolean {
  return ["provider", "eventId", "eventType", "lbgId", "status"].every((field) => filter[field] === undefined || delivery[field] === filter[field]);
}
