// AppSync's own scalars, checked in both directions. Formats follow the AppSync developer guide, "Scalar types in GraphQL".

import { isIP } from "node:net";
import { GraphQLScalarType, Kind, valueFromASTUntyped } from "graphql";

/** A value a resolver gave that its scalar cannot print. */
export class SerializeError extends Error {}

const OFFSET = String.raw`(?:Z|[+-](?:0\d|1[0-8]):[0-5]\d(?::[0-5]\d)?)`;
const CLOCK = String.raw`(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?`;
const DATE = new RegExp(`^(\\d{4})-(\\d{2})-(\\d{2})${OFFSET}?$`);
const TIME = new RegExp(`^${CLOCK}${OFFSET}?$`);
const DATE_TIME = new RegExp(`^(\\d{4})-(\\d{2})-(\\d{2})T${CLOCK}${OFFSET}$`);
const EMAIL = /^[^\s@"(),:;<>[\\\]]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;
/** North American numbers: neither area nor exchange code starts with 0 or 1. */
const PHONE_US = /^(?:1)?[2-9]\d{2}[2-9]\d{6}$/;
const PHONE_INTERNATIONAL = /^\+[1-9]\d{6,14}$/;

function isCalendarDay(match: RegExpExecArray | null): boolean {
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isUrl(text: string): boolean {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text) || /\s/.test(text) || !URL.canParse(text)) return false;
  return !new URL(text).pathname.includes("//");
}

function isPhone(text: string): boolean {
  const digits = text.replace(/[\s().-]/g, "");
  return PHONE_US.test(digits) || PHONE_INTERNATIONAL.test(digits);
}

function isIpAddress(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

/** A scalar carried as text and passed on unchanged once it has the right form. */
function textScalar(name: string, described: string, isValid: (text: string) => boolean): GraphQLScalarType {
  const parse = (value: unknown): string => {
    if (typeof value === "string" && isValid(value)) return value;
    throw new Error(`Unable to parse \`${printed(value)}\` as a valid ${described}.`);
  };
  return new GraphQLScalarType({
    name,
    parseValue: parse,
    parseLiteral: (node) => {
      if (node.kind !== Kind.STRING) throw new Error(`Expected a string for ${name}.`);
      return parse(node.value);
    },
    serialize: (value) => {
      if (typeof value === "string" && isValid(value)) return value;
      throw new SerializeError(`Unable to serialize \`${printed(value)}\` as a valid ${described}.`);
    },
  });
}

function printed(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

const awsTimestamp = new GraphQLScalarType({
  name: "AWSTimestamp",
  parseValue: timestamp((value) => new Error(`Unable to parse \`${value}\` as a valid timestamp.`)),
  parseLiteral: (node) => {
    if (node.kind !== Kind.INT) throw new Error("Expected an integer for AWSTimestamp.");
    return timestamp((value) => new Error(`Unable to parse \`${value}\` as a valid timestamp.`))(Number(node.value));
  },
  serialize: timestamp((value) => new SerializeError(`Unable to serialize \`${value}\` as a valid timestamp.`)),
});

function timestamp(refusal: (value: string) => Error): (value: unknown) => number {
  return (value) => {
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    throw refusal(printed(value));
  };
}

/** JSON text to the client; a parsed value to the resolver. */
const awsJson = new GraphQLScalarType({
  name: "AWSJSON",
  parseValue: parseJson,
  parseLiteral: (node) => parseJson(valueFromASTUntyped(node)),
  serialize: (value) => JSON.stringify(value),
});

function parseJson(value: unknown): unknown {
  if (typeof value === "string") {
    try {
      return JSON.parse(value) as unknown;
    } catch {
      // refused below, with the words for every other wrong value
    }
  }
  throw new Error(`Unable to parse \`${printed(value)}\` as a valid JSON.`);
}

export const APPSYNC_SCALARS: readonly GraphQLScalarType[] = [
  textScalar("AWSDate", "date", (text) => isCalendarDay(DATE.exec(text))),
  textScalar("AWSTime", "time", (text) => TIME.test(text)),
  textScalar("AWSDateTime", "DateTime Object", (text) => isCalendarDay(DATE_TIME.exec(text))),
  awsTimestamp,
  textScalar("AWSEmail", "email", (text) => EMAIL.test(text)),
  awsJson,
  textScalar("AWSURL", "URL", isUrl),
  textScalar("AWSPhone", "phone number", isPhone),
  textScalar("AWSIPAddress", "IP address", isIpAddress),
];
