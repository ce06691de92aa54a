// Who is subscribed to what, and which subscribers a mutation's answer reaches. Knows nothing of sockets.

import type { Executor, Prepared } from "../execution/execute.js";
import type { Caller, GraphqlResponse } from "../model.js";
import type { AppSyncSchema } from "../schema/build.js";

export interface Subscriber {
  prepared: Prepared;
  caller: Caller;
  field: string;
  /** Arguments as coerced; each one given has to equal the field of the same name. */
  args: Record<string, unknown>;
  send(response: GraphqlResponse): void;
}

export interface Subscriptions {
  /** Gives the function that ends the subscription. */
  add(subscriber: Subscriber): () => void;
  publish(mutationField: string, payload: Record<string, unknown>): void;
  readonly size: number;
}

export function createSubscriptions(schema: AppSyncSchema, executor: Executor): Subscriptions {
  const byField = new Map<string, Set<Subscriber>>();
  return {
    add(subscriber) {
      const subscribers = byField.get(subscriber.field) ?? new Set();
      byField.set(subscriber.field, subscribers.add(subscriber));
      return () => void subscribers.delete(subscriber);
    },
    publish(mutationField, payload) {
      for (const field of schema.subscriptionsOf(mutationField)) {
        for (const subscriber of byField.get(field) ?? []) {
          if (!matches(subscriber.args, payload)) continue;
          subscriber.send(executor.deliver(subscriber.prepared, subscriber.caller, field, payload));
        }
      }
    },
    get size() {
      return [...byField.values()].reduce((sum, { size }) => sum + size, 0);
    },
  };
}

/** An argument left out matches everything; one given as null matches a null field only, as AppSync documents it. */
export function matches(args: Record<string, unknown>, payload: Record<string, unknown>): boolean {
  return Object.entries(args).every(
    ([name, wanted]) => wanted === undefined || JSON.stringify(wanted) === JSON.stringify(payload[name] ?? null),
  );
}
