/** Dropbox Sign's request contract, read from the models of its official client; judges recorded requests, sends none. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as models from "@dropbox/sign";

type Value = string | Value[] | { [key: string]: Value };

/** One line of the sandbox's recording. */
export interface RecordedRequest {
  provider: string;
  method: string;
  path: string;
  params: { [key: string]: Value };
  key: string;
}

interface Attribute {
  name: string;
  baseName: string;
  type: string;
}

interface Call {
  method: string;
  pattern: RegExp;
  /** Model of the body, or the parameters of a query. */
  model?: string;
  query?: readonly string[];
}

const REQUEST = "[0-9a-f]{40}";
const CALLS: readonly Call[] = [
  { method: "POST", pattern: /^\/v3\/signature_request\/send$/, model: "SignatureRequestSendRequest" },
  { method: "POST", pattern: /^\/v3\/signature_request\/create_embedded$/, model: "SignatureRequestCreateEmbeddedRequest" },
  { method: "POST", pattern: new RegExp(`^/v3/signature_request/remind/${REQUEST}$`), model: "SignatureRequestRemindRequest" },
  { method: "POST", pattern: new RegExp(`^/v3/signature_request/update/${REQUEST}$`), model: "SignatureRequestUpdateRequest" },
  { method: "POST", pattern: new RegExp(`^/v3/signature_request/cancel/${REQUEST}$`), query: [] },
  { method: "GET", pattern: /^\/v3\/signature_request\/list$/, query: ["account_id", "page", "page_size", "query"] },
  { method: "GET", pattern: new RegExp(`^/v3/signature_request/files/${REQUEST}$`), query: ["file_type"] },
  { method: "GET", pattern: new RegExp(`^/v3/signature_request/${REQUEST}$`), query: [] },
  { method: "GET", pattern: /^\/v3\/embedded\/sign_url\/[0-9a-f]{32}$/, query: ["force"] },
];

/** These need a document and somebody to sign it, which the models cannot say. */
const CREATING = new Set(["SignatureRequestSendRequest", "SignatureRequestCreateEmbeddedRequest"]);

const MODEL_SOURCES = join(dirname(createRequire(import.meta.url).resolve("@dropbox/sign/package.json")), "model");

function attributesOf(model: string): Attribute[] | undefined {
  const type = (models as unknown as Record<string, { getAttributeTypeMap?: () => Attribute[] } | undefined>)[model];
  return type?.getAttributeTypeMap?.();
}

/** Properties the model declares without a question mark. */
function requiredOf(model: string): Set<string> {
  const source = readFileSync(join(MODEL_SOURCES, `${model[0]?.toLowerCase()}${model.slice(1)}.ts`), "utf8");
  const body = source.slice(source.indexOf(`class ${model} `));
  return new Set([...body.matchAll(/^ {2}"(\w+)": /gm)].map((match) => match[1] ?? ""));
}

function scalar(type: string, value: Value): boolean {
  if (typeof value !== "string") return false;
  if (type === "number") return /^-?\d+$/.test(value);
  if (type === "boolean") return ["0", "1", "true", "false"].includes(value);
  return true;
}

function checkValue(type: string, value: Value, where: string): string[] {
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) {
    if (!Array.isArray(value)) return [`${where}: expected a list`];
    return value.flatMap((item, index) => checkValue(list, item, `${where}[${index}]`));
  }
  if (type === "RequestFile") return typeof value === "string" && value.startsWith("<file:") ? [] : [`${where}: expected an uploaded file`];
  if (type.startsWith("{")) return typeof value === "object" && !Array.isArray(value) ? [] : [`${where}: expected a map`];
  if (attributesOf(type)) return checkModel(type, value, where);
  return scalar(type, value) ? [] : [`${where}: expected ${type}`];
}

function checkModel(model: string, value: Value, where: string): string[] {
  if (typeof value !== "object" || Array.isArray(value)) return [`${where}: expected a map`];
  const attributes = attributesOf(model) ?? [];
  const required = requiredOf(model);
  const name = (key: string): string => (where ? `${where}[${key}]` : key);
  const unknown = Object.keys(value)
    .filter((key) => !attributes.some((a) => a.baseName === key))
    .map((key) => `${name(key)}: not in ${model}`);
  const known = attributes.flatMap((a) => {
    const sent = value[a.baseName];
    if (sent !== undefined) return checkValue(a.type, sent, name(a.baseName));
    return required.has(a.name) ? [`${name(a.baseName)}: missing`] : [];
  });
  return [...unknown, ...known];
}

/** What of a recorded request is outside the contract; empty when nothing is. */
export function problemsOf(request: RecordedRequest): string[] {
  const call = CALLS.find((c) => c.method === request.method && c.pattern.test(request.path));
  if (!call) return ["no such call in the contract"];
  const problems = request.key === "basic" ? [] : ["the API key is not sent by basic authentication"];
  if (call.model) {
    problems.push(...checkModel(call.model, request.params, ""));
    if (CREATING.has(call.model)) {
      if (!("files" in request.params) && !("file_urls" in request.params)) problems.push("files: missing");
      if (!("signers" in request.params) && !("grouped_signers" in request.params)) problems.push("signers: missing");
    }
  }
  problems.push(...Object.keys(request.params).filter((key) => call.query && !call.query.includes(key)).map((key) => `${key}: not a parameter of this call`));
  return problems;
}

/** Every distinct violation among recorded lines, and how many calls to the provider there were. */
export function judge(lines: readonly string[]): { checked: number; violations: string[] } {
  const requests = lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as RecordedRequest);
  const ours = requests.filter((request) => request.provider === "esign");
  const violations = ours.flatMap((request) => problemsOf(request).map((problem) => `${request.method} ${request.path.replace(/[0-9a-f]{32,40}/, "{id}")}: ${problem}`));
  return { checked: ours.length, violations: [...new Set(violations)] };
}
