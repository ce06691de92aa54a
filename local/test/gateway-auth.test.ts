// Who may call what: credentials of every auth mode, and the directives on types and fields.

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { generateKeyPair } from "jose";
import type { Gateway } from "../src/gateway/index.js";
import {
  API_KEY,
  buyerClaims,
  createSigner,
  fakeLambda,
  field,
  OIDC_ISSUER,
  post,
  startTestGateway,
  testWiring,
  type FakeLambda,
  type Signer,
} from "./gateway-support.js";

const SDL = `
  type Query {
    open: Thing
    forStaff: String @aws_cognito_user_pools(cognito_groups: ["admin", "support"])
    byKey: Thing @aws_api_key
    byMachine: String @aws_iam
    byOidc: String @aws_oidc
    either: Either
  }
  type Thing @aws_cognito_user_pools @aws_api_key {
    name: String
    secret: String @aws_cognito_user_pools(cognito_groups: ["admin"])
  }
  type Either @aws_iam { name: String }
`;

const NAMES = ["open", "forStaff", "byKey", "byMachine", "byOidc", "either"];

describe("gateway authorisation", () => {
  let signer: Signer;
  let gateway: Gateway;
  let lambda: FakeLambda;

  before(async () => {
    signer = await createSigner();
    lambda = fakeLambda({
      any: ({ info }: { info: { fieldName: string } }) => ({
        data: ["open", "byKey", "either"].includes(info.fieldName) ? { name: "a name", secret: "hidden" } : "seen",
      }),
    });
    gateway = await startTestGateway(signer, {
      wiring: testWiring({ sdl: SDL, fields: NAMES.map((name) => field(`Query.${name}`, "any")) }),
      invoker: lambda,
    });
  });
  after(() => gateway.close());

  const bearer = async (claims?: Record<string, unknown>, options?: Parameters<Signer["token"]>[1]) => ({
    authorization: await signer.token(claims, options),
  });

  it("a_request_without_credentials_is_refused_with_401", async () => {
    const { status, body } = await post(gateway, {}, "{ forStaff }");
    assert.equal(status, 401);
    assert.deepEqual(body, {
      errors: [{ errorType: "UnauthorizedException", message: "Valid authorization header not provided." }],
    });
  });

  it("a_token_is_refused_when_expired_foreign_of_another_client_or_badly_signed", async () => {
    const { privateKey } = await generateKeyPair("RS256");
    const refused: Array<[string, Record<string, string>, string]> = [
      ["expired", await bearer({}, { expiresInSeconds: -10 }), "Token has expired."],
      ["another pool", await bearer({}, { issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other" }), "You are not authorized to make this call."],
      ["another client", await bearer({ client_id: "someone-else" }), "You are not authorized to make this call."],
      ["another key", await bearer({}, { key: privateKey }), "You are not authorized to make this call."],
      ["refresh token", await bearer({ token_use: "refresh" }), "You are not authorized to make this call."],
      ["not a token", { authorization: "abc" }, "Unable to parse JWT token."],
      ["unknown key", { "x-api-key": "da2-unknown" }, "You are not authorized to make this call."],
    ];
    for (const [name, headers, message] of refused) {
      const { status, body } = await post(gateway, headers, "{ open { name } }");
      assert.equal(status, 401, name);
      assert.deepEqual(body, { errors: [{ errorType: "UnauthorizedException", message }] }, name);
    }
  });

  it("an_expired_api_key_is_refused", async () => {
    const past = await startTestGateway(signer, {
      wiring: testWiring({ sdl: SDL, apiKeys: [{ id: API_KEY, expires: 1 }] }),
      invoker: lambda,
    });
    const { status } = await post(past, { "x-api-key": API_KEY }, "{ byKey { name } }");
    await past.close();
    assert.equal(status, 401);
  });

  it("a_group_directive_admits_members_only_and_names_the_field_to_others", async () => {
    const query = "{ forStaff }";
    const member = await post(gateway, await bearer({ "cognito:groups": ["support"] }), query);
    assert.deepEqual(member.body, { data: { forStaff: "seen" } });
    const other = await post(gateway, await bearer(buyerClaims()), query);
    assert.equal(other.status, 200);
    assert.deepEqual(other.body, {
      data: { forStaff: null },
      errors: [
        {
          path: ["forStaff"],
          data: null,
          errorType: "Unauthorized",
          errorInfo: null,
          locations: [{ line: 1, column: 3, sourceName: null }],
          message: "Not Authorized to access forStaff on type Query",
        },
      ],
    });
  });

  it("a_refused_field_never_reaches_its_lambda", async () => {
    lambda.calls.length = 0;
    await post(gateway, await bearer(buyerClaims()), "{ forStaff byMachine byOidc }");
    assert.deepEqual(lambda.calls, []);
  });

  it("a_field_directive_replaces_the_type_directive", async () => {
    const query = "{ open { name secret } }";
    const buyer = await post(gateway, await bearer(buyerClaims()), query);
    assert.deepEqual(buyer.body.data, { open: { name: "a name", secret: null } });
    assert.equal(buyer.body.errors?.[0]?.["message"], "Not Authorized to access secret on type Thing");
    const admin = await post(gateway, await bearer({ "cognito:groups": ["admin"] }), query);
    assert.deepEqual(admin.body, { data: { open: { name: "a name", secret: "hidden" } } });
  });

  it("the_directives_of_a_returned_type_hold_for_its_fields", async () => {
    const { body } = await post(gateway, await bearer(), "{ either { name } }");
    assert.deepEqual(body.data, { either: { name: null } });
    assert.equal(body.errors?.[0]?.["message"], "Not Authorized to access name on type Either");
  });

  it("without_a_directive_only_the_default_mode_is_admitted", async () => {
    const { body } = await post(gateway, { "x-api-key": API_KEY }, "{ open { name } byKey { name } }");
    assert.deepEqual(body.data, { open: null, byKey: { name: "a name" } });
  });

  it("an_oidc_token_is_its_own_mode", async () => {
    const { body } = await post(gateway, await bearer({ aud: "admin" }, { issuer: OIDC_ISSUER }), "{ byOidc forStaff }");
    assert.deepEqual(body.data, { byOidc: "seen", forStaff: null });
  });

  it("an_iam_request_is_admitted_only_with_a_true_signature_over_this_body", async () => {
    const body = JSON.stringify({ query: "{ byMachine }" });
    const signed = sign(gateway.httpUrl, body, "test", "test");
    const send = async (headers: Record<string, string>, sent = body) => {
      const response = await fetch(gateway.httpUrl, { method: "POST", headers, body: sent });
      return { status: response.status, answer: (await response.json()) as { data?: unknown; errors?: Array<{ errorType: string }> } };
    };
    assert.deepEqual(await send(signed), { status: 200, answer: { data: { byMachine: "seen" } } });
    const cases: Array<[string, Record<string, string>, string, string]> = [
      ["another body", signed, JSON.stringify({ query: "{ forStaff }" }), "InvalidSignatureException"],
      ["another secret", sign(gateway.httpUrl, body, "test", "wrong"), body, "InvalidSignatureException"],
      ["unknown key", sign(gateway.httpUrl, body, "AKIAUNKNOWN", "test"), body, "UnrecognizedClientException"],
      ["old", sign(gateway.httpUrl, body, "test", "test", Date.now() - 3_600_000), body, "InvalidSignatureException"],
    ];
    for (const [name, headers, sent, errorType] of cases) {
      const { status, answer } = await send(headers, sent);
      assert.equal(status, 403, name);
      assert.equal(answer.errors?.[0]?.errorType, errorType, name);
    }
  });

  it("the_identity_a_lambda_sees_is_that_of_the_mode", async () => {
    const identityOf = async (headers: Record<string, string>, query: string): Promise<Record<string, unknown>> => {
      lambda.calls.length = 0;
      await post(gateway, headers, query);
      return (lambda.calls[0]?.payload as { identity: Record<string, unknown> }).identity;
    };
    const cognito = await identityOf(await bearer(buyerClaims()), "{ open { name } }");
    assert.deepEqual(
      { ...cognito, claims: (cognito["claims"] as Record<string, unknown>)["client_id"] },
      {
        claims: "rastup-web",
        defaultAuthStrategy: "ALLOW",
        groups: ["buyer"],
        issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Test00001",
        sourceIp: ["127.0.0.1"],
        sub: "11111111-2222-3333-4444-555555555555",
        username: "ada",
      },
    );
    assert.equal(await identityOf({ "x-api-key": API_KEY }, "{ byKey { name } }"), null);
    const oidc = await identityOf(await bearer({ aud: "admin" }, { issuer: OIDC_ISSUER }), "{ byOidc }");
    assert.deepEqual(Object.keys(oidc).sort(), ["claims", "issuer", "sub"]);
  });
});

/** SigV4 by the book, apart from the code under test. */
function sign(url: string, body: string, accessKeyId: string, secret: string, now = Date.now()): Record<string, string> {
  const date = new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, "");
  const day = date.slice(0, 8);
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
  const { host, pathname } = new URL(url);
  const canonical = `POST\n${pathname}\n\nhost:${host}\nx-amz-date:${date}\n\nhost;x-amz-date\n${hash(body)}`;
  const scope = `${day}/us-east-1/appsync/aws4_request`;
  let key: Buffer | string = `AWS4${secret}`;
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  const signature = createHmac("sha256", key).update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash(canonical)}`).digest("hex");
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    "x-amz-date": date,
    "content-type": "application/json",
  };
}
