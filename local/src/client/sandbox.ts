// The hands of payers, signers and banks: a client of the provider sandbox's control plane and of its Stripe.

export interface ProviderState {
  readonly totals: Readonly<
    Record<'authorized_cents' | 'captured_cents' | 'refunded_cents' | 'transferred_cents' | 'reversed_cents' | 'processing_cents', number>
  >;
  readonly payment_intents: readonly Record<string, unknown>[];
  readonly transfers: readonly Record<string, unknown>[];
  readonly refunds: readonly Record<string, unknown>[];
  readonly signature_requests: readonly Record<string, unknown>[];
}

export class Sandbox {
  constructor(readonly url: string) {}

  async control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/_sandbox/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T & { error?: string };
    if (!response.ok) throw new Error(`sandbox ${method} ${path}: ${response.status} ${answer.error ?? ''}`);
    return answer;
  }

  /** Moves the clock of the whole local cloud forward. */
  async advance(seconds: number): Promise<void> {
    await this.control('POST', 'clock', { advanceSeconds: Math.ceil(seconds) });
  }

  /** The time of the local cloud. */
  async now(): Promise<Date> {
    return new Date((await this.control<{ nowIso: string }>('GET', 'clock')).nowIso);
  }

  /** Moves the clock to a time, when that is not past. */
  async advanceTo(target: Date): Promise<void> {
    const seconds = (target.getTime() - (await this.now()).getTime()) / 1000;
    if (seconds > 0) await this.advance(seconds);
  }

  state(lbgId: string): Promise<ProviderState> {
    return this.control('GET', `state?lbgId=${lbgId}`);
  }

  /** Signs every open envelope of an order, as all its signers would. */
  async signAll(lbgId: string): Promise<number> {
    const { signature_requests: requests } = await this.state(lbgId);
    const open = requests.filter((r) => r['is_complete'] !== true && r['is_canceled'] !== true);
    for (const request of open) await this.control('POST', `esign/sign-all/${String(request['signature_request_id'])}`, {});
    return open.length;
  }

  async fault(fault: Record<string, unknown>): Promise<void> {
    await this.control('POST', 'faults', fault);
  }

  /** Confirms an intent as Stripe.js does in the buyer's browser: with the publishable key and the client secret. */
  async confirmIntent(kind: 'payment_intents' | 'setup_intents', id: string, clientSecret: string, key: string, method: string): Promise<IntentAnswer> {
    const body = new URLSearchParams({ client_secret: clientSecret, payment_method: method, return_url: 'https://app.rastup.com/checkout' });
    const response = await fetch(`${this.url}/v1/${kind}/${id}/confirm`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' },
      body,
    });
    return (await response.json()) as IntentAnswer;
  }

  async complete3ds(intent: string, outcome: 'succeed' | 'fail' = 'succeed'): Promise<void> {
    await this.control('POST', `stripe/3ds/${intent}`, { outcome });
  }

  /** Lets the bank settle the debits of an order. */
  async settleAch(lbgId: string): Promise<void> {
    await this.control('POST', 'stripe/ach/settle', { lbgId, force: true });
  }
}

export interface IntentAnswer {
  readonly id?: string;
  readonly status?: string;
  readonly error?: { readonly code: string; readonly decline_code?: string };
}
