// The modes of booking as clients use them: requests with their answers, instant book, invites, and the calendar's feed.
import type { Order, Person, Range, Supply, World } from './world.ts';

const REQUEST = `requestId lbgId legId legType status awaits round totalCents startAt expiresAt alternatives { startAt endAt }`;

export const START_ORDER = `mutation StartOrder($input: StartOrderInput!) {
  startOrder(input: $input) { draftId order { lbgId status totalCents } } }`;
export const SEND_REQUEST = `mutation Send($lbgId: ID!, $message: String) { sendRequest(lbgId: $lbgId, message: $message) { ${REQUEST} } }`;
export const ACCEPT_REQUEST = `mutation Accept($requestId: ID!) { acceptRequest(requestId: $requestId) { ${REQUEST} } }`;
export const DECLINE_REQUEST = `mutation Decline($requestId: ID!) { declineRequest(requestId: $requestId) { ${REQUEST} } }`;
export const WITHDRAW_REQUEST = `mutation Withdraw($requestId: ID!) { withdrawRequest(requestId: $requestId) { ${REQUEST} } }`;
export const COUNTER_OFFER = `mutation Counter($input: CounterOfferInput!) { counterOffer(input: $input) { ${REQUEST} } }`;
export const MY_REQUESTS = `query MyRequests($as: RequestSide!) { myRequests(as: $as) { items { ${REQUEST} } nextToken } }`;
export const CONFIRM_INSTANT = `mutation Instant($lbgId: ID!) {
  confirmInstantBook(lbgId: $lbgId) { lbgId agreed reasons { legId reasons } requests { ${REQUEST} } } }`;
export const SET_RULES = `mutation Rules($serviceProfileId: ID, $studioId: ID, $rules: AutoAcceptRulesInput!) {
  setAutoAcceptRules(serviceProfileId: $serviceProfileId, studioId: $studioId, rules: $rules) { allowIb weekdayMask } }`;

const INVITE = `inviteId closedAt recipients { serviceProfileId status totalCents lbgId }`;

export const CREATE_INVITE = `mutation Invite($input: CreateInviteInput!) { createInvite(input: $input) { ${INVITE} } }`;
export const RESPOND_INVITE = `mutation Respond($input: RespondToInviteInput!) { respondToInvite(input: $input) { ${INVITE} } }`;
export const DECLINE_INVITE = `mutation DeclineInvite($inviteId: ID!, $serviceProfileId: ID!) {
  declineInvite(inviteId: $inviteId, serviceProfileId: $serviceProfileId) { inviteId } }`;
export const AWARD_INVITE = `mutation Award($input: AwardInviteInput!) { awardInvite(input: $input) { lbgIds invite { ${INVITE} } } }`;
export const INVITE_QUERY = `query Invite($inviteId: ID!) { invite(inviteId: $inviteId) { ${INVITE} } }`;
export const MY_INVITES = `query MyInvites($as: RequestSide!) { myInvites(as: $as) { items { ${INVITE} } nextToken } }`;

export const MY_CALENDAR = `query MyCalendar($within: DateTimeRangeInput!) {
  myCalendar(within: $within) { entries { lbgId legType side confirmed startAt endAt } closed { startAt } } }`;
export const CALENDAR_FEED = `query Feed { calendarFeed { active createdAt address } }`;
export const ROTATE_FEED = `mutation Rotate { rotateCalendarFeed { active createdAt address } }`;
export const REVOKE_FEED = `mutation Revoke { revokeCalendarFeed { active } }`;

export const BOOKING_TERMS = `query Terms($serviceProfileId: ID!) {
  bookingTerms(serviceProfileId: $serviceProfileId) { travelCentsPerMile licenses { tier priceCents } } }`;
export const SET_BOOKING_TERMS = `mutation SetTerms($serviceProfileId: ID!, $terms: BookingTermsInput!) {
  setBookingTerms(serviceProfileId: $serviceProfileId, terms: $terms) { travelCentsPerMile } }`;

export interface BookingRequest {
  readonly requestId: string;
  readonly lbgId: string;
  readonly legType: 'TALENT' | 'STUDIO';
  readonly status: string;
  readonly totalCents: number;
  readonly alternatives: readonly { readonly startAt: string }[];
}

/** What `startOrder` takes for a supply. */
export function orderInput(supply: Supply, when: Range, mode: 'IB' | 'RTB', withStudio = false): Record<string, unknown> {
  const place = withStudio
    ? { locationKind: 'RENTED_STUDIO', studioId: supply.studioId }
    : { locationKind: 'BUYER', locationAddress: '1 Main Street, Houston, TX' };
  return { mode, serviceProfileId: supply.serviceProfileId, packageId: supply.packageId, when, city: 'houston', ...place };
}

/** A draft in a mode. */
export async function startOrder(world: World, buyer: Person, input: Record<string, unknown>): Promise<string> {
  const draft = await world.api.call<{ draftId: string }>(buyer.token, START_ORDER, { input });
  return draft.draftId;
}

/** Signs, pays by card and waits for the confirmation of an agreed order. */
export async function signAndPay(world: World, buyer: Person, lbgId: string): Promise<Order> {
  await world.signDocuments(buyer, lbgId);
  await world.payInBrowser(await world.createPayment(buyer, lbgId));
  await world.confirm(buyer, lbgId);
  return world.orderIn(buyer, lbgId, 'CONFIRMED');
}
