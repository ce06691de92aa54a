// The unchanged Apollo Client 4 with AppSync's published links against the API. Started by clients.test.ts.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { AUTH_TYPE, createAuthLink, type AuthOptions } from "aws-appsync-auth-link";
import { createSubscriptionHandshakeLink } from "aws-appsync-subscription-link";
import { backend } from "./backend.js";
import {
  CHECKOUT_STATUS,
  checkoutEvent,
  clientTarget,
  deferred,
  PROFILE,
  provideWebSocket,
  SET_PACKAGES,
  START_CHECKOUT,
  startCheckoutVariables,
  STUDIO,
  within,
} from "./target.js";

const target = clientTarget();

type Data = Record<string, Record<string, unknown>>;

function apolloClient(auth: AuthOptions): ApolloClient {
  const { url, region } = target;
  // The links' declarations name the CommonJS build of the very class that the ES build exports.
  const theirs = (link: ApolloLink): Parameters<typeof createSubscriptionHandshakeLink>[1] => link as never;
  const ours = (link: unknown): ApolloLink => link as ApolloLink;
  const link = ApolloLink.from([
    ours(createAuthLink({ url, region, auth })),
    ours(createSubscriptionHandshakeLink({ url, region, auth }, theirs(new HttpLink({ uri: url })))),
  ]);
  return new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: "no-cache" } } });
}

describe("Apollo Client 4", () => {
  let buyer: ApolloClient;
  let visitor: ApolloClient;

  before(() => {
    provideWebSocket();
    buyer = apolloClient({ type: AUTH_TYPE.AMAZON_COGNITO_USER_POOLS, jwtToken: target.buyerToken });
    visitor = apolloClient({ type: AUTH_TYPE.API_KEY, apiKey: target.apiKey });
  });
  after(() => [buyer, visitor].forEach((client) => client.stop()));

  it("a_visitor_reads_a_studio_with_the_api_key", async () => {
    const { data } = await visitor.query<Data>({ query: gql(STUDIO), variables: { slug: target.studioSlug } });
    assert.equal(data?.["studio"]?.["slug"], target.studioSlug);
    assert.equal(data?.["studio"]?.["__typename"], "Studio");
  });

  it("a_buyer_starts_a_checkout_and_a_retry_gives_the_same_draft", async () => {
    const variables = startCheckoutVariables(target, `apollo-${Date.now()}`);
    const start = async (): Promise<unknown> =>
      (await buyer.mutate<Data>({ mutation: gql(START_CHECKOUT), variables })).data?.["startCheckout"]?.["draftId"];
    const first = await start();
    assert.match(String(first), /^lbg_/);
    assert.equal(await start(), first);
  });

  it("a_business_error_reaches_the_client_with_its_code_and_hint", async () => {
    const [error] = await errorsOf(buyer.query({ query: gql(PROFILE), variables: { id: `srv_${"0".repeat(32)}` } }));
    assert.equal(error?.["errorType"], "SP_NOT_FOUND");
    assert.equal((error?.["errorInfo"] as { code?: string } | undefined)?.code, "SP_NOT_FOUND");
    assert.deepEqual(error?.["path"], ["serviceProfile"]);
  });

  it("a_buyer_may_not_call_a_mutation_of_sellers", async () => {
    const variables = { id: target.serviceProfileId, packages: [] };
    const [error] = await errorsOf(buyer.mutate({ mutation: gql(SET_PACKAGES), variables }));
    assert.equal(error?.["errorType"], "Unauthorized");
  });

  it("a_subscriber_gets_the_events_of_its_own_order_only", async () => {
    const variables = startCheckoutVariables(target, `apollo-sub-${Date.now()}`);
    const { data } = await buyer.mutate<Data>({ mutation: gql(START_CHECKOUT), variables });
    const lbgId = String(data?.["startCheckout"]?.["draftId"]);
    const received: unknown[] = [];
    const done = deferred();
    const acknowledged = deferred();
    const subscription = buyer
      .subscribe<Data>({
        query: gql(CHECKOUT_STATUS),
        variables: { lbgId },
      })
      .subscribe({
        next: (result) => {
          const event = result.data?.["checkoutStatus"]?.["event"];
          if (event === "probe") return acknowledged.resolve();
          received.push(event);
          if (received.length === 2) done.resolve();
        },
        error: (cause: unknown) => acknowledged.reject(cause),
      });
    const publish = backend(target);
    // The link does not tell when it is subscribed: probe until one event arrives.
    const probe = setInterval(() => void publish(checkoutEvent(lbgId, "probe")).catch(acknowledged.reject), 100);
    await within(acknowledged.promise, "the first event").finally(() => clearInterval(probe));
    await publish(checkoutEvent(`lbg_${"f".repeat(32)}`, "lbg.failed"));
    await publish(checkoutEvent(lbgId, "payment.intent.authorized"));
    await publish(checkoutEvent(lbgId, "lbg.confirmed"));
    await within(done.promise, "the second event");
    subscription.unsubscribe();
    assert.deepEqual(received, ["payment.intent.authorized", "lbg.confirmed"]);
  });
});

/** Errors of an answer that must have some. */
async function errorsOf(request: Promise<unknown>): Promise<Array<Record<string, unknown>>> {
  try {
    await request;
  } catch (cause) {
    if (CombinedGraphQLErrors.is(cause)) return cause.errors as unknown as Array<Record<string, unknown>>;
    throw cause;
  }
  return assert.fail("the request should have failed");
}
