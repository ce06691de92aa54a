// The unchanged aws-amplify v6 client against the API: user pool, API key and IAM, errors and a subscription. Started by clients.test.ts.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Amplify } from "aws-amplify";
import { CONNECTION_STATE_CHANGE, generateClient } from "aws-amplify/api";
import { decodeJWT } from "aws-amplify/auth";
import { Hub } from "aws-amplify/utils";
import {
  CHECKOUT_STATUS,
  checkoutEvent,
  clientTarget,
  deferred,
  PROFILE,
  provideWebSocket,
  PUBLISH,
  SET_PACKAGES,
  START_CHECKOUT,
  startCheckoutVariables,
  STUDIO,
  within,
} from "./target.js";

const target = clientTarget();

interface GraphqlAnswer {
  data: Record<string, Record<string, unknown>>;
}

interface GraphqlFailure {
  errors: Array<{ message: string; errorType: string; errorInfo?: { code: string; hint: string } | null; path?: string[] }>;
}

interface Stream {
  subscribe(observer: { next(message: GraphqlAnswer): void; error(cause: unknown): void }): { unsubscribe(): void };
}

describe("aws-amplify v6", () => {
  let client: { graphql(options: object): unknown };
  const ask = (options: object): Promise<GraphqlAnswer> => client.graphql(options) as Promise<GraphqlAnswer>;
  const failure = (options: object): Promise<GraphqlFailure> =>
    ask(options).then(
      () => assert.fail("the request should have failed"),
      (cause: unknown) => cause as GraphqlFailure,
    );

  before(() => {
    provideWebSocket();
    Amplify.configure(
      {
        API: {
          GraphQL: { endpoint: target.url, region: target.region, defaultAuthMode: "userPool", apiKey: target.apiKey },
        },
      },
      {
        Auth: {
          tokenProvider: { getTokens: async () => ({ accessToken: decodeJWT(target.buyerToken) }) },
          credentialsProvider: {
            getCredentialsAndIdentityId: async () => ({ credentials: target.iam }),
            clearCredentialsAndIdentityId: () => undefined,
          },
        },
      },
    );
    client = generateClient() as unknown as typeof client;
  });
  after(() => Amplify.configure({}));

  it("a_visitor_reads_a_studio_with_the_api_key", async () => {
    const { data } = await ask({ query: STUDIO, variables: { slug: target.studioSlug }, authMode: "apiKey" });
    assert.equal(data["studio"]?.["slug"], target.studioSlug);
  });

  it("a_buyer_starts_a_checkout_and_a_retry_gives_the_same_draft", async () => {
    const variables = startCheckoutVariables(target, `amplify-${Date.now()}`);
    const first = await ask({ query: START_CHECKOUT, variables });
    const second = await ask({ query: START_CHECKOUT, variables });
    assert.match(String(first.data["startCheckout"]?.["draftId"]), /^lbg_/);
    assert.equal(second.data["startCheckout"]?.["draftId"], first.data["startCheckout"]?.["draftId"]);
  });

  it("a_business_error_reaches_the_client_with_its_code_and_hint", async () => {
    const { errors } = await failure({ query: PROFILE, variables: { id: `srv_${"0".repeat(32)}` } });
    assert.equal(errors[0]?.errorType, "SP_NOT_FOUND");
    assert.equal(errors[0]?.errorInfo?.code, "SP_NOT_FOUND");
    assert.deepEqual(errors[0]?.path, ["serviceProfile"]);
  });

  it("a_buyer_may_not_call_a_mutation_of_sellers", async () => {
    const { errors } = await failure({ query: SET_PACKAGES, variables: { id: target.serviceProfileId, packages: [] } });
    assert.equal(errors[0]?.errorType, "Unauthorized");
    assert.equal(errors[0]?.message, "Not Authorized to access setPackages on type Mutation");
  });

  it("a_subscriber_gets_the_events_of_its_own_order_only", async () => {
    const { data } = await ask({ query: START_CHECKOUT, variables: startCheckoutVariables(target, `amplify-sub-${Date.now()}`) });
    const lbgId = String(data["startCheckout"]?.["draftId"]);
    const received: unknown[] = [];
    const done = deferred();
    const stream = client.graphql({ query: CHECKOUT_STATUS, variables: { lbgId } }) as Stream;
    const connected = connection();
    const subscription = stream.subscribe({
      next: (message) => {
        received.push(message.data["checkoutStatus"]?.["event"]);
        if (received.length === 2) done.resolve();
      },
      error: (cause) => done.reject(new Error(`subscription failed: ${JSON.stringify(cause)}`)),
    });
    await within(Promise.race([connected, done.promise]), "the connection");
    const publish = (event: object): Promise<GraphqlAnswer> => ask({ query: PUBLISH, variables: { event }, authMode: "iam" });
    await publish(checkoutEvent(`lbg_${"f".repeat(32)}`, "lbg.failed"));
    await publish(checkoutEvent(lbgId, "payment.intent.authorized"));
    await publish(checkoutEvent(lbgId, "lbg.confirmed"));
    await within(done.promise, "the second event");
    subscription.unsubscribe();
    assert.deepEqual(received, ["payment.intent.authorized", "lbg.confirmed"]);
  });

  it("a_subscription_with_an_argument_of_the_wrong_type_is_refused", async () => {
    const stream = client.graphql({ query: CHECKOUT_STATUS.replace("ID!", "Int!"), variables: { lbgId: 1 } }) as Stream;
    const refused = new Promise<unknown>((resolve) => stream.subscribe({ next: () => undefined, error: resolve }));
    const { errors } = (await within(refused, "the refusal")) as GraphqlFailure;
    assert.match(errors[0]?.message ?? "", /VariableTypeMismatch/);
  });
});

/** Amplify says on its hub when a subscription is acknowledged. */
function connection(): Promise<void> {
  return new Promise((resolve) => {
    const stop = Hub.listen("api", ({ payload }) => {
      const { connectionState } = (payload.data ?? {}) as { connectionState?: string };
      if (payload.event !== CONNECTION_STATE_CHANGE || connectionState !== "Connected") return;
      stop();
      resolve();
    });
  });
}
