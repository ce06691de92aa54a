/** The provider sandbox: one HTTP server with Stripe at `/v1`, Dropbox Sign at `/v3`, control at `/_sandbox`, pages beside them. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Clock } from "./clock.js";
import { ConfigStore, type PartialConfig } from "./control/config.js";
import { Control } from "./control/control.js";
import { EsignApi } from "./esign/api.js";
import { callbackRequest } from "./esign/events.js";
import { expireDue } from "./esign/lifecycle.js";
import { Faults, type CallFacts } from "./faults.js";
import { Ids } from "./ids.js";
import { silent, type Log } from "./log.js";
import { answerPage } from "./pages/pages.js";
import { keptHeaders, Recorder, type RecordedRequest } from "./recorder.js";
import { Store } from "./store.js";
import { StripeApi } from "./stripe/api.js";
import { webhookRequest } from "./stripe/events.js";
import { Webhooks } from "./webhooks.js";

export interface SandboxOptions {
  /** 0 picks a free port. */
  port: number;
  host?: string;
  /** Holds the journal, documents and recorded requests. */
  stateDir: string;
  /** File with the clock's offset in seconds; inside the state directory by default. */
  clockFile?: string;
  /** Seed of all identifiers. */
  seed?: string;
  /** Address under which browsers reach the pages; the listening address by default. */
  publicUrl?: string;
  config?: PartialConfig;
  log?: Log;
}

export interface Sandbox {
  url: string;
  close: () => Promise<void>;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

const MAX_BODY_BYTES = 40 * 1024 * 1024;
const TICK_MS = 500;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw new Error("request body too large");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Builds every part over one store and wires requests to them. */
class Server {
  readonly webhooks: Webhooks;
  private readonly store: Store;
  private readonly clock: Clock;
  private readonly faults: Faults;
  private readonly recorder: Recorder;
  private readonly config: ConfigStore;
  private readonly control: Control;
  private readonly stripeApi: StripeApi;
  private readonly esignApi: EsignApi;
  private readonly deps;
  private readonly log: Log;
  url = "";

  constructor(options: SandboxOptions) {
    this.log = options.log ?? silent;
    this.store = new Store(options.stateDir);
    this.clock = new Clock(options.clockFile ?? join(options.stateDir, "clock"));
    const ids = new Ids(this.store, options.seed ?? "rastup");
    this.faults = new Faults(this.store, ids);
    this.recorder = new Recorder(join(options.stateDir, "requests.jsonl"));
    this.config = new ConfigStore(this.store, options.config ?? {});
    this.webhooks = new Webhooks(this.store, ids, this.faults, this.clock, this.log);
    const shared = { store: this.store, clock: this.clock, ids, faults: this.faults, webhooks: this.webhooks };
    const stripe = { ...shared, config: () => ({ baseUrl: this.url, apiVersion: this.config.get().stripe.apiVersion, achSettleSeconds: this.config.get().stripe.achSettleSeconds }) };
    this.stripeApi = new StripeApi(stripe, () => this.config.get().stripe.apiKeys);
    const esign = { ...shared, baseUrl: () => this.url, documents: join(options.stateDir, "documents") };
    this.esignApi = new EsignApi(esign, () => [this.config.get().esign.apiKey]);
    this.deps = { stripe, stripeApi: this.stripeApi, esign, esignApi: this.esignApi };
    this.control = new Control({ store: this.store, clock: this.clock, config: this.config, faults: this.faults, recorder: this.recorder, webhooks: this.webhooks, stripe, stripeApi: this.stripeApi, esign });
  }

  /** Starts deliveries; events of a former process go out first. */
  start(): void {
    this.webhooks.register("stripe", (delivery) => {
      const { webhookUrl, webhookSecrets } = this.config.get().stripe;
      const event = this.store.get("events", delivery.eventId);
      return webhookUrl && event ? webhookRequest(event, { url: webhookUrl, secrets: webhookSecrets }, this.clock.now()) : undefined;
    });
    this.webhooks.register("esign", (delivery) => {
      const { webhookUrl, apiKey } = this.config.get().esign;
      const event = this.store.get("esign_events", delivery.eventId);
      return webhookUrl && event ? callbackRequest(event, { url: webhookUrl, apiKey }) : undefined;
    });
  }

  /** What happens because time passes. */
  tick(): void {
    this.stripeApi.runDue();
    expireDue(this.deps.esign);
    this.store.commit();
    this.webhooks.kick();
  }

  close(): void {
    this.webhooks.close();
    this.store.close();
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://sandbox");
    const method = request.method ?? "GET";
    const body = await readBody(request);
    const query = url.search.slice(1);
    if (url.pathname.startsWith("/_sandbox")) {
      const path = url.pathname.split("/").slice(2).map(decodeURIComponent);
      const parsed = body.length > 0 ? (JSON.parse(body.toString("utf8")) as Record<string, unknown>) : {};
      const result = await this.control.handle({ method, path, query: url.searchParams, body: parsed });
      this.send(response, { status: result.status, headers: { "content-type": "application/json" }, body: JSON.stringify(result.body) });
    } else if (url.pathname.startsWith("/v1/")) {
      const call = { method, path: url.pathname, query, body: body.toString("utf8"), headers: request.headers };
      const read = this.stripeApi.read(call);
      const record = this.recording("stripe", method, url.pathname, read.params, request, read.key, read.lbgId);
      await this.faulty(response, { provider: "stripe", method, path: url.pathname, lbgId: read.lbgId }, record, () => this.stripeApi.handle(call, read), (status, text) => this.stripeApi.remember(call, read, status, text));
    } else if (url.pathname.startsWith("/v3/")) {
      const call = { method, path: url.pathname, query, body, headers: request.headers };
      const read = this.esignApi.read(call);
      const record = this.recording("esign", method, url.pathname, read.params, request, request.headers.authorization ? "basic" : "none", read.lbgId);
      await this.faulty(response, { provider: "esign", method, path: url.pathname, lbgId: read.lbgId }, record, () => this.esignApi.handle(call, read));
    } else {
      const page = answerPage(this.deps, method, url.pathname, body.toString("utf8"));
      this.webhooks.kick();
      this.send(response, "pdf" in page ? { status: 200, headers: { "content-type": "application/pdf" }, body: page.pdf } : page);
    }
  }

  private recording(provider: "stripe" | "esign", method: string, path: string, params: RecordedRequest["params"], request: IncomingMessage, key: RecordedRequest["key"], lbgId?: string): RecordedRequest {
    const id = `rec_${this.store.next("recorded")}`;
    return { id, at: this.clock.now(), provider, method, path, params, headers: keptHeaders(request.headers), key, status: 0, replayed: false, ...(lbgId ? { lbgId } : {}) };
  }

  /** Executes a provider call under the switches that hit it. */
  private async faulty(
    response: ServerResponse,
    facts: CallFacts,
    record: RecordedRequest,
    execute: () => Answer & { replayed?: boolean },
    remember: (status: number, body: string) => void = () => undefined,
  ): Promise<void> {
    const started = Date.now();
    const delay = this.faults.takeForCall(["delay"], facts);
    if (delay) await pause(delay.delayMs);
    const fault = this.faults.takeForCall(["error", "timeout", "disconnect"], facts);
    const answer = fault?.when === "before" ? undefined : execute();
    this.store.commit();
    this.webhooks.kick();
    this.recorder.add({ ...record, status: fault ? (fault.kind === "error" ? fault.status : 0) : (answer?.status ?? 0), replayed: answer?.replayed ?? false });
    this.log("request", { provider: facts.provider, method: facts.method, path: facts.path, status: answer?.status ?? 0, fault: fault?.kind ?? null, ms: Date.now() - started });
    if (fault?.kind === "error") {
      const type = fault.status === 429 ? "invalid_request_error" : "api_error";
      const body = facts.provider === "stripe" ? { error: { type, message: "The sandbox was told to fail.", ...(fault.status === 429 ? { code: "rate_limit" } : {}) } } : { error: { error_msg: "The sandbox was told to fail.", error_name: "unknown" } };
      const text = JSON.stringify(body);
      if (fault.sticky) remember(fault.status, text);
      this.send(response, { status: fault.status, headers: { "content-type": "application/json" }, body: text });
    } else if (fault?.kind === "timeout") {
      setTimeout(() => response.destroy(), fault.delayMs).unref();
    } else if (fault?.kind === "disconnect" || !answer) {
      response.destroy();
    } else this.send(response, answer);
  }

  private send(response: ServerResponse, answer: Answer): void {
    if (response.destroyed) return;
    const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
    response.writeHead(answer.status, { ...answer.headers, "content-length": String(body.length) });
    response.end(body);
  }

  fail(response: ServerResponse, error: unknown): void {
    this.log("request failed", { error: error instanceof Error ? error.name : "unknown" });
    if (!response.headersSent) this.send(response, { status: 400, headers: { "content-type": "application/json" }, body: JSON.stringify({ error: { type: "invalid_request_error", message: "The request could not be read." } }) });
    else response.destroy();
  }
}

/** Starts the sandbox; resolves when it listens. State found in `stateDir` continues. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const server = new Server(options);
  const host = options.host ?? "127.0.0.1";
  const http = createServer((request, response) => {
    server.handle(request, response).catch((error: unknown) => server.fail(response, error));
  });
  // Longer than clients keep idle connections, so that none is closed under a request.
  http.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(options.port, host, resolve);
  });
  const listening = `http://${host}:${(http.address() as AddressInfo).port}`;
  server.url = options.publicUrl ?? listening;
  server.start();
  const timer = setInterval(() => server.tick(), TICK_MS);
  return {
    url: listening,
    close: async () => {
      clearInterval(timer);
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
      server.close();
    },
  };
}
