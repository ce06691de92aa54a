// The promises of the booking path, kept or broken on the deployed local cloud: real API, Lambdas, sagas and database.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../local/src/client/graphql.ts';
import * as operation from '../../local/src/client/operations.ts';
import { assertBooksBalance, assertConfirmedWhole, assertLedgerMatchesProvider, assertUndoneWhole } from '../support/invariants.ts';
import { newSupply } from '../support/supply.ts';
import { useWorld } from '../support/world.ts';

const here = useWorld();

describe('booking on the deployed cloud', () => {
  it('a_single_talent_leg_paid_by_card_is_confirmed_completed_and_paid_out', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.confirmed(buyer, supply, await world.range(2), false);
    assert.equal(order.legs.length, 1);
    await assertConfirmedWhole(world, order.lbgId);
    await world.sandbox.advanceTo(new Date(order.endAt));
    await world.orderIn(buyer, order.lbgId, 'DELIVERED');
    await world.api.call(buyer.token, operation.COMPLETE, { lbgId: order.lbgId });
    await payoutsIn(order.lbgId, 'queued', 'in_transit', 'paid');
    await world.sandbox.advance(8 * 86_400);
    await payoutsIn(order.lbgId, 'paid');
    await assertBooksBalance(world, order.lbgId);
    await assertLedgerMatchesProvider(world, order.lbgId);
  });

  it('a_talent_and_a_studio_with_deposit_are_confirmed_together_and_the_unclaimed_deposit_is_voided', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.confirmed(buyer, supply, await world.range(2));
    assert.deepEqual(order.legs.map((leg) => leg.status), ['CONFIRMED', 'CONFIRMED']);
    assert.equal(order.legs.find((leg) => leg.type === 'STUDIO')?.deposit?.status, 'AUTHORIZED');
    await assertConfirmedWhole(world, order.lbgId);
    await world.sandbox.advanceTo(new Date(order.endAt));
    await world.orderIn(buyer, order.lbgId, 'DELIVERED');
    // Nobody answers: the acceptance window ends by itself.
    await world.sandbox.advance(48 * 3600 + 60);
    await world.orderIn(buyer, order.lbgId, 'COMPLETED');
    await world.sandbox.advance(8 * 86_400);
    await payoutsIn(order.lbgId, 'paid');
    const settled = await until('deposit voided', async () => {
      const now = await world.order(buyer, order.lbgId);
      return now.legs.some((leg) => leg.deposit?.status === 'VOIDED') ? now : undefined;
    });
    assert.equal(settled.status, 'COMPLETED');
    assert.equal((await world.sandbox.state(order.lbgId)).totals.authorized_cents, 0);
    await assertLedgerMatchesProvider(world, order.lbgId);
  });

  it('quote_charge_receipt_and_ledger_are_the_same_to_the_cent', async () => {
    const { world } = here;
    const [buyer, supply, when] = [await world.buyer(), await newSupply(world), await world.range(3)];
    const leg = { serviceProfileId: supply.serviceProfileId, packageId: supply.packageId };
    const quote = await world.api.call<{ totalCents: number }>(buyer.token, operation.QUOTE, { leg, when, city: 'houston', studioId: supply.studioId });
    const order = await world.confirmed(buyer, supply, when);
    const group = await world.api.call<Group>(buyer.token, operation.GROUP_RECEIPT, { lbgId: order.lbgId });
    assert.equal(order.totalCents, quote.totalCents);
    assert.equal(order.charge?.amountCents, quote.totalCents);
    assert.equal(group.totalCents, quote.totalCents);
    for (const receipt of group.legs) {
      assert.equal(receipt.lines.reduce((sum, line) => sum + line.amountCents, 0), receipt.subtotalCents);
      assert.equal(receipt.subtotalCents + receipt.serviceTaxCents + receipt.platformFeeCents + receipt.platformFeeTaxCents, receipt.totalCents);
      assert.equal(receipt.splitCents, receipt.totalCents);
      assert.ok(receipt.documents.length > 0 && receipt.documents.every((d) => /^[0-9a-f]{64}$/.test(d.sha256)));
      assert.equal(receipt.paymentIntentId, order.charge?.paymentIntentId);
    }
    const cash = await world.db.query(
      `select sum(e.debit_cents)::bigint as cash from finance.gl_entry e join finance.gl_journal j using (journal_id)
       where j.lbg_id = $1 and e.account = 'Cash:Stripe'`,
      [order.lbgId],
    );
    assert.equal(Number((cash.rows[0] as { cash: string }).cash), quote.totalCents);
    const rendered = await until('receipt PDFs', async () => {
      const now = await world.api.call<Group>(buyer.token, operation.GROUP_RECEIPT, { lbgId: order.lbgId });
      return now.pdfUrl !== null && now.legs.every((r) => r.pdfUrl !== null) ? now : undefined;
    });
    const pdf = Buffer.from(await (await fetch(rendered.pdfUrl as string)).arrayBuffer());
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
  });

  it('a_3ds_challenge_holds_the_confirmation_and_its_webhook_resumes_it', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.readyToPay(buyer, supply, await world.range(4));
    const payment = await world.createPayment(buyer, order.lbgId);
    assert.equal(await world.payInBrowser(payment, 'pm_card_authenticationRequired', 'pm_card_visa'), 'requires_action');
    assert.equal(await world.refusal(world.confirm(buyer, order.lbgId)), 'CHK_CARD_ACTION_REQUIRED');
    assert.equal((await world.order(buyer, order.lbgId)).status, 'AWAITING_PAYMENT');
    await world.sandbox.complete3ds(payment.paymentIntentId);
    await world.orderIn(buyer, order.lbgId, 'CONFIRMED');
    await assertConfirmedWhole(world, order.lbgId);
  });

  it('an_ach_debit_confirms_the_order_when_it_has_succeeded_and_not_before', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.readyToPay(buyer, supply, await world.range(12), false);
    const payment = await world.createPayment(buyer, order.lbgId, 'ACH_DEBIT');
    assert.equal(await world.payInBrowser(payment, 'pm_usBankAccount_success'), 'processing');
    const waiting = await world.confirm(buyer, order.lbgId);
    assert.equal(waiting.chargeStatus, 'PROCESSING');
    assert.equal((await world.order(buyer, order.lbgId)).status, 'AWAITING_PAYMENT');
    await world.sandbox.settleAch(order.lbgId);
    await world.orderIn(buyer, order.lbgId, 'CONFIRMED');
    await assertConfirmedWhole(world, order.lbgId);
  });

  it('a_declined_card_changes_nothing_and_another_card_pays', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.readyToPay(buyer, supply, await world.range(5));
    const payment = await world.createPayment(buyer, order.lbgId);
    assert.equal(await world.payInBrowser(payment, 'pm_card_chargeDeclined', 'pm_card_visa'), 'card_declined');
    assert.equal(await world.refusal(world.confirm(buyer, order.lbgId)), 'PAYMENT_FAILED');
    assert.equal((await world.order(buyer, order.lbgId)).status, 'AWAITING_PAYMENT');
    const again = await world.createPayment(buyer, order.lbgId);
    assert.equal(await world.payInBrowser(again), 'requires_capture');
    await world.confirm(buyer, order.lbgId);
    await world.orderIn(buyer, order.lbgId, 'CONFIRMED');
    await assertConfirmedWhole(world, order.lbgId);
  });

  it('when_the_deposit_hold_fails_nothing_is_charged_and_both_legs_still_await_payment', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.readyToPay(buyer, supply, await world.range(2));
    const payment = await world.createPayment(buyer, order.lbgId);
    await world.payInBrowser(payment, 'pm_card_visa', 'pm_card_chargeCustomerFail');
    await world.confirm(buyer, order.lbgId);
    const failed = await until('the attempt undone', async () => {
      const now = await world.order(buyer, order.lbgId);
      return now.lastErrorCode !== null ? now : undefined;
    });
    assert.equal(failed.lastErrorCode, 'CHK_ATOMIC_FAIL');
    await assertUndoneWhole(world, order.lbgId);
    // The buyer may try again with a card that works.
    const again = await world.createPayment(buyer, order.lbgId);
    await world.payInBrowser(again);
    await world.confirm(buyer, order.lbgId);
    await world.orderIn(buyer, order.lbgId, 'CONFIRMED');
    await assertConfirmedWhole(world, order.lbgId);
  });

  it('payment_is_refused_while_a_document_is_unsigned', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const draft = await world.startCheckout(buyer, supply, await world.range(6));
    assert.equal(await world.refusal(world.createPayment(buyer, draft.lbgId)), 'CHK_DOCS_REQUIRED');
    assert.equal((await world.sandbox.state(draft.lbgId)).payment_intents.length, 0);
  });

  it('the_same_client_call_twice_returns_the_same_object', async () => {
    const { world } = here;
    const [buyer, supply, when] = [await world.buyer(), await newSupply(world), await world.range(7)];
    const calls = await Promise.all([1, 2, 3].map(() => world.startCheckout(buyer, supply, when, 'request-1')));
    assert.equal(new Set(calls.map((order) => order.lbgId)).size, 1);
    const lbgId = (calls[0] as { lbgId: string }).lbgId;
    await world.attachStudio(buyer, lbgId, supply.studioId);
    assert.equal((await world.attachStudio(buyer, lbgId, supply.studioId)).legs.length, 2);
    await world.signDocuments(buyer, lbgId);
    const first = await world.createPayment(buyer, lbgId);
    const second = await world.createPayment(buyer, lbgId);
    assert.deepEqual(second, first);
    assert.equal(await world.refusal(world.startCheckout(buyer, supply, await world.range(8), 'request-1')), 'IDEMPOTENCY_CONFLICT');
  });

  it('duplicate_reordered_and_late_webhooks_end_in_the_same_state', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.readyToPay(buyer, supply, await world.range(9));
    await world.sandbox.fault({ kind: 'webhook_duplicate', provider: 'stripe', lbgId: order.lbgId, copies: 2, remaining: null });
    await world.sandbox.fault({ kind: 'webhook_reorder', provider: 'stripe', lbgId: order.lbgId, remaining: null });
    const payment = await world.createPayment(buyer, order.lbgId);
    await world.payInBrowser(payment);
    await world.confirm(buyer, order.lbgId);
    await world.orderIn(buyer, order.lbgId, 'CONFIRMED');
    await world.sandbox.control('DELETE', `faults?lbgId=${order.lbgId}`);
    await world.sandbox.control('POST', 'webhooks/resend', { provider: 'stripe', lbgId: order.lbgId });
    await world.sandbox.control('POST', 'webhooks/flush', { lbgId: order.lbgId });
    await assertConfirmedWhole(world, order.lbgId);
    const inbox = await world.db.query(`select provider_event_id, count(*) from platform.webhook_inbox group by 1 having count(*) > 1`);
    assert.equal(inbox.rows.length, 0);
  });

  async function payoutsIn(lbgId: string, ...wanted: string[]): Promise<void> {
    const { world } = here;
    await until(`payouts of ${lbgId} ${wanted.join(' or ')}`, async () => {
      const { rows } = await world.db.query('select status from finance.payout where lbg_id = $1', [lbgId]);
      return rows.length > 0 && rows.every((row: { status: string }) => wanted.includes(row.status)) ? true : undefined;
    });
  }
});

interface ReceiptOfLeg {
  readonly subtotalCents: number;
  readonly serviceTaxCents: number;
  readonly platformFeeCents: number;
  readonly platformFeeTaxCents: number;
  readonly totalCents: number;
  readonly splitCents: number;
  readonly paymentIntentId: string;
  readonly pdfUrl: string | null;
  readonly lines: readonly { amountCents: number }[];
  readonly documents: readonly { sha256: string }[];
}

interface Group {
  readonly totalCents: number;
  readonly pdfUrl: string | null;
  readonly legs: readonly ReceiptOfLeg[];
}
