// What may go in and come out: AppSync's scalars, validation in AppSync's words, partial results, limits of a query.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Gateway } from "../src/gateway/index.js";
import { APPSYNC_SCALARS } from "../src/gateway/schema/scalars.js";
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

const SCALAR_CASES: Record<string, { good: unknown[]; bad: unknown[] }> = {
  AWSDate: {
    good: ["2026-02-28", "2024-02-29Z", "1970-01-01-07:00", "1970-01-01+05:30:15"],
    bad: ["2026-02-29", "2026-2-1", "2026-13-01", "01/02/2026", 20260228, ""],
  },
  AWSTime: { good: ["12:30", "12:30:24", "12:30:24.500Z", "12:30:24-07:00"], bad: ["24:00:00", "12:60", "noon", 12] },
  AWSDateTime: {
    good: ["2026-02-28T12:30:24Z", "2026-02-28T12:30:24.500-07:00", "2020-01-01T00:00+00:00"],
    bad: ["2026-02-28T12:30:24", "2026-02-30T12:30:24Z", "2026-02-28", "2020-05-19T11:5:29.000Z", 1],
  },
  AWSTimestamp: { good: [0, -1, 1795000000], bad: ["1795000000", 1.5, null] },
  AWSEmail: { good: ["ada@example.com", "a@b"], bad: ["ada", "ada@", "a b@example.com", "@example.com", 1] },
  AWSURL: { good: ["https://example.com/a?b=c", "mailto:ada@example.com"], bad: ["example.com", "https://example.com/a//b", "http://a b", 1] },
  AWSPhone: { good: ["+44 20 7946 0958", "(212) 555-2368", "713-555-2368"], bad: ["1110004444", "12", "+0123456789", "call me"] },
  AWSIPAddress: {
    good: ["127.0.0.1", "10.0.0.0/8", "1a2b:3c4b::1234:4567", "fe80::/10"],
    bad: ["256.0.0.1", "10.0.0.0/33", "10.0.0", "localhost", "10.0.0.0/8/8"],
  },
};

const SDL = `
  type Query {
    thing(on: AWSDateTime, when: Range, kind: Kind, ids: [ID!], limit: Int): Thing
    strict: Strict
    must: Strict!
    json(value: AWSJSON!): AWSJSON
    many(limit: Int = 20): Page
    list: [Thing]
  }
  type Page { items: [Deep!]! }
  type Deep { a: Int deeper: [Deep] next: Deep }
  type Thing { id: ID at: AWSDateTime kind: Kind count: Int flag: Boolean list: [Int] self: Thing }
  type Strict { name: String! inner: Strict }
  enum Kind { CARD ACH }
  input Range { start: AWSDateTime! end: AWSDateTime! note: Note }
  input Note { text: String }
`;

describe("AppSync scalars", () => {
  for (const scalar of APPSYNC_SCALARS.filter(({ name }) => name in SCALAR_CASES)) {
    it(`${scalar.name}_takes_its_form_and_nothing_else_in_both_directions`, () => {
      const { good, bad } = SCALAR_CASES[scalar.name] ?? { good: [], bad: [] };
      for (const value of good) {
        assert.equal(scalar.parseValue(value), value);
        assert.equal(scalar.serialize(value), value);
      }
      for (const value of bad) {
        assert.throws(() => scalar.parseValue(value), `${scalar.name} parses ${JSON.stringify(value)}`);
        assert.throws(() => scalar.serialize(value), `${scalar.name} prints ${JSON.stringify(value)}`);
      }
    });
  }
});

describe("gateway answers", () => {
  let signer: Signer;
  let gateway: Gateway;
  let lambda: FakeLambda;
  let headers: Record<string, string>;
  let result: unknown;

  before(async () => {
    signer = await createSigner();
    headers = { authorization: await signer.token(buyerClaims()) };
    lambda = fakeLambda({ any: () => ({ data: result }) });
    const names = ["thing", "strict", "must", "json", "many", "list"];
    gateway = await startTestGateway(signer, {
      wiring: testWiring({ sdl: SDL, fields: names.map((name) => field(`Query.${name}`, "any")), resolverCountLimit: 10 }),
      invoker: lambda,
    });
  });
  after(() => gateway.close());

  const ask = (query: string, variables?: Record<string, unknown>): Promise<Answer> => post(gateway, headers, query, variables);
  const answering = (value: unknown, query: string): Promise<Answer> => {
    result = value;
    return ask(query);
  };
  const messages = ({ body }: Answer): unknown[] => (body.errors ?? []).map((error) => error["message"]);

  it("validation_errors_are_worded_and_located_as_appsync_does", async () => {
    const { status, body } = await ask("{\n  thing { nope }\n}");
    assert.equal(status, 200);
    assert.deepEqual(body, {
      data: null,
      errors: [
        {
          path: null,
          locations: [{ line: 2, column: 11, sourceName: null }],
          message: "Validation error of type FieldUndefined: Field 'nope' in type 'Thing' is undefined @ 'thing/nope'",
        },
      ],
    });
  });

  it("every_kind_of_wrong_document_has_its_validation_type", async () => {
    const cases: Array<[string, string]> = [
      ["{ thing(x: 1) { id } }", "UnknownArgument: Unknown field argument x @ 'thing'"],
      ["{ json }", "MissingFieldArgument: Missing field argument value @ 'json'"],
      ["{ thing }", "SubSelectionRequired: Sub selection required for type Thing of field thing @ 'thing'"],
      ["{ thing { id { x } } }", "SubSelectionNotAllowed: Sub selection not allowed on leaf type ID of field id @ 'thing/id'"],
      ["{ thing(limit: $n) { id } }", "UndefinedVariable: Undefined variable n @ 'thing'"],
      ["query Q($n: Int) { thing { id } }", "UnusedVariable: Unused variable n"],
      ["query Q($n: Nope) { thing(limit: $n) { id } }", "UnknownType: Unknown type Nope"],
      ["{ thing { ...F } }", "UndefinedFragment: Undefined fragment F @ 'thing'"],
      ["query Q($n: String) { thing(limit: $n) { id } }", "VariableTypeMismatch: Variable type 'String' doesn't match expected type 'Int' @ 'thing'"],
      ['query Q($n: Int = "x") { thing(limit: $n) { id } }', "BadValueForDefaultArg: Bad default value StringValue{value='x'} for type Int"],
      ['{ thing(limit: "1") { id } }', "WrongType: argument 'limit' with value 'StringValue{value='1'}' is not a valid 'Int' @ 'thing'"],
      ["{ thing(limit: 3000000000) { id } }", "WrongType: argument 'limit' with value 'IntValue{value=3000000000}' is not a valid 'Int' @ 'thing'"],
      ["{ thing(kind: CASH) { id } }", "WrongType: argument 'kind' with value 'EnumValue{name='CASH'}' is not a valid 'Kind' @ 'thing'"],
      ['{ thing(on: "soon") { id } }', "WrongType: argument 'on' with value 'StringValue{value='soon'}' is not a valid 'AWSDateTime' @ 'thing'"],
      ["{ thing(ids: [null]) { id } }", "WrongType: argument 'ids[0]' with value 'NullValue{}' must not be null @ 'thing'"],
      [
        '{ thing(when: {start: "2026-01-01T00:00:00Z"}) { id } }',
        "WrongType: argument 'when' with value 'ObjectValue{objectFields=[ObjectField{name='start', value=StringValue{value='2026-01-01T00:00:00Z'}}]}' is missing required fields '[end]' @ 'thing'",
      ],
      [
        '{ thing(when: {start: "2026-01-01T00:00:00Z", end: "x"}) { id } }',
        "WrongType: argument 'when.end' with value 'StringValue{value='x'}' is not a valid 'AWSDateTime' @ 'thing'",
      ],
    ];
    for (const [query, words] of cases) {
      assert.deepEqual(messages(await ask(query)), [`Validation error of type ${words}`], query);
    }
  });

  it("wrong_variables_are_named_by_their_innermost_field", async () => {
    const query = "query Q($when: Range, $limit: Int, $kind: Kind) { thing(when: $when, limit: $limit, kind: $kind) { id } }";
    const [start, end] = ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"];
    const cases: Array<[Record<string, unknown>, string]> = [
      [{ when: { start, end: "late" } }, "Variable 'end' has an invalid value. Unable to parse `late` as a valid DateTime Object."],
      [{ when: { start } }, "Variable 'end' has coerced Null value for NonNull type 'AWSDateTime!'"],
      [{ when: { start, end, more: 1 } }, "The variables input contains a field name 'more' that is not defined for input object type 'Range' "],
      [{ limit: "5" }, "Variable 'limit' has an invalid value. Expected type 'Int' but was 'String'."],
      [{ limit: 3_000_000_000 }, "Variable 'limit' has an invalid value. Expected type 'Int' but was 'Long'."],
      [{ kind: "CASH" }, "Variable 'kind' has an invalid value. Invalid input for Enum 'Kind'. No value found for name 'CASH'"],
    ];
    for (const [variables, message] of cases) {
      const { body } = await ask(query, variables);
      assert.equal(body.data, null);
      assert.deepEqual(messages({ status: 200, body }), [message]);
    }
    assert.deepEqual(messages(await ask("query Q($v: AWSJSON!) { json(value: $v) }", {})), [
      "Variable 'v' has coerced Null value for NonNull type 'AWSJSON!'",
    ]);
  });

  it("json_is_text_to_the_client_and_a_value_to_the_resolver", async () => {
    lambda.calls.length = 0;
    result = { deep: [1] };
    const { body } = await ask("query Q($v: AWSJSON!) { json(value: $v) }", { v: '{"a":1}' });
    assert.deepEqual((lambda.calls[0]?.payload as { arguments: unknown }).arguments, { value: { a: 1 } });
    assert.deepEqual(body, { data: { json: '{"deep":[1]}' } });
  });

  it("a_value_that_does_not_fit_its_type_is_null_and_an_error_while_the_rest_stays", async () => {
    const thing = { id: 7, at: "2026-05-19T11:5:29Z", kind: "CASH", count: 2 ** 31, flag: true, list: 3, self: "text" };
    const { body } = await answering(thing, "{ thing { id at kind count flag list self { id } } }");
    assert.deepEqual(body.data, { thing: { id: "7", at: null, kind: null, count: null, flag: true, list: null, self: null } });
    assert.deepEqual(
      body.errors?.map(({ path, message }) => [path, message]),
      [
        [["thing", "at"], "Can't serialize value (/thing/at) : Unable to serialize `2026-05-19T11:5:29Z` as a valid DateTime Object."],
        [["thing", "kind"], "Can't serialize value (/thing/kind) : Invalid input for Enum 'Kind'. No value found for name 'CASH'"],
        [["thing", "count"], "Can't serialize value (/thing/count) : Int cannot represent non 32-bit signed integer value: 2147483648"],
        [["thing", "list"], "Can't resolve value (/thing/list) : type mismatch error, expected type LIST"],
        [["thing", "self"], "Can't resolve value (/thing/self) : type mismatch error, expected type OBJECT"],
      ],
    );
  });

  it("null_in_a_non_null_field_travels_up_to_the_next_nullable_one", async () => {
    const inner = await answering({ name: "a", inner: {} }, "{ strict { name inner { name } } }");
    assert.deepEqual(inner.body, {
      data: { strict: { name: "a", inner: null } },
      errors: [
        {
          path: ["strict", "inner", "name"],
          locations: null,
          message: "Cannot return null for non-nullable type: 'String' within parent 'Strict' (/strict/inner/name)",
        },
      ],
    });
    const outer = await answering(null, "{ must { name } }");
    assert.equal(outer.body.data, null);
    assert.deepEqual(messages(outer), ["Cannot return null for non-nullable type: 'Strict' within parent 'Query' (/must)"]);
  });

  it("list_items_are_pointed_at_by_their_place", async () => {
    const { body } = await answering([{ kind: "CARD" }, { kind: "CASH" }], "{ list { kind } }");
    assert.deepEqual(body.data, { list: [{ kind: "CARD" }, { kind: null }] });
    assert.deepEqual(body.errors?.[0]?.["path"], ["list", 1, "kind"]);
    assert.match(String(body.errors?.[0]?.["message"]), /\(\/list\[1\]\/kind\)/);
  });

  it("a_query_deeper_than_eight_levels_is_refused_and_one_of_eight_is_not", async () => {
    result = { items: [] };
    const nested = (levels: number): string => "{ many { items " + "{ next ".repeat(levels - 3) + "{ a }" + " }".repeat(levels - 3) + " } }";
    assert.equal((await ask(nested(8))).body.errors, undefined);
    const { status, body } = await ask(nested(9));
    assert.equal(status, 200);
    assert.equal(body.data, null);
    assert.equal(body.errors?.[0]?.["errorType"], "QUERY_LIMIT_EXCEEDED");
    assert.equal((body.errors?.[0]?.["errorInfo"] as { retryable?: boolean } | undefined)?.retryable, false);
  });

  it("nested_lists_and_large_pages_cost_more", async () => {
    result = { items: [] };
    assert.equal((await ask("{ many(limit: 100) { items { a } } }")).body.errors, undefined);
    const wide = await ask("query Q($n: Int) { many(limit: $n) { items { deeper { deeper { a } } } } }", { n: 100 });
    assert.equal(wide.body.errors?.[0]?.["errorType"], "QUERY_LIMIT_EXCEEDED");
    assert.match(String(wide.body.errors?.[0]?.["message"]), /cost/);
    // Through a fragment, so that hiding the fields does not help.
    const hidden = await ask("{ many(limit: 100) { items { ...F } } } fragment F on Deep { deeper { deeper { a } } }");
    assert.equal(hidden.body.errors?.[0]?.["errorType"], "QUERY_LIMIT_EXCEEDED");
  });

  it("aliases_do_not_get_around_the_limit_of_resolvers", async () => {
    const aliases = Array.from({ length: 11 }, (_, index) => `a${index}: thing { id }`).join(" ");
    const { body } = await ask(`{ ${aliases} }`);
    assert.equal(body.errors?.[0]?.["errorType"], "QUERY_LIMIT_EXCEEDED");
  });

  it("a_body_over_256_kb_is_refused_unread", async () => {
    lambda.calls.length = 0;
    const { status, body } = await ask("query Q($v: AWSJSON!) { json(value: $v) }", { v: JSON.stringify("x".repeat(256 * 1024)) });
    assert.equal(status, 413);
    assert.equal(body.errors?.[0]?.["errorType"], "INPUT_TOO_LARGE");
    assert.deepEqual(lambda.calls, []);
  });

  it("malformed_requests_are_refused_with_400", async () => {
    for (const body of ["", "{", "[]", '{"query":1}', '{"query":"{ thing { id "}', '{"query":"{ thing { id } }","variables":[1]}']) {
      const response = await fetch(gateway.httpUrl, { method: "POST", headers, body });
      const answer = (await response.json()) as { errors: Array<{ errorType: string }> };
      assert.equal(response.status, 400, body);
      assert.equal(answer.errors[0]?.errorType, "MalformedHttpRequestException", body);
    }
  });

  it("introspection_answers_when_it_is_on_and_is_an_unknown_field_when_it_is_off", async () => {
    const query = "{ __schema { queryType { name } } }";
    assert.deepEqual((await ask(query)).body, { data: { __schema: { queryType: { name: "Query" } } } });
    const closed = await startTestGateway(signer, { wiring: testWiring({ sdl: SDL, introspection: false }), invoker: lambda });
    const { body } = await post(closed, headers, query);
    await closed.close();
    assert.equal(body.data, null);
    assert.match(String(body.errors?.[0]?.["message"]), /FieldUndefined: Field '__schema'/);
  });

  it("the_deployed_schema_is_one_the_gateway_can_serve", async () => {
    const real = await startTestGateway(signer, { wiring: testWiring({ fields: [] }), invoker: lambda });
    const { body } = await post(real, headers, "{ __schema { types { name } } }");
    await real.close();
    assert.equal(body.errors, undefined);
  });
});
