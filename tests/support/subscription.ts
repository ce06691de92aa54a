// A subscriber of one order, in AppSync's real-time protocol; what unchanged clients do is tested by themselves.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import WebSocket from 'ws';
import type { Person, World } from '../../local/src/client/world.ts';

export interface StatusEvent {
  readonly lbgId: string;
  readonly event: string;
  readonly status: string;
  readonly chargeStatus: string | null;
}

export interface Subscriber {
  readonly events: StatusEvent[];
  /** AppSync's error types, when the subscription was refused. */
  readonly refusals: string[];
  close(): void;
}

const QUERY = `subscription Status($lbgId: ID!) { checkoutStatus(lbgId: $lbgId) { lbgId event status chargeStatus errorCode occurredAt } }`;

/** Subscribes and answers once the subscription stands or is refused. */
export function subscribe(world: World, person: Person, lbgId: string): Promise<Subscriber> {
  const authorization = { host: `localhost:${world.ports.gateway}`, Authorization: person.token };
  const header = Buffer.from(JSON.stringify(authorization)).toString('base64url');
  const socket = new WebSocket(`wss://localhost:${world.ports.gateway}/graphql/realtime`, ['graphql-ws', `header-${header}`], {
    ca: readFileSync(join(world.paths.root, 'ca.pem')),
  });
  const events: StatusEvent[] = [];
  const refusals: string[] = [];
  return new Promise((resolve, reject) => {
    const subscriber: Subscriber = { events, refusals, close: () => socket.close() };
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; payload?: { data?: { checkoutStatus: StatusEvent }; errors?: { errorType: string }[] } };
      if (message.type === 'connection_ack') {
        const payload = { data: JSON.stringify({ query: QUERY, variables: { lbgId } }), extensions: { authorization } };
        socket.send(JSON.stringify({ id: 'one', type: 'start', payload }));
      } else if (message.type === 'start_ack') resolve(subscriber);
      else if (message.type === 'error' || message.type === 'connection_error') {
        refusals.push(...(message.payload?.errors ?? []).map((error) => error.errorType));
        resolve(subscriber);
      } else if (message.type === 'data' && message.payload?.data !== undefined) events.push(message.payload.data.checkoutStatus);
    });
  });
}
