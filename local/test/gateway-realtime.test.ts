// AppSync's real-time protocol, message by message, and which subscribers a mutation reaches.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { WebSocket } from "ws";
import type { Gateway } from "../src/gateway/index.js";
import { matches } from "../src/gateway/transport/subscriptions.js";
import { API_KEY, buyerClaims, createSigner, fakeLambda, field, post, startTestGateway, testWiring, type FakeLambda, type Signer } from "./gateway-support.js";

const SDL = `
  type Query { ok: Boolean }
  type Mutation {
    change(id: ID!, city: String, note: String): Change
    other(id: ID!): Change
  }
  type Subscription {
    changed(id: ID, city: String): Change @aws_subscribe(mutations: ["change"])
    mine: Change @aws_subscribe(mutations: ["change", "other"])
    forStaff: Change @aws_subscribe(mutations: ["change"]) @aws_cognito_user_pools(cognito_groups: ["admin"])
  }
  type Change { id: ID! city: String note: String staff: String @aws_cognito_user_pools(cognito_groups: ["admin"]) strict: Inner }
  type Inner { value: Int! }
`;

interface Message {
  type: string;
  id?: string;
  payload?: { data?: unknown; errors?: Array<Record<string, unknown>>; connectionTimeoutMs?: number };
}

describe("real-time endpoint", () => {
  let signer: Signer;
  let gateway: Gateway;
  let lambda: FakeLambda;
  let buyer: string;
  const open: Client[] = [];

  before(async () => {
    signer = await createSigner();
    buyer = await signer.token(buyerClaims());
    lambda = fakeLambda({
      change: ({ arguments: args }: { arguments: object }) => ({ data: { ...args, staff: "s", strict: { value: 1 } } }),
      guard: ({ arguments: { id } }: { arguments: { id?: string } }) =>
        id === "foreign" ? { error: { code: "FORBIDDEN", message: "Not yours.", hint: "h", retryable: false, corrId: "c" } } : { data: null },
    });
    gateway = await startTestGateway(signer, {
      invoker: lambda,
      wiring: testWiring({
        sdl: SDL,
        fields: [field("Mutation.change", "change"), field("Mutation.other", "change"), field("Subscription.changed", "guard")],
      }),
      keepAliveMs: 20,
      connectionTimeoutMs: 1_000,
    });
  });
  afterEach(() => open.splice(0).forEach((client) => client.socket.terminate()));
  after(() => gateway.close());

  const connect = async (options: { token?: string; apiKey?: string; form?: "subprotocol" | "query"; path?: string } = {}): Promise<Client> => {
    const credentials: Record<string, string> = options.apiKey ? { "x-api-key": options.apiKey } : { Authorization: options.token ?? buyer };
    const client = await Client.open(gateway, { host: "localhost", ...credentials }, options.form ?? "subprotocol", options.path);
    open.push(client);
    return client;
  };
  const ready = async (options: Parameters<typeof connect>[0] = {}): Promise<Client> => {
    const client = await connect(options);
    client.send({ type: "connection_init" });
    await client.next("connection_ack");
    return client;
  };
  const change = (args: string, selection = "id city note strict { value }", name = "change"): Promise<unknown> =>
    post(gateway, { authorization: buyer }, `mutation { ${name}(${args}) { ${selection} } }`);

  it("a_connection_is_acknowledged_with_its_timeout_and_kept_alive", async () => {
    for (const form of ["subprotocol", "query"] as const) {
      const client = await connect({ form });
      assert.equal(client.socket.protocol, "graphql-ws");
      client.send({ type: "connection_init" });
      assert.deepEqual(await client.next("connection_ack"), { type: "connection_ack", payload: { connectionTimeoutMs: 1_000 } });
      await client.next("ka");
      await client.next("ka");
    }
  });

  it("a_connection_without_valid_credentials_is_refused_and_closed", async () => {
    const expired = await signer.token({}, { expiresInSeconds: -5 });
    const cases = [{ token: expired }, { token: "nonsense" }, { apiKey: "da2-unknown" }];
    for (const options of cases) {
      const client = await connect(options);
      client.send({ type: "connection_init" });
      const { payload } = await client.next("connection_error");
      assert.equal(payload?.errors?.[0]?.["errorType"], "UnauthorizedException");
      assert.equal(payload?.errors?.[0]?.["errorCode"], 401);
      await client.closed;
    }
  });

  it("a_connection_without_the_protocol_or_to_another_path_is_not_opened", async () => {
    const ca = readFileSync(gateway.caPath);
    for (const [path, protocol] of [["/graphql/realtime", "other"], ["/elsewhere", "graphql-ws"]]) {
      const url = gateway.url.replace("https:", "wss:").replace("/graphql", path ?? "");
      const socket = new WebSocket(url, protocol, { ca });
      const status = await new Promise<number>((resolve) => {
        socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
        socket.on("error", () => undefined);
      });
      assert.equal(status, 400);
    }
  });

  it("a_subscription_is_acknowledged_delivers_and_completes", async () => {
    const client = await ready();
    await client.subscribe("1", 'subscription { changed(id: "a") { __typename id city } }');
    await change('id: "a", city: "houston"');
    assert.deepEqual(await client.next("data"), {
      id: "1",
      type: "data",
      payload: { data: { changed: { __typename: "Change", id: "a", city: "houston" } } },
    });
    client.send({ type: "stop", id: "1" });
    assert.deepEqual(await client.next("complete"), { id: "1", type: "complete" });
    await change('id: "a", city: "dallas"');
    assert.equal(await client.quietly("data"), true);
  });

  it("arguments_filter_and_an_absent_one_matches_everything", async () => {
    const client = await ready();
    await client.subscribe("by-id", 'subscription { changed(id: "a") { city } }');
    await client.subscribe("by-both", 'subscription { changed(id: "a", city: "houston") { city } }');
    await client.subscribe("all", "subscription($city: String) { changed(city: $city) { city } }");
    await client.subscribe("null", "subscription($city: String) { changed(city: $city) { city } }", { city: null });
    await change('id: "a", city: "dallas"');
    await change('id: "b", city: "houston"');
    await change('id: "c"');
    const received = [await client.next("data"), await client.next("data"), await client.next("data"), await client.next("data"), await client.next("data")];
    assert.deepEqual(
      received.map(({ id, payload }) => [id, (payload?.data as { changed: { city: string } }).changed.city]),
      [["by-id", "dallas"], ["all", "dallas"], ["all", "houston"], ["all", null], ["null", null]],
    );
    assert.equal(await client.quietly("data"), true);
  });

  it("a_filter_on_a_field_the_mutation_did_not_select_matches_nothing", () => {
    assert.equal(matches({ id: "a" }, {}), false);
    assert.equal(matches({ id: "a" }, { id: "a", city: "x" }), true);
    assert.equal(matches({}, { id: "a" }), true);
  });

  it("only_what_the_mutation_selected_is_delivered", async () => {
    const client = await ready();
    await client.subscribe("1", "subscription { mine { id note strict { value } } }");
    await change('id: "a", note: "n"', "key: id");
    assert.deepEqual((await client.next("data")).payload, { data: { mine: { id: "a", note: null, strict: null } } });
    await change('id: "a"', "id strict { __typename }");
    const { payload } = await client.next("data");
    assert.deepEqual(payload?.data, { mine: { id: "a", note: null, strict: null } });
    assert.equal(payload?.errors?.[0]?.["message"], "Cannot return null for non-nullable type: 'Int' within parent 'Inner' (/mine/strict/value)");
  });

  it("a_subscriber_never_sees_a_field_it_may_not_read", async () => {
    const admin = await signer.token({ "cognito:groups": ["admin"] });
    const [client, staff] = [await ready(), await ready({ token: admin })];
    for (const each of [client, staff]) await each.subscribe("1", "subscription { mine { staff } }", {}, each === staff ? admin : buyer);
    await post(gateway, { authorization: admin }, 'mutation { change(id: "a") { staff } }');
    const refused = (await client.next("data")).payload;
    assert.deepEqual(refused?.data, { mine: { staff: null } });
    assert.equal(refused?.errors?.[0]?.["message"], "Not Authorized to access staff on type Change");
    assert.deepEqual((await staff.next("data")).payload, { data: { mine: { staff: "s" } } });
  });

  it("a_failed_mutation_is_not_published", async () => {
    const client = await ready();
    await client.subscribe("1", "subscription { mine { id } }");
    await post(gateway, { "x-api-key": API_KEY }, 'mutation { change(id: "a") { id } }');
    assert.equal(await client.quietly("data"), true);
  });

  it("the_resolver_of_a_subscription_decides_who_may_subscribe", async () => {
    const client = await ready();
    client.start("1", 'subscription { changed(id: "foreign") { id } }');
    const { payload } = await client.next("error");
    assert.equal(payload?.errors?.[0]?.["errorType"], "FORBIDDEN");
    assert.equal((payload?.errors?.[0]?.["errorInfo"] as { code?: string }).code, "FORBIDDEN");
    await change('id: "foreign"');
    assert.equal(await client.quietly("data"), true);
  });

  it("a_wrong_start_is_answered_with_an_error_and_leaves_the_connection_open", async () => {
    const client = await ready();
    const cases: Array<[string, string, RegExp]> = [
      ["not allowed", "subscription { forStaff { id } }", /Not Authorized to access forStaff on type Subscription/],
      ["invalid", "subscription { mine { nope } }", /FieldUndefined/],
      ["not a subscription", "query { ok }", /Only subscriptions/],
      ["not GraphQL", "subscription {", /Unable to parse/],
    ];
    for (const [id, query, message] of cases) {
      client.start(id, query);
      const answer = await client.next("error");
      assert.equal(answer.id, id);
      assert.match(String(answer.payload?.errors?.[0]?.["message"]), message);
    }
    client.start("expired", "subscription { mine { id } }", {}, await signer.token({}, { expiresInSeconds: -5 }));
    assert.equal((await client.next("error")).payload?.errors?.[0]?.["errorType"], "UnauthorizedException");
    await client.subscribe("fine", "subscription { mine { id } }");
    client.start("fine", "subscription { mine { id } }");
    assert.equal((await client.next("error")).payload?.errors?.[0]?.["errorType"], "DuplicatedOperationError");
    client.send({ type: "nonsense" });
    assert.equal((await client.next("error")).payload?.errors?.[0]?.["errorType"], "UnsupportedOperation");
    await change('id: "still here"');
    assert.equal((await client.next("data")).id, "fine");
  });

  it("a_start_before_the_handshake_is_refused", async () => {
    const client = await connect();
    client.start("1", "subscription { mine { id } }");
    assert.equal((await client.next("error")).payload?.errors?.[0]?.["errorType"], "BadRequestException");
  });

  it("a_subscription_over_http_is_refused", async () => {
    const { status, body } = await post(gateway, { authorization: buyer }, "subscription { mine { id } }");
    assert.equal(status, 400);
    assert.equal(body.errors?.[0]?.["errorType"], "UnsupportedOperation");
  });
});

/** A bare client of the protocol: keeps what it is sent until it is asked for. */
class Client {
  private readonly received: Message[] = [];
  private wake: () => void = () => undefined;
  readonly closed: Promise<void>;

  private constructor(
    readonly socket: WebSocket,
    private readonly authorization: Record<string, string>,
  ) {
    socket.on("message", (data: Buffer) => {
      this.received.push(JSON.parse(data.toString()) as Message);
      this.wake();
    });
    this.closed = new Promise((resolve) => socket.on("close", () => resolve()));
  }

  static async open(gateway: Gateway, header: Record<string, string>, form: "subprotocol" | "query", path = "/realtime"): Promise<Client> {
    const url = `${gateway.url.replace("https:", "wss:")}${path}`;
    const json = Buffer.from(JSON.stringify(header));
    const ca = readFileSync(gateway.caPath);
    const socket =
      form === "subprotocol"
        ? new WebSocket(url, ["graphql-ws", `header-${json.toString("base64url")}`], { ca })
        : new WebSocket(`${url}?header=${encodeURIComponent(json.toString("base64"))}&payload=${Buffer.from("{}").toString("base64")}`, "graphql-ws", { ca });
    const client = new Client(socket, header);
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    return client;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  start(id: string, query: string, variables: Record<string, unknown> = {}, token?: string): void {
    const authorization = token === undefined ? this.authorization : { ...this.authorization, Authorization: token };
    this.send({ id, type: "start", payload: { data: JSON.stringify({ query, variables }), extensions: { authorization } } });
  }

  async subscribe(id: string, query: string, variables: Record<string, unknown> = {}, token?: string): Promise<void> {
    this.start(id, query, variables, token);
    assert.deepEqual(await this.next("start_ack"), { id, type: "start_ack" });
  }

  /** The next message of a type; keep-alives apart, one of another type fails the test. */
  async next(type: string): Promise<Message> {
    for (;;) {
      const index = this.received.findIndex((message) => message.type === type || message.type !== "ka");
      const [message] = index < 0 ? [] : this.received.splice(index, 1);
      if (message) {
        assert.equal(message.type, type, JSON.stringify(message));
        return message;
      }
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${type} came`)), 2_000);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Whether nothing of a type comes for a while. */
  async quietly(type: string): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return !this.received.some((message) => message.type === type);
  }
}
