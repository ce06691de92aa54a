/** Checks and coerces a call's parameters against the table exported from Stripe's typed contract (`params.json`). */
import { readFileSync } from "node:fs";
import type { Param, Params } from "../form.js";
import { mapOf } from "../form.js";
import { invalid } from "./errors.js";

type Table = Record<string, Record<string, string>>;

const TABLE = JSON.parse(readFileSync(new URL("./params.json", import.meta.url), "utf8")) as Table;

/** Sent by browsers beside the documented parameters. */
const CLIENT_PARAMS = new Set(["client_secret", "key", "_stripe_version", "_stripe_account", "expected_payment_method_type", "client_attribution_metadata"]);

function fits(kind: string, value: Param): boolean {
  if (kind.startsWith("enum:")) return typeof value === "string" && kind.slice(5).split("|").includes(value);
  switch (kind) {
    case "int":
      return typeof value === "string" && /^-?\d+$/.test(value);
    case "bool":
      return value === "true" || value === "false";
    case "str":
      return typeof value === "string" && value !== "";
    case "list":
      return Array.isArray(value);
    default:
      return typeof value === "object" && !Array.isArray(value);
  }
}

function complain(name: string, kinds: string[], value: Param): Error {
  const shown = typeof value === "string" ? value : "[…]";
  if (value === "") {
    return invalid(`You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; however '${name}' cannot be unset.`, { code: "parameter_invalid_empty", param: name });
  }
  if (kinds.includes("int")) return invalid(`Invalid integer: ${shown}`, { code: "parameter_invalid_integer", param: name });
  if (kinds.includes("bool")) return invalid(`Invalid boolean: ${shown}`, { param: name });
  const values = kinds.find((kind) => kind.startsWith("enum:") && kind !== "enum:");
  if (values) return invalid(`Invalid ${name}: must be one of ${values.slice(5).split("|").join(", ")}`, { param: name });
  return invalid(`Invalid ${kinds.includes("list") ? "array" : "hash"}`, { param: name });
}

/** Refuses unknown, missing and mistyped parameters. `route` is `POST /v1/refunds` with `{}` for placeholders. */
export function checkParams(route: string, params: Params, publishable: boolean): void {
  const spec = TABLE[route];
  if (!spec) throw invalid(`The sandbox has no parameter table for ${route}`);
  for (const [name, value] of Object.entries(params)) {
    const kinds = spec[name]?.replace(/!$/, "").split(" or ");
    if (!kinds) {
      if (publishable && CLIENT_PARAMS.has(name)) continue;
      throw invalid(`Received unknown parameter: ${name}`, { code: "parameter_unknown", param: name });
    }
    if (!kinds.some((kind) => fits(kind, value))) throw complain(name, kinds, value);
  }
  for (const [name, kind] of Object.entries(spec)) {
    if (kind.endsWith("!") && params[name] === undefined) throw invalid(`Missing required param: ${name}.`, { code: "parameter_missing", param: name });
  }
}

export function text(params: Params, name: string): string | undefined {
  const value = params[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function flag(params: Params, name: string): boolean | undefined {
  const value = params[name];
  return value === "true" ? true : value === "false" ? false : undefined;
}

/** A whole number; nested ones are not covered by the table and are checked here. */
export function integer(params: Params, name: string): number | undefined {
  const value = params[name];
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string" || !/^-?\d+$/.test(value)) throw invalid(`Invalid integer: ${name}`, { code: "parameter_invalid_integer", param: name });
  return Number(value);
}

/** An amount of money in cents, at least 1. */
export function amountOf(params: Params, name: string): number | undefined {
  const value = integer(params, name);
  if (value !== undefined && value < 1) throw invalid("This value must be greater than or equal to 1.", { code: "parameter_invalid_integer", param: name });
  return value;
}

export function strings(params: Params, name: string): string[] | undefined {
  const value = params[name];
  return Array.isArray(value) ? value.filter((v): v is string => typeof v === "string") : undefined;
}

/** Metadata after an update: sent keys replace, empty values unset, an empty string for the whole unsets all. */
export function mergedMetadata(current: Record<string, string>, sent: Param | undefined): Record<string, string> {
  if (sent === undefined) return current;
  if (sent === "") return {};
  const merged = { ...current };
  for (const [key, value] of Object.entries(mapOf(sent))) {
    if (typeof value !== "string") throw invalid("Metadata values must be strings", { param: `metadata[${key}]` });
    if (value === "") delete merged[key];
    else merged[key] = value;
  }
  if (Object.keys(merged).length > 50) throw invalid("You can have up to 50 metadata keys on an object.", { param: "metadata" });
  return merged;
}
