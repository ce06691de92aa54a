// AppSync's real-time protocol over WebSocket: connection_init, start, data, stop, keep-alives and errors.

import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import type { Authenticator } from "../auth/authenticate.js";
import { FieldError, RequestRefused } from "../errors.js";
import type { Executor } from "../execution/execute.js";
import type { Log } from "../log.js";
import type { AppSyncError } from "../model.js";
import { inputTooLarge, type QueryLimits } from "../schema/limits.js";
import { flatHeaders, requestOf } from "./http.js";
import type { Subscriptions } from "./subscriptions.js";

export interface RealtimeParts {
  authenticator: Authenticator;
  executor: Executor;
  subscriptions: Subscriptions;
  limits: QueryLimits;
  log: Log;
  /** A client that hears nothing for this long takes the connection for dead. */
  connectionTimeoutMs: number;
  keepAliveMs: number;
}

/** AppSync's quota of subscriptions on one connection. */
const MAX_SUBSCRIPTIONS = 100;
const PATHS = new Set(["/graphql/realtime", "/graphql"]);
const PROTOCOL = "graphql-ws";

/** Serves real-time connections on an HTTP server; gives the function that ends them all. */
export function serveRealtime(server: Server, parts: RealtimeParts): () => void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: parts.limits.maxBodyBytes * 2,
    handleProtocols: () => PROTOCOL,
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const path = (request.url ?? "/").split("?")[0] ?? "";
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!PATHS.has(path) || !offered.includes(PROTOCOL)) {
      socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => new Connection(parts, webSocket, request, offered).start());
  });
  return () => {
    for (const webSocket of sockets.clients) webSocket.terminate();
    sockets.close();
  };
}

interface ClientMessage {
  type?: unknown;
  id?: unknown;
  payload?: { data?: unknown; extensions?: { authorization?: Record<string, unknown> } };
}

class Connection {
  private readonly id = randomUUID();
  private readonly running = new Map<string, () => void>();
  private readonly sourceIp: string;
  private ready = false;
  private keepAlive: NodeJS.Timeout | undefined;

  constructor(
    private readonly parts: RealtimeParts,
    private readonly socket: WebSocket,
    private readonly request: IncomingMessage,
    private readonly offered: readonly string[],
  ) {
    this.sourceIp = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  }

  start(): void {
    this.socket.on("message", (data: Buffer) => {
      this.receive(data).catch((cause: unknown) => {
        this.parts.log("error", "real-time message failed", { connection: this.id, cause: nameOf(cause) });
        this.socket.close(1011);
      });
    });
    this.socket.on("close", () => this.end());
    this.socket.on("error", () => this.socket.terminate());
  }

  private async receive(data: Buffer): Promise<void> {
    const message = parseMessage(data);
    const id = typeof message?.id === "string" ? message.id : undefined;
    switch (message?.type) {
      case "connection_init":
        return this.initialise();
      case "start":
        return this.subscribe(id, message.payload);
      case "stop":
        return this.stop(id);
      case "ping":
        return this.send({ type: "pong" });
      default: {
        const errorType = "UnsupportedOperation";
        const error = { errorType, message: "This message is not supported through the realtime channel." };
        return this.send({ type: "error", ...(id === undefined ? {} : { id }), payload: { errors: [error] } });
      }
    }
  }

  private async initialise(): Promise<void> {
    const { connectionTimeoutMs, keepAliveMs, log } = this.parts;
    try {
      const { header, body } = this.handshake();
      const { mode } = await this.parts.authenticator.authenticate(
        { method: "POST", target: "/graphql/connect", headers: header, body },
        this.sourceIp,
      );
      this.ready = true;
      this.send({ type: "connection_ack", payload: { connectionTimeoutMs } });
      this.send({ type: "ka" });
      this.keepAlive = setInterval(() => this.send({ type: "ka" }), keepAliveMs);
      log("info", "real-time connection opened", { connection: this.id, mode });
    } catch (cause) {
      if (!(cause instanceof RequestRefused)) throw cause;
      const { errorType, message, status } = cause;
      this.send({ type: "connection_error", payload: { errors: [{ errorType, errorCode: status, message }] } });
      log("info", "real-time connection refused", { connection: this.id, errorTypes: [errorType] });
      this.socket.close(1000);
    }
  }

  /** Credentials come as a subprotocol `header-<base64url>` or as `?header=<base64>`; the signed body as `?payload=`. */
  private handshake(): { header: Record<string, string>; body: Buffer } {
    const query = new URL(this.request.url ?? "/", "http://localhost").searchParams;
    const encoded = this.offered.find((name) => name.startsWith("header-"))?.slice("header-".length) ?? query.get("header");
    const payload = query.get("payload");
    const body = payload === null ? Buffer.from("{}") : Buffer.from(payload, "base64");
    if (encoded === null) return { header: {}, body };
    try {
      // Node decodes the URL-safe alphabet under the same name.
      return { header: lowerCased(JSON.parse(Buffer.from(encoded, "base64").toString("utf8"))), body };
    } catch {
      throw new RequestRefused(400, "BadRequestException", "The connection header is not base64-encoded JSON.");
    }
  }

  private async subscribe(id: string | undefined, payload: ClientMessage["payload"]): Promise<void> {
    const { authenticator, executor, subscriptions, limits, log } = this.parts;
    const requestId = randomUUID();
    try {
      if (!this.ready || id === undefined) throw refused(400, "BadRequestException", "Send connection_init first, and an id.");
      if (this.running.has(id)) throw refused(400, "DuplicatedOperationError", "Duplicate subscription id.");
      if (this.running.size >= MAX_SUBSCRIPTIONS) {
        throw refused(429, "LimitExceededError", `Max number of ${MAX_SUBSCRIPTIONS} subscriptions reached.`);
      }
      const data = typeof payload?.data === "string" ? payload.data : "";
      if (Buffer.byteLength(data) > limits.maxBodyBytes) throw inputTooLarge(limits, requestId);
      const headers = lowerCased(payload?.extensions?.authorization ?? {});
      const signed = { method: "POST", target: "/graphql", headers, body: Buffer.from(data) };
      // Taken before anything is awaited, so that a second start of the same id is seen as one.
      this.running.set(id, () => undefined);
      const caller = await authenticator.authenticate(signed, this.sourceIp);
      const prepared = executor.prepare(requestOf(parseJson(data)), requestId);
      if ("errors" in prepared) return this.fail(id, prepared.errors);
      if (prepared.operation.operation !== "subscription") {
        throw refused(400, "UnsupportedOperation", "Only subscriptions are served by the real-time endpoint.");
      }
      const context = { caller, headers: { ...flatHeaders(this.request), ...headers, "x-amzn-requestid": requestId }, requestId };
      const { field, args } = await executor.authorizeSubscription(prepared, context);
      // Stopped, or closed, while the resolver was asked.
      if (!this.running.has(id)) return;
      const send = (response: object): void => this.send({ id, type: "data", payload: response });
      this.running.set(id, subscriptions.add({ prepared, caller, field, args, send }));
      this.send({ id, type: "start_ack" });
      log("info", "subscription started", { connection: this.id, requestId, fields: [field], mode: caller.mode });
    } catch (cause) {
      const error = subscriptionError(cause);
      if (!error) throw cause;
      if (error.errorType === "DuplicatedOperationError") return this.send({ id, type: "error", payload: { errors: [error] } });
      this.fail(id, [error]);
    }
  }

  private fail(id: string | undefined, errors: AppSyncError[]): void {
    if (id !== undefined) this.running.delete(id);
    this.send({ ...(id === undefined ? {} : { id }), type: "error", payload: { errors } });
    const errorTypes = errors.map(({ errorType }) => errorType ?? "ValidationError");
    this.parts.log("info", "subscription refused", { connection: this.id, errorTypes });
  }

  private stop(id: string | undefined): void {
    const end = id === undefined ? undefined : this.running.get(id);
    if (id === undefined || !end) return;
    end();
    this.running.delete(id);
    this.send({ id, type: "complete" });
  }

  private end(): void {
    clearInterval(this.keepAlive);
    for (const end of this.running.values()) end();
    this.running.clear();
  }

  private send(message: object): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(message));
  }
}

function refused(status: number, errorType: string, message: string): RequestRefused {
  return new RequestRefused(status, errorType, message);
}

function subscriptionError(cause: unknown): AppSyncError | undefined {
  if (!(cause instanceof RequestRefused) && !(cause instanceof FieldError)) return undefined;
  const { errorType, message, errorInfo } = cause;
  return { errorType, message, ...(errorInfo === undefined || errorInfo === null ? {} : { errorInfo }) };
}

function parseMessage(data: Buffer): ClientMessage | undefined {
  const parsed = parseJson(data.toString("utf8"));
  return typeof parsed === "object" && parsed !== null ? parsed : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lowerCased(headers: unknown): Record<string, string> {
  const entries = typeof headers === "object" && headers !== null ? Object.entries(headers) : [];
  return Object.fromEntries(entries.filter(([, value]) => typeof value === "string").map(([name, value]) => [name.toLowerCase(), value as string]));
}

function nameOf(cause: unknown): string {
  return cause instanceof Error ? cause.name : typeof cause;
}
