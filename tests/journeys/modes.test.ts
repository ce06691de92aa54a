// Modes of booking on the deployed cloud: a request with its answers, an invite with two awards, an instant booking.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { ensureAccount } from '../../local/src/cloud/accounts.ts';
import { until } from '../../local/src/client/graphql.ts';
import * as operation from '../../local/src/client/operations.ts';
import * as modes from '../../local/src/client/modes.ts';
import type { Person, Supply, World } from '../../local/src/client/world.ts';
import { assertConfirmedWhole } from '../support/invariants.ts';
import { newSupply } from '../support/supply.ts';
import { useWorld } from '../support/world.ts';

const here = useWorld();

interface Market {
  readonly supply: Supply;
  readonly seller: Person;
  readonly host: Person;
}

/** Supply of its own whose talent and host can sign in. */
async function market(world: World): Promise<Market> {
  const supply = await newSupply(world);
  const person = async (group: string, profileOwner: string): Promise<Person> => {
    const account = await ensureAccount(world.ports, world.outputs, `${group}_${randomUUID().slice(0, 8)}`, [group]);
    // The copied supply belongs to an account that nobody can sign in with: it is handed to this one.
    await world.db.query(
      `insert into profiles.app_user (user_id, legal_name, email, date_of_birth, created_at)
       select $2, legal_name, replace(email, '@', '+' || right($2, 8) || '@'), date_of_birth, created_at
       from profiles.app_user where user_id = $1 on conflict do nothing`,
      [profileOwner, account.userId],
    );
    await world.db.query('update profiles.service_profile set user_id = $2 where user_id = $1', [profileOwner, account.userId]);
    await world.db.query('update studios.studio set owner_user_id = $2 where owner_user_id = $1', [profileOwner, account.userId]);
    await world.db.query('update finance.connect_account set seller_user_id = $2 where seller_user_id = $1', [profileOwner, account.userId]);
    return world.signIn(account);
  };
  return { supply, seller: await person('seller', supply.sellerUserId), host: await person('studio_owner', supply.ownerUserId) };
}

describe('modes of booking on the deployed cloud', () => {
  it('a_request_is_countered_and_accepted_by_talent_and_host_then_signed_paid_and_confirmed', async () => {
    const { world } = here;
    const [buyer, { supply, seller, host }] = [await world.buyer(), await market(world)];
    const lbgId = await modes.startOrder(world, buyer, modes.orderInput(supply, await world.range(9), 'RTB', true));
    assert.equal(await world.refusal(world.api.call(buyer.token, operation.CREATE_PACKS, { draftId: lbgId })), 'WRONG_STATE');
    const sent = await world.api.call<modes.BookingRequest[]>(buyer.token, modes.SEND_REQUEST, { lbgId, message: 'May we?' });
    assert.deepEqual(sent.map((request) => request.legType).sort(), ['STUDIO', 'TALENT']);
    const to = (kind: string): string => (sent.find((request) => request.legType === kind) as modes.BookingRequest).requestId;
    const lineItemChanges = [{ kind: 'TRAVEL', name: 'Travel', quantity: 20, unitPriceCents: 100 }];
    const countered = await world.api.call<modes.BookingRequest>(seller.token, modes.COUNTER_OFFER, {
      input: { requestId: to('TALENT'), lineItemChanges },
    });
    await world.api.call(host.token, modes.ACCEPT_REQUEST, { requestId: to('STUDIO') });
    assert.equal(await world.refusal(world.api.call(seller.token, modes.ACCEPT_REQUEST, { requestId: countered.requestId })), 'WRONG_STATE');
    await world.api.call(buyer.token, modes.ACCEPT_REQUEST, { requestId: countered.requestId });
    const order = await modes.signAndPay(world, buyer, lbgId);
    assert.equal(order.legs.find((leg) => leg.type === 'TALENT')?.totalCents, countered.totalCents);
    await assertConfirmedWhole(world, lbgId);
  });

  it('a_request_that_nobody_answers_is_expired_by_the_job_and_other_times_are_suggested', async () => {
    const { world } = here;
    const [buyer, { supply }] = [await world.buyer(), await market(world)];
    const lbgId = await modes.startOrder(world, buyer, modes.orderInput(supply, await world.range(20), 'RTB'));
    await world.api.call(buyer.token, modes.SEND_REQUEST, { lbgId });
    await world.sandbox.advance(48 * 3600 + 60);
    const expired = await until('the request expired', async () => {
      const page = await world.api.call<{ items: modes.BookingRequest[] }>(buyer.token, modes.MY_REQUESTS, { as: 'BUYER' });
      return page.items.find((request) => request.status === 'EXPIRED');
    }, 120_000);
    assert.equal(expired.alternatives.length, 3);
  });

  it('an_invite_with_two_awards_makes_two_confirmed_orders_and_closes_the_third', async () => {
    const { world } = here;
    const buyer = await world.buyer();
    const markets = [await market(world), await market(world), await market(world)];
    const when = await world.range(15);
    const recipients = markets.map(({ supply }) => ({ serviceProfileId: supply.serviceProfileId }));
    const input = { brief: 'Four hours in daylight.', recipients, when, city: 'houston', locationKind: 'BUYER', locationAddress: '1 Main Street' };
    const { inviteId } = await world.api.call<{ inviteId: string }>(buyer.token, modes.CREATE_INVITE, { input });
    for (const { supply, seller } of markets.slice(0, 2)) {
      const { serviceProfileId, packageId } = supply;
      await world.api.call(seller.token, modes.RESPOND_INVITE, { input: { inviteId, serviceProfileId, packageId } });
    }
    const recipientIds = recipients.slice(0, 2).map((recipient) => recipient.serviceProfileId);
    const awarded = await world.api.call<{ lbgIds: string[]; invite: { recipients: { status: string }[] } }>(
      buyer.token, modes.AWARD_INVITE, { input: { inviteId, recipientIds } },
    );
    assert.deepEqual(awarded.invite.recipients.map((side) => side.status).sort(), ['AWARDED', 'AWARDED', 'NOT_AWARDED']);
    for (const lbgId of awarded.lbgIds) {
      await modes.signAndPay(world, buyer, lbgId);
      await assertConfirmedWhole(world, lbgId);
    }
  });

  it('an_instant_booking_is_agreed_by_the_rules_confirmed_and_shown_in_the_feed', async () => {
    const { world } = here;
    const [buyer, { supply, seller }] = [await world.buyer(), await market(world)];
    const { serviceProfileId } = supply;
    await world.api.call(seller.token, modes.SET_RULES, { serviceProfileId, rules: { allowIb: true, minPriceCents: 1000 } });
    const lbgId = await modes.startOrder(world, buyer, modes.orderInput(supply, await world.range(8), 'IB'));
    const booked = await world.api.call<{ agreed: boolean }>(buyer.token, modes.CONFIRM_INSTANT, { lbgId });
    assert.equal(booked.agreed, true);
    await modes.signAndPay(world, buyer, lbgId);
    await assertConfirmedWhole(world, lbgId);
    const feed = await world.api.call<{ address: string }>(seller.token, modes.ROTATE_FEED, {});
    const response = await fetch(feed.address);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/calendar/);
    const text = await response.text();
    assert.match(text, /SUMMARY:Booked session/);
    assert.doesNotMatch(text, /Buyer|Main Street/);
    await world.api.call(seller.token, modes.REVOKE_FEED, {});
    assert.equal((await fetch(feed.address)).status, 404);
  });
});
