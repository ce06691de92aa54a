// Live status of a checkout: events travel from the database to the subscribers of that order, and to nobody else.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '../../local/src/client/graphql.ts';
import { subscribe } from '../support/subscription.ts';
import { newSupply } from '../support/supply.ts';
import { useWorld } from '../support/world.ts';

const here = useWorld();

describe('checkoutStatus', () => {
  it('the_buyer_sees_the_confirmation_of_the_order_as_it_happens', async () => {
    const { world } = here;
    const [buyer, supply] = [await world.buyer(), await newSupply(world)];
    const order = await world.readyToPay(buyer, supply, await world.range(16));
    const other = await world.startCheckout(buyer, supply, await world.range(17));
    const [mine, elsewhere] = [await subscribe(world, buyer, order.lbgId), await subscribe(world, buyer, other.lbgId)];
    try {
      const payment = await world.createPayment(buyer, order.lbgId);
      await world.payInBrowser(payment);
      await world.confirm(buyer, order.lbgId);
      const confirmed = await until('the event', async () => mine.events.find((event) => event.event === 'lbg.confirmed'));
      assert.equal(confirmed.status, 'CONFIRMED');
      assert.ok(mine.events.every((event) => event.lbgId === order.lbgId));
      assert.deepEqual(elsewhere.events, [], 'another order hears nothing');
    } finally {
      mine.close();
      elsewhere.close();
    }
  });

  it('a_stranger_may_not_subscribe_to_an_order', async () => {
    const { world } = here;
    const [buyer, stranger, supply] = [await world.buyer(), await world.buyer(), await newSupply(world)];
    const order = await world.startCheckout(buyer, supply, await world.range(18));
    const subscriber = await subscribe(world, stranger, order.lbgId);
    subscriber.close();
    assert.deepEqual(subscriber.refusals, ['NOT_FOUND']);
  });
});
