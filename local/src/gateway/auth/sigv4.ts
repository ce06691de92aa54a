// Verifies AWS Signature Version 4 of a request to the API. Policies of the caller are not evaluated here.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { unauthorized, RequestRefused } from "../errors.js";
import type { Caller, Clock } from "../model.js";

/** Credentials the local cloud hands out. */
export interface IamCredential {
  accessKeyId: string;
  secretAccessKey: string;
  accountId: string;
  userArn: string;
}

export interface SignedRequest {
  method: string;
  /** Path with query, as sent. */
  target: string;
  headers: Record<string, string>;
  body: Buffer;
}

/** A signature is taken for this long on either side of its date. */
const SKEW_MS = 5 * 60 * 1000;

export function verifySigV4(
  request: SignedRequest,
  credentials: readonly IamCredential[],
  sourceIp: string,
  clock: Clock,
): Caller {
  const header = request.headers["authorization"] ?? "";
  const match = /^AWS4-HMAC-SHA256 +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$/.exec(header);
  const [accessKeyId, date, region, service, terminator] = match?.[1]?.split("/") ?? [];
  const amzDate = request.headers["x-amz-date"] ?? "";
  if (!match || !accessKeyId || !date || !region || !service || terminator !== "aws4_request") {
    throw new RequestRefused(403, "IncompleteSignatureException", "Authorization header requires a complete signature.");
  }
  const credential = credentials.find((candidate) => candidate.accessKeyId === accessKeyId);
  if (!credential) {
    throw new RequestRefused(403, "UnrecognizedClientException", "The security token included in the request is invalid.");
  }
  const signedAt = Date.parse(amzDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (service !== "appsync" || !amzDate.startsWith(date) || !(Math.abs(clock() - signedAt) <= SKEW_MS)) {
    throw new RequestRefused(403, "InvalidSignatureException", "Signature expired or not made for this service.");
  }
  const signedHeaders = match[2] ?? "";
  if (!signedHeaders.split(";").includes("host")) throw unauthorized();
  const scope = `${date}/${region}/${service}/aws4_request`;
  const stringToSign = ["AWS4-HMAC-SHA256", amzDate, scope, sha256(canonicalRequest(request, signedHeaders))].join("\n");
  const key = [date, region, service, "aws4_request"].reduce<Buffer | string>(
    (secret, part) => createHmac("sha256", secret).update(part).digest(),
    `AWS4${credential.secretAccessKey}`,
  );
  const expected = createHmac("sha256", key).update(stringToSign).digest();
  if (!timingSafeEqual(expected, Buffer.from(match[3] ?? "", "hex"))) {
    throw new RequestRefused(
      403,
      "InvalidSignatureException",
      "The request signature we calculated does not match the signature you provided.",
    );
  }
  return {
    mode: "AWS_IAM",
    groups: [],
    identity: {
      accountId: credential.accountId,
      cognitoIdentityAuthProvider: null,
      cognitoIdentityAuthType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      sourceIp: [sourceIp],
      userArn: credential.userArn,
      username: credential.accessKeyId,
    },
  };
}

function canonicalRequest({ method, target, headers, body }: SignedRequest, signedHeaders: string): string {
  const url = new URL(target, "http://localhost");
  const path = url.pathname.split("/").map((part) => encode(part)).join("/");
  const query = [...url.searchParams]
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const canonicalHeaders = signedHeaders
    .split(";")
    .map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`)
    .join("");
  return [method, path, query, canonicalHeaders, signedHeaders, sha256(body)].join("\n");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
