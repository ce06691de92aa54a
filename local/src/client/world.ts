// A running local cloud as its users meet it: buyers, sellers, studios, and the whole path from quote to payout.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import pg from 'pg';
import { ensureAccount, signIn, type Account } from '../cloud/accounts.ts';
import type { Outputs } from '../cloud/deploy.ts';
import { type Ports, type StatePaths, statePathsAt } from '../cloud/paths.ts';
import { Api, Refused, until } from './graphql.ts';
import * as operation from './operations.ts';
import { Sandbox } from './sandbox.ts';

export interface Person extends Account {
  readonly token: string;
}

/** Something to book: a package of a talent, and a studio beside it. */
export interface Supply {
  readonly serviceProfileId: string;
  readonly packageId: string;
  readonly sellerUserId: string;
  readonly studioId: string;
  readonly ownerUserId: string;
}

export interface Leg {
  readonly legId: string;
  readonly type: 'TALENT' | 'STUDIO';
  readonly status: string;
  readonly totalCents: number;
  readonly subtotalCents: number;
  readonly serviceTaxCents: number;
  readonly platformFeeCents: number;
  readonly platformFeeTaxCents: number;
  readonly docPackId: string | null;
  readonly deposit: { readonly depositId: string; readonly status: string; readonly authorizedCents: number } | null;
}

export interface Order {
  readonly lbgId: string;
  readonly status: string;
  readonly startAt: string;
  readonly endAt: string;
  readonly acceptanceUntil: string | null;
  readonly totalCents: number;
  readonly lastErrorCode: string | null;
  readonly charge: { readonly chargeId: string; readonly paymentIntentId: string; readonly status: string; readonly amountCents: number } | null;
  readonly legs: readonly Leg[];
}

export interface Payment {
  readonly chargeId: string;
  readonly paymentIntentId: string;
  readonly clientSecret: string;
  readonly amountCents: number;
  readonly publishableKey: string;
  readonly depositSetupIntentId: string | null;
  readonly depositSetupClientSecret: string | null;
}

export interface Range {
  readonly start: string;
  readonly end: string;
}

export class World {
  readonly api: Api;
  readonly sandbox: Sandbox;
  readonly db: pg.Pool;

  constructor(
    readonly ports: Ports,
    readonly outputs: Outputs,
    readonly paths: StatePaths,
    databaseUrl: string,
  ) {
    this.api = new Api(ports, paths);
    this.sandbox = new Sandbox(`http://127.0.0.1:${ports.sandbox}`);
    this.db = new pg.Pool({ connectionString: databaseUrl, max: 8 });
  }

  /** The cloud that the test runner started, from RASTUP_CLOUD. */
  static attach(): World {
    const file = process.env['RASTUP_CLOUD'];
    if (file === undefined) throw new Error('RASTUP_CLOUD is not set: run through `make test-cloud`');
    const { ports, outputs } = JSON.parse(readFileSync(file, 'utf8')) as { ports: Ports; outputs: Outputs };
    return new World(ports, outputs, statePathsAt(dirname(file)), `postgres://rastup@127.0.0.1:${ports.postgres}/rastup`);
  }

  async close(): Promise<void> {
    this.api.close();
    await this.db.end();
  }

  /** A new buyer, signed in. */
  async buyer(name = `buyer_${randomUUID().slice(0, 8)}`): Promise<Person> {
    const account = await ensureAccount(this.ports, this.outputs, name, ['buyer']);
    await this.db.query(
      `insert into profiles.app_user (user_id, legal_name, email, date_of_birth, created_at)
       values ($1, $2, $3, '1990-04-02', $4) on conflict do nothing`,
      [account.userId, `Buyer ${name}`, `${name}@example.com`, await this.sandbox.now()],
    );
    return this.signIn(account);
  }

  async signIn(account: Account): Promise<Person> {
    return { ...account, token: await signIn(this.ports, this.outputs, account.username) };
  }

  /** A range on a day after the world's now, at an hour (UTC) inside the working day of both cities. */
  async range(daysAhead: number, hours = 4, hourUtc = 18): Promise<Range> {
    const day = new Date((await this.sandbox.now()).getTime() + daysAhead * 86_400_000);
    day.setUTCHours(hourUtc, 0, 0, 0);
    return { start: day.toISOString(), end: new Date(day.getTime() + hours * 3_600_000).toISOString() };
  }

  async startCheckout(buyer: Person, supply: Supply, when: Range, clientRequestId?: string): Promise<Order> {
    const leg = { serviceProfileId: supply.serviceProfileId, packageId: supply.packageId, locationAddress: '1 Main Street, Houston, TX' };
    const variables = { leg, when, city: 'houston', clientRequestId };
    return (await this.api.call<{ order: Order }>(buyer.token, operation.START, variables)).order;
  }

  async attachStudio(buyer: Person, lbgId: string, studioId: string): Promise<Order> {
    return (await this.api.call<{ order: Order }>(buyer.token, operation.ATTACH, { draftId: lbgId, studioId })).order;
  }

  order(person: Person, lbgId: string): Promise<Order> {
    return this.api.call<Order>(person.token, operation.ORDER_QUERY, { lbgId });
  }

  /** Waits until the order is in a state. */
  orderIn(person: Person, lbgId: string, status: string, withinMs = 40_000): Promise<Order> {
    return until(
      `order ${lbgId} ${status}`,
      async () => {
        const order = await this.order(person, lbgId);
        return order.status === status ? order : undefined;
      },
      withinMs,
    );
  }

  /** Issues the documents and signs them as every party. */
  async signDocuments(buyer: Person, lbgId: string): Promise<Order> {
    await this.api.call(buyer.token, operation.CREATE_PACKS, { draftId: lbgId });
    await until('every pack issued', async () => {
      const { rows } = await this.db.query(
        `select p.status from documents.doc_pack p where p.lbg_id = $1 and p.status in ('draft', 'issued')`,
        [lbgId],
      );
      return rows.length > 0 && rows.every((row: { status: string }) => row.status === 'issued') ? true : undefined;
    });
    await this.sandbox.signAll(lbgId);
    return this.orderIn(buyer, lbgId, 'AWAITING_PAYMENT');
  }

  createPayment(buyer: Person, lbgId: string, type: 'CARD' | 'ACH_DEBIT' = 'CARD', clientRequestId?: string): Promise<Payment> {
    return this.api.call<Payment>(buyer.token, operation.PAY, { draftId: lbgId, method: { type }, clientRequestId });
  }

  /** What the buyer's browser does with the payment element. */
  async payInBrowser(payment: Payment, method = 'pm_card_visa', depositMethod = method): Promise<string> {
    const { depositSetupIntentId: setup, depositSetupClientSecret: setupSecret, publishableKey: key } = payment;
    if (setup !== null && setupSecret !== null) {
      const saved = await this.sandbox.confirmIntent('setup_intents', setup, setupSecret, key, depositMethod);
      if (saved.status === 'requires_action') await this.sandbox.complete3ds(setup);
    }
    const answer = await this.sandbox.confirmIntent('payment_intents', payment.paymentIntentId, payment.clientSecret, key, method);
    return answer.error?.code ?? answer.status ?? 'unknown';
  }

  confirm(buyer: Person, lbgId: string): Promise<{ status: string; chargeStatus: string; confirming: boolean }> {
    return this.api.call(buyer.token, operation.CONFIRM, { draftId: lbgId });
  }

  /** A draft with every document signed, ready to be paid. */
  async readyToPay(buyer: Person, supply: Supply, when: Range, withStudio = true): Promise<Order> {
    const draft = await this.startCheckout(buyer, supply, when);
    if (withStudio) await this.attachStudio(buyer, draft.lbgId, supply.studioId);
    return this.signDocuments(buyer, draft.lbgId);
  }

  /** The whole way to a confirmed order, paid by card. */
  async confirmed(buyer: Person, supply: Supply, when: Range, withStudio = true): Promise<Order> {
    const order = await this.readyToPay(buyer, supply, when, withStudio);
    const payment = await this.createPayment(buyer, order.lbgId);
    await this.payInBrowser(payment);
    await this.confirm(buyer, order.lbgId);
    return this.orderIn(buyer, order.lbgId, 'CONFIRMED');
  }

  /** The code an operation is refused with. */
  async refusal(operationUnderTest: Promise<unknown>): Promise<string> {
    try {
      await operationUnderTest;
    } catch (error) {
      if (error instanceof Refused) return error.code;
      throw error;
    }
    return 'NOT_REFUSED';
  }
}
