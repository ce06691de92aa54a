// A small GraphQL client for the demo and the journeys; what unchanged Amplify and Apollo do is tested by themselves.
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { Ports, StatePaths } from '../cloud/paths.ts';

export interface GraphqlError {
  readonly message: string;
  readonly errorType: string;
  readonly path?: readonly (string | number)[];
  readonly errorInfo?: {
    readonly code: string;
    readonly hint: string;
    readonly retryable?: boolean;
    readonly corrId: string;
    readonly details?: unknown;
  };
}

export interface GraphqlAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphqlError[];
}

/** An operation was refused; carries AppSync's error type, which is the public code. */
export class Refused extends Error {
  readonly code: string;
  readonly errors: readonly GraphqlError[];
  constructor(errors: readonly GraphqlError[]) {
    super(errors.map((error) => `${error.errorType}: ${error.message}`).join('; '));
    this.code = errors[0]?.errorType ?? 'UNKNOWN';
    this.errors = errors;
  }

  /** True when the same call may succeed later, as the backend says; a function that was not reached says nothing. */
  get retryable(): boolean {
    return this.code === 'INTERNAL' || this.errors.some((error) => error.errorInfo?.retryable === true);
  }
}

export class Api {
  readonly url: string;
  private readonly agent: Agent;

  constructor(ports: Ports, paths: StatePaths) {
    this.url = `https://localhost:${ports.gateway}/graphql`;
    this.agent = new Agent({ ca: readFileSync(join(paths.root, 'ca.pem')), keepAlive: true, maxSockets: 64 });
  }

  /** Runs an operation and answers with everything that came back. */
  raw(token: string | undefined, query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<GraphqlAnswer> {
    const body = JSON.stringify({ query, variables });
    return new Promise((resolve, reject) => {
      const call = request(
        this.url,
        {
          method: 'POST',
          agent: this.agent,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            ...(token === undefined ? {} : { authorization: token }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            try {
              resolve(JSON.parse(Buffer.concat(chunks).toString()) as GraphqlAnswer);
            } catch (error) {
              reject(error as Error);
            }
          });
        },
      );
      call.on('error', (error: NodeJS.ErrnoException) => {
        // An idle connection may be closed in the moment in which it is used again: the request was not read.
        if (call.reusedSocket && error.code === 'ECONNRESET') resolve(this.raw(token, query, variables, headers));
        else reject(error);
      });
      call.end(body);
    });
  }

  /** Runs an operation with one field and answers with that field. Throws {@link Refused}. */
  async call<T>(token: string | undefined, query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const answer = await this.raw(token, query, variables);
    if (answer.errors !== undefined && answer.errors.length > 0) throw new Refused(answer.errors);
    return Object.values(answer.data ?? {})[0] as T;
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Repeats a question until the answer is there; says what it waited for, and the last refusal, when it never comes. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, withinMs = 30_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  let refusal = '';
  for (let pause = 50; ; pause = Math.min(pause * 1.3, 500)) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!(error instanceof Refused) || !error.retryable) throw error;
      refusal = ` (${error.message})`;
    }
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for: ${what}${refusal}`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
