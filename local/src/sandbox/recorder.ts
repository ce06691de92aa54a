/** Keeps every provider request the sandbox received, decoded, for the contract checks in `tests/contracts`. */
import { appendFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import type { Params } from "./form.js";

export interface RecordedRequest {
  id: string;
  at: number;
  provider: "stripe" | "esign";
  method: string;
  path: string;
  /** Body and query parameters, bracket-decoded; every leaf is the text that was sent. Files appear as `<file:bytes>`. */
  params: Params;
  headers: Record<string, string>;
  /** Which kind of credential was sent; the credential itself is never kept. */
  key: "secret" | "publishable" | "basic" | "none";
  status: number;
  replayed: boolean;
  lbgId?: string;
}

const KEPT_HEADERS = ["stripe-version", "idempotency-key", "stripe-account", "content-type", "user-agent"];
const KEPT_IN_MEMORY = 50_000;

export function keptHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = headers[name];
    if (typeof value === "string") kept[name] = name === "content-type" ? (value.split(";")[0] ?? value) : value;
  }
  return kept;
}

export class Recorder {
  private requests: RecordedRequest[] = [];

  constructor(private readonly file: string) {
    if (!existsSync(file)) return;
    const text = readFileSync(file, "utf8");
    for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
      if (line) this.requests.push(JSON.parse(line) as RecordedRequest);
    }
  }

  add(request: RecordedRequest): void {
    this.requests.push(request);
    if (this.requests.length > KEPT_IN_MEMORY) this.requests = this.requests.slice(-KEPT_IN_MEMORY / 2);
    appendFileSync(this.file, JSON.stringify(request) + "\n");
  }

  find(filter: { provider?: string; method?: string; path?: string; lbgId?: string }): RecordedRequest[] {
    return this.requests.filter(
      (r) =>
        (!filter.provider || r.provider === filter.provider) &&
        (!filter.method || r.method === filter.method.toUpperCase()) &&
        (!filter.path || r.path.startsWith(filter.path)) &&
        (!filter.lbgId || r.lbgId === filter.lbgId),
    );
  }

  clear(): void {
    this.requests = [];
    rmSync(this.file, { force: true });
  }
}
