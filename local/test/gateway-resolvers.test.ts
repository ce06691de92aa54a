// How a field reaches its Lambda: the direct-resolver event, APPSYNC_JS code, batches, and what failures look like.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Gateway } from "../src/gateway/index.js";
import {
  buyerClaims,
  createSigner,
  fakeLambda,
  field,
  post,
  startTestGateway,
  testWiring,
  type Answer,
  type FakeLambda,
  type Signer,
} from "./gateway-support.js";

const SDL = `
  type Query { thing(id: ID!, limit: Int = 3): Thing direct: String failing: String slow: String early: String noted: String denied: String things: [Thing!] }
  type Mutation { first: String second: String }
  type Thing { id: ID! name: String owner: Owner parts: [Part!] label: String }
  type Owner { id: ID! name: String }
  type Part { id: ID! size: Int }
`;

const EARLY = `
  import { runtime, util } from '@aws-appsync/utils';
  export function request(ctx) { return runtime.earlyReturn('early ' + ctx.info.fieldName); }
  export function response(ctx) { util.error('never reached'); }
`;
const NOTED = `
  import { util } from '@aws-appsync/utils';
  export function request(ctx) { ctx.stash.seen = 1; return { operation: 'Invoke', payload: { id: util.autoId(), at: util.time.nowISO8601() } }; }
  export function response(ctx) { util.appendError('take care', 'NOTE', null, { seen: ctx.stash.seen }); return typeof ctx.result.id + ctx.result.at.length; }
`;
const DENIED = `
  import { util } from '@aws-appsync/utils';
  export function request(ctx) { util.unauthorized(); }
  export function response(ctx) { return null; }
`;
const BATCH = `
  export function request(ctx) { return { operation: 'BatchInvoke', payload: { id: ctx.source.id } }; }
  export function response(ctx) { return ctx.error ? 'failed: ' + ctx.error.message : ctx.result; }
`;

interface Event {
  arguments: Record<string, unknown>;
  source: { id: string };
  info: { fieldName: string };
}

describe("gateway resolvers", () => {
  let signer: Signer;
  let gateway: Gateway;
  let lambda: FakeLambda;
  let headers: Record<string, string>;

  before(async () => {
    signer = await createSigner();
    headers = { authorization: await signer.token(buyerClaims()) };
    const order: string[] = [];
    lambda = fakeLambda({
      thing: ({ arguments: { id } }: Event) => ({ data: { id, name: "n", parts: [{ id: "p", size: 1 }] } }),
      things: () => ({ data: [{ id: "1" }, { id: "2" }, { id: "3" }] }),
      owners: (events: Event[]) =>
        events.map(({ source }) => (source.id === "2" ? { errorMessage: "gone", errorType: "OWNER_GONE" } : { data: { id: source.id, name: `of ${source.id}` } })),
      labels: (items: Array<{ id: string }>) => items.map(({ id }) => (id === "3" ? { errorMessage: "none", errorType: "E" } : { data: `label ${id}` })),
      direct: () => "plain",
      panic: () => {
        throw new Error("secret detail");
      },
      business: () => ({ error: { code: "SP_NOT_FOUND", message: "No.", hint: "Check.", retryable: false, corrId: "c-1", details: { id: 1 } } }),
      echo: (payload: unknown) => payload,
      ordered: async ({ info: { fieldName } }: Event) => {
        order.push(`start ${fieldName}`);
        await new Promise((resolve) => setTimeout(resolve, fieldName === "first" ? 30 : 0));
        order.push(`end ${fieldName}`);
        return { data: order.join(", ") };
      },
    });
    const direct = { code: undefined };
    gateway = await startTestGateway(signer, {
      invoker: lambda,
      wiring: testWiring({
        sdl: SDL,
        fields: [
          field("Query.thing", "thing"),
          field("Query.things", "things"),
          field("Query.direct", "direct", direct),
          field("Query.failing", "business"),
          field("Query.slow", "panic", direct),
          field("Query.early", "thing", { code: EARLY }),
          field("Query.noted", "echo", { code: NOTED }),
          field("Query.denied", "thing", { code: DENIED }),
          field("Thing.owner", "owners", { ...direct, maxBatchSize: 2 }),
          field("Thing.label", "labels", { code: BATCH, maxBatchSize: 5 }),
          field("Mutation.first", "ordered"),
          field("Mutation.second", "ordered"),
        ].map(({ code, ...rest }) => (code === undefined ? rest : { ...rest, code })),
      }),
    });
  });
  after(() => gateway.close());

  const ask = (query: string, variables?: Record<string, unknown>): Promise<Answer> => {
    lambda.calls.length = 0;
    return post(gateway, headers, query, variables);
  };

  it("the_event_is_the_direct_resolver_event_in_full", async () => {
    const { body } = await ask(
      "query Q($id: ID!, $no: Boolean!) { mine: thing(id: $id) { id title: name parts { ...P } label @include(if: $no) } } fragment P on Part { size }",
      { id: "7", no: false },
    );
    assert.deepEqual(body, { data: { mine: { id: "7", title: "n", parts: [{ size: 1 }] } } });
    const event = lambda.calls[0]?.payload as Record<string, Record<string, unknown>>;
    assert.deepEqual(Object.keys(event).sort(), ["arguments", "identity", "info", "prev", "request", "source", "stash"]);
    assert.deepEqual(event["arguments"], { id: "7", limit: 3 });
    assert.equal(event["source"], null);
    assert.equal(event["prev"], null);
    assert.deepEqual(event["stash"], {});
    assert.deepEqual(event["info"], {
      fieldName: "thing",
      parentTypeName: "Query",
      variables: { id: "7", no: false },
      selectionSetList: ["id", "title", "parts", "parts/size"],
      selectionSetGraphQL: "{\n  id\n  title: name\n  parts {\n    ...P\n  }\n  label @include(if: $no)\n}",
    });
    assert.deepEqual(Object.keys(event["request"] ?? {}), ["headers", "domainName"]);
    const sent = event["request"]?.["headers"] as Record<string, string>;
    assert.equal(sent["authorization"], headers["authorization"]);
    assert.match(sent["x-amzn-requestid"] ?? "", /^[0-9a-f-]{36}$/);
  });

  it("a_resolver_without_code_gives_the_lambda_answer_as_it_is", async () => {
    assert.deepEqual((await ask("{ direct }")).body, { data: { direct: "plain" } });
  });

  it("a_business_error_becomes_a_typed_error_of_its_field", async () => {
    const { status, body } = await ask("{ failing }");
    assert.equal(status, 200);
    assert.deepEqual(body, {
      data: { failing: null },
      errors: [
        {
          path: ["failing"],
          data: null,
          errorType: "SP_NOT_FOUND",
          errorInfo: { code: "SP_NOT_FOUND", hint: "Check.", retryable: false, corrId: "c-1", details: { id: 1 } },
          locations: [{ line: 1, column: 3, sourceName: null }],
          message: "No.",
        },
      ],
    });
  });

  it("a_failed_lambda_fails_its_field_only", async () => {
    const { body } = await ask("{ slow direct }");
    assert.deepEqual(body.data, { slow: null, direct: "plain" });
    assert.equal(body.errors?.[0]?.["errorType"], "Lambda:Unhandled");
  });

  it("resolver_code_may_answer_early_append_an_error_or_deny", async () => {
    const { body } = await ask("{ early noted denied }");
    assert.deepEqual(body.data, { early: "early early", noted: "string24", denied: null });
    const shown = body.errors?.map(({ path, errorType, errorInfo, message }) => ({ path, errorType, errorInfo, message }));
    assert.deepEqual(shown, [
      { path: ["denied"], errorType: "Unauthorized", errorInfo: null, message: "Not Authorized to access denied on type Query" },
      { path: ["noted"], errorType: "NOTE", errorInfo: { seen: 1 }, message: "take care" },
    ]);
    assert.equal(lambda.calls.length, 1);
  });

  it("siblings_are_asked_for_in_batches_and_one_may_fail_alone", async () => {
    const { body } = await ask("{ things { id owner { name } label } }");
    const asked = lambda.calls.filter(({ functionName }) => functionName === "owners").map(({ payload }) => (payload as unknown[]).length);
    assert.deepEqual(asked, [2, 1]);
    assert.equal(lambda.calls.filter(({ functionName }) => functionName === "labels").length, 1);
    assert.deepEqual(body.data, {
      things: [
        { id: "1", owner: { name: "of 1" }, label: "label 1" },
        { id: "2", owner: null, label: "label 2" },
        { id: "3", owner: { name: "of 3" }, label: "failed: none" },
      ],
    });
    assert.deepEqual(body.errors?.map(({ path, errorType }) => [path, errorType]), [[["things", 1, "owner"], "OWNER_GONE"]]);
  });

  it("mutations_of_one_request_run_one_after_the_other", async () => {
    const { body } = await ask("mutation { first second }");
    assert.deepEqual(body.data, { first: "start first, end first", second: "start first, end first, start second, end second" });
  });

  it("resolver_code_sees_nothing_of_the_gateway", async () => {
    const code = `
      export function request(ctx) { return { operation: 'Invoke', payload: [typeof process, typeof fetch, typeof setTimeout] }; }
      export function response(ctx) { return ctx.result.join(); }
    `;
    const other = await startTestGateway(signer, { invoker: lambda, wiring: testWiring({ sdl: SDL, fields: [field("Query.direct", "echo", { code })] }) });
    const { body } = await post(other, headers, "{ direct }");
    await other.close();
    assert.deepEqual(body.data, { direct: "undefined,undefined,undefined" });
  });
});
