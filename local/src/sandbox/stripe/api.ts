/** The front of the Stripe sandbox: authentication, idempotency, routing, validation, and the JSON answer. */
import { createHash } from "node:crypto";
import { parseForm, type Param, type Params } from "../form.js";
import type { Row } from "../store.js";
import { accountRoutes } from "./accounts.js";
import { balanceRoutes } from "./balance.js";
import { chargeRoutes } from "./charges.js";
import { lbgOf, shown, type Call, type Route, type StripeContext } from "./context.js";
import { customerRoutes } from "./customers.js";
import { takeDue } from "./deadlines.js";
import { disputeRoutes } from "./disputes.js";
import { StripeError, invalid } from "./errors.js";
import { eventRoutes } from "./events.js";
import { answer } from "./lists.js";
import { checkParams } from "./params.js";
import { paymentIntentRoutes } from "./payment-intents.js";
import { paymentMethodRoutes } from "./payment-methods.js";
import { payoutRoutes, settlePayout } from "./payouts.js";
import { refundRoutes, settleRefund } from "./refunds.js";
import { expireAuthorization, settleDebit } from "./settlement.js";
import { setupIntentRoutes } from "./setup-intents.js";
import { transferRoutes } from "./transfers.js";

export interface StripeRequest {
  method: string;
  path: string;
  query: string;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

export interface StripeResponse {
  status: number;
  body: string;
  headers: Record<string, string>;
  replayed: boolean;
}

/** A request as far as it can be read before it is executed; used to match switches and to record it. */
export interface ReadRequest {
  params: Params;
  key: "secret" | "publishable" | "none";
  lbgId?: string;
}

const ROUTES: Route[] = [
  ...customerRoutes,
  ...paymentMethodRoutes,
  ...paymentIntentRoutes,
  ...setupIntentRoutes,
  ...chargeRoutes,
  ...refundRoutes,
  ...transferRoutes,
  ...accountRoutes,
  ...disputeRoutes,
  ...payoutRoutes,
  ...balanceRoutes,
  ...eventRoutes,
];

const COMPILED = ROUTES.map((route) => ({
  route,
  pattern: new RegExp(`^${route.path.replace(/:[a-z]+/g, "([^/]+)")}$`),
  spec: `${route.method} ${route.path.replace(/:[a-z]+/g, "{}")}`,
}));

const TABLES = ["payment_intents", "setup_intents", "charges", "transfers", "refunds", "disputes", "customers"];
const IDEMPOTENCY = "idempotency";
/** What Stripe hides from browsers. */
const HIDDEN_FROM_CLIENTS = ["metadata", "customer", "latest_charge", "transfer_group", "transfer_data", "on_behalf_of", "application_fee_amount"];

function header(request: StripeRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function credential(request: StripeRequest): string | undefined {
  const [scheme, value = ""] = (header(request, "authorization") ?? "").split(" ");
  if (scheme?.toLowerCase() === "bearer") return value;
  if (scheme?.toLowerCase() === "basic") return Buffer.from(value, "base64").toString("utf8").split(":")[0];
  return undefined;
}

export class StripeApi {
  constructor(
    private readonly ctx: StripeContext,
    /** Keys that are accepted; any test key when empty. */
    private readonly keys: () => string[],
  ) {}

  read(request: StripeRequest): ReadRequest {
    const params = request.method === "GET" || request.method === "DELETE" ? parseForm(request.query) : parseForm(request.body);
    const key = credential(request) ?? (typeof params["key"] === "string" ? params["key"] : "");
    const lbgId = lbgOf(params) ?? this.lbgOfPath(request.path);
    return {
      params,
      key: key.startsWith("pk_") ? "publishable" : key.startsWith("sk_") || key.startsWith("rk_") ? "secret" : "none",
      ...(lbgId ? { lbgId } : {}),
    };
  }

  /** Runs what time has brought about; events of it carry no request. */
  runDue(): void {
    for (;;) {
      const due = takeDue(this.ctx);
      if (due.length === 0) return;
      for (const { kind, target } of due) {
        if (kind === "authorization") expireAuthorization(this.ctx, target);
        else if (kind === "ach") settleDebit(this.ctx, target);
        else if (kind === "refund") settleRefund(this.ctx, target);
        else settlePayout(this.ctx, target);
      }
    }
  }

  /** Executes a request completely; everything it changed is committed when this returns. */
  handle(request: StripeRequest, read: ReadRequest): StripeResponse {
    return this.respond(request, read, true);
  }

  /** The same for the sandbox's own pages, which need no key. */
  handleTrusted(request: StripeRequest, read: ReadRequest): StripeResponse {
    return this.respond(request, read, false);
  }

  private respond(request: StripeRequest, read: ReadRequest, checkKey: boolean): StripeResponse {
    this.runDue();
    const requestId = this.ctx.ids.stripe("req");
    const headers: Record<string, string> = { "content-type": "application/json", "request-id": requestId };
    const version = header(request, "stripe-version");
    if (version) headers["stripe-version"] = version;
    const key = header(request, "idempotency-key");
    if (key && request.method === "POST") headers["idempotency-key"] = key;
    let response: { status: number; body: string; replayed: boolean };
    try {
      if (checkKey) this.authenticate(request, read);
      response = this.idempotent(request, read, requestId, request.method === "POST" ? key : undefined);
    } catch (error) {
      response = { ...failure(error, requestId), replayed: false };
    }
    this.ctx.store.commit();
    if (response.replayed) headers["idempotent-replayed"] = "true";
    return { ...response, headers };
  }

  /** Makes an injected 500 the remembered answer of its idempotency key. */
  remember(request: StripeRequest, read: ReadRequest, status: number, body: string): void {
    const key = header(request, "idempotency-key");
    if (!key || request.method !== "POST") return;
    this.ctx.store.put(IDEMPOTENCY, { id: this.scoped(request, key), fingerprint: fingerprint(request, read), status, body });
    this.ctx.store.commit();
  }

  private authenticate(request: StripeRequest, read: ReadRequest): void {
    if (read.key === "none") {
      throw invalid("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').", { status: 401 });
    }
    const key = credential(request) ?? "";
    const accepted = this.keys();
    if (key.includes("_live_") || (accepted.length > 0 && key !== "" && !accepted.includes(key))) throw invalid("Invalid API Key provided.", { status: 401 });
  }

  private idempotent(request: StripeRequest, read: ReadRequest, requestId: string, key: string | undefined): { status: number; body: string; replayed: boolean } {
    if (key === undefined) return { ...this.execute(request, read, requestId), replayed: false };
    const id = this.scoped(request, key);
    const print = fingerprint(request, read);
    const known = this.ctx.store.get(IDEMPOTENCY, id);
    if (known) {
      if (known["fingerprint"] !== print) {
        throw new StripeError(400, {
          type: "idempotency_error",
          message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        }, false);
      }
      return { status: known["status"] as number, body: known["body"] as string, replayed: true };
    }
    let result: { status: number; body: string };
    try {
      result = this.execute(request, read, requestId, key);
    } catch (error) {
      if (!(error instanceof StripeError) || !error.kept) throw error;
      result = failure(error, requestId);
    }
    this.ctx.store.put(IDEMPOTENCY, { id, fingerprint: print, ...result });
    return { ...result, replayed: false };
  }

  private execute(request: StripeRequest, read: ReadRequest, requestId: string, key?: string): { status: number; body: string } {
    const found = COMPILED.find(({ route, pattern }) => route.method === request.method && pattern.test(request.path));
    if (!found) throw invalid(`Unrecognized request URL (${request.method}: ${request.path}). The sandbox does not serve it.`, { status: 404 });
    const publishable = read.key === "publishable";
    if (publishable && !found.route.publishable) {
      throw invalid("This API call cannot be made with a publishable API key. Please use a secret API key.", { code: "secret_key_required", status: 403 });
    }
    checkParams(found.spec, read.params, publishable);
    const call: Call = {
      method: request.method,
      path: request.path,
      args: (found.pattern.exec(request.path) ?? []).slice(1).map(decodeURIComponent),
      params: read.params,
      key: publishable ? "publishable" : "secret",
      account: header(request, "stripe-account"),
      idempotencyKey: key,
      requestId,
      lbgId: read.lbgId,
    };
    const ctx: StripeContext = { ...this.ctx, call };
    const result = found.route.handle(ctx, call);
    return { status: 200, body: JSON.stringify(answer(ctx, call, result, (row) => this.display(row, publishable)), null, 2) };
  }

  private display(row: Row, publishable: boolean): Row {
    const out = shown(row);
    if (out["object"] === "balance_transaction") out["status"] = (out["available_on"] as number) <= this.ctx.clock.now() ? "available" : "pending";
    if (out["object"] === "balance" || out["object"] === "account_link") delete (out as Partial<Row>).id;
    if (publishable) for (const field of HIDDEN_FROM_CLIENTS) delete out[field];
    return out;
  }

  private scoped(request: StripeRequest, key: string): string {
    return `${header(request, "stripe-account") ?? "platform"}:${key}`;
  }

  private lbgOfPath(path: string): string | undefined {
    const id = path.split("/")[3];
    if (!id) return undefined;
    for (const table of TABLES) {
      const row = this.ctx.store.get(table, id);
      if (row) return lbgOf(row) ?? (row["_lbg"] as string | undefined);
    }
    return undefined;
  }
}

/** Parameters compare by content: clients may encode maps in any order. */
function canonical(value: Param): Param {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(canonical);
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, canonical(value[key] ?? "")]));
}

function fingerprint(request: StripeRequest, read: ReadRequest): string {
  return createHash("sha256").update(JSON.stringify([request.method, request.path, canonical(read.params)])).digest("hex");
}

function failure(error: unknown, requestId: string): { status: number; body: string } {
  if (error instanceof StripeError) {
    const body = { error: { ...error.body, request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` } };
    return { status: error.status, body: JSON.stringify(body, null, 2) };
  }
  return { status: 500, body: JSON.stringify({ error: { type: "api_error", message: "An unknown error occurred in the sandbox." } }) };
}
