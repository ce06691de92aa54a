// Who may call which operation of the booking modes: rows of the authorization table, and the things they are tried on.
import { randomUUID } from 'node:crypto';
import * as modes from '../../local/src/client/modes.ts';
import type { Person, Supply, World } from '../../local/src/client/world.ts';

/** What the modes' rows are tried on: a request and an invite of the owner. */
export interface ModeIds {
  readonly rtbId: string;
  readonly requestId: string;
  readonly inviteId: string;
}

interface Ids {
  readonly leg: { serviceProfileId: string; packageId: string };
  readonly when: { start: string; end: string };
  readonly modes: ModeIds;
}

interface Row {
  readonly query: string;
  readonly variables: (order: unknown, ids: Ids) => Record<string, unknown>;
  readonly allowed: readonly ('nobody' | 'stranger' | 'owner' | 'seller' | 'support')[];
}

/** A draft of the owner whose seller was asked, and an invite to the same seller. */
export async function modeIds(world: World, owner: Person, supply: Supply): Promise<ModeIds> {
  const when = await world.range(40);
  const rtbId = await modes.startOrder(world, owner, modes.orderInput(supply, when, 'RTB'));
  const [request] = await world.api.call<modes.BookingRequest[]>(owner.token, modes.SEND_REQUEST, { lbgId: rtbId });
  if (request === undefined) throw new Error('sendRequest answered with no request');
  const input = inviteInput(supply.serviceProfileId, when);
  const { inviteId } = await world.api.call<{ inviteId: string }>(owner.token, modes.CREATE_INVITE, { input });
  return { rtbId, requestId: request.requestId, inviteId };
}

function inviteInput(serviceProfileId: string, when: { start: string; end: string }): Record<string, unknown> {
  return { brief: `Brief ${randomUUID()}`, recipients: [{ serviceProfileId }], when, city: 'houston', locationKind: 'REMOTE' };
}

const SIGNED_IN = ['stranger', 'owner', 'seller', 'support'] as const;
const BUYERS = ['stranger', 'owner', 'seller'] as const;
const request = (_: unknown, ids: Ids): Record<string, unknown> => ({ requestId: ids.modes.requestId });
const rtb = (_: unknown, ids: Ids): Record<string, unknown> => ({ lbgId: ids.modes.rtbId });
const invite = (_: unknown, ids: Ids): Record<string, unknown> => ({ inviteId: ids.modes.inviteId });
const own = (_: unknown, { leg }: Ids): Record<string, unknown> => ({ serviceProfileId: leg.serviceProfileId });

export const MODE_ROWS: Readonly<Record<string, Row>> = {
  startOrder: {
    query: modes.START_ORDER,
    variables: (_, { leg, when }) => ({ input: { ...leg, mode: 'RTB', when, city: 'houston', locationKind: 'REMOTE' } }),
    allowed: BUYERS,
  },
  sendRequest: { query: modes.SEND_REQUEST, variables: rtb, allowed: ['owner'] },
  confirmInstantBook: { query: modes.CONFIRM_INSTANT, variables: rtb, allowed: ['owner'] },
  acceptRequest: { query: modes.ACCEPT_REQUEST, variables: request, allowed: ['owner'] },
  declineRequest: { query: modes.DECLINE_REQUEST, variables: request, allowed: ['owner'] },
  counterOffer: {
    query: modes.COUNTER_OFFER,
    variables: (_, ids) => ({
      input: { requestId: ids.modes.requestId, lineItemChanges: [{ position: 0, quantity: 1, unitPriceCents: 5000 }] },
    }),
    allowed: ['owner'],
  },
  withdrawRequest: { query: modes.WITHDRAW_REQUEST, variables: request, allowed: ['owner'] },
  myRequests: { query: modes.MY_REQUESTS, variables: () => ({ as: 'SELLER' }), allowed: SIGNED_IN },
  setAutoAcceptRules: { query: modes.SET_RULES, variables: (order, ids) => ({ ...own(order, ids), rules: { allowIb: true } }), allowed: [] },
  createInvite: {
    query: modes.CREATE_INVITE,
    variables: (_, { leg, when }) => ({ input: inviteInput(leg.serviceProfileId, when) }),
    allowed: BUYERS,
  },
  respondToInvite: {
    query: modes.RESPOND_INVITE,
    variables: (_, ids) => ({ input: { inviteId: ids.modes.inviteId, ...ids.leg } }),
    allowed: [],
  },
  declineInvite: { query: modes.DECLINE_INVITE, variables: (order, ids) => ({ ...invite(order, ids), ...own(order, ids) }), allowed: [] },
  invite: { query: modes.INVITE_QUERY, variables: invite, allowed: ['owner'] },
  awardInvite: { query: modes.AWARD_INVITE, variables: (_, ids) => ({ input: { inviteId: ids.modes.inviteId, recipientIds: [] } }), allowed: ['owner'] },
  myInvites: { query: modes.MY_INVITES, variables: () => ({ as: 'BUYER' }), allowed: SIGNED_IN },
  myCalendar: { query: modes.MY_CALENDAR, variables: (_, { when }) => ({ within: when }), allowed: SIGNED_IN },
  calendarFeed: { query: modes.CALENDAR_FEED, variables: () => ({}), allowed: SIGNED_IN },
  rotateCalendarFeed: { query: modes.ROTATE_FEED, variables: () => ({}), allowed: SIGNED_IN },
  revokeCalendarFeed: { query: modes.REVOKE_FEED, variables: () => ({}), allowed: SIGNED_IN },
  bookingTerms: { query: modes.BOOKING_TERMS, variables: own, allowed: SIGNED_IN },
  setBookingTerms: { query: modes.SET_BOOKING_TERMS, variables: (order, ids) => ({ ...own(order, ids), terms: {} }), allowed: [] },
};
