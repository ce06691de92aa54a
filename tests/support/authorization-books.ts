// Who may call which operation of wallets, fees, close and exports: rows of the authorization table.

interface Row {
  readonly query: string;
  readonly variables: (order: { readonly lbgId: string }) => Record<string, unknown>;
  readonly allowed: readonly ('nobody' | 'stranger' | 'owner' | 'seller' | 'support')[];
}

const SIGNED_IN = ['stranger', 'owner', 'seller', 'support'] as const;
const DAY = '2026-06-01';
const USER = 'usr_00000000000040008000000000000007';
const none = (): Record<string, unknown> => ({});

export const BOOKS_ROWS: Readonly<Record<string, Row>> = {
  applyWalletToCheckout: {
    query: 'mutation($draftId: ID!) { applyWalletToCheckout(draftId: $draftId, maxCents: 0) { appliedCents } }',
    variables: (order) => ({ draftId: order.lbgId }),
    allowed: ['owner'],
  },
  myWallet: { query: '{ myWallet { balanceCents } }', variables: none, allowed: SIGNED_IN },
  myWalletTxns: { query: '{ myWalletTxns { items { walletTxnId } nextToken } }', variables: none, allowed: SIGNED_IN },
  adminWalletAdjust: {
    query: `mutation { adminWalletAdjust(userId: "${USER}", amountCents: 100, reason: "test", clientRequestId: "table") { balanceCents } }`,
    variables: none,
    allowed: ['support'],
  },
  feeQuote: { query: '{ feeQuote(city: "houston", role: MODEL, subtotalCents: 45000) { platformFeeCents } }', variables: none, allowed: SIGNED_IN },
  adminSetFeeRule: {
    query: 'mutation { adminSetFeeRule(city: "houston", role: MODEL, rateBps: 1000, floorCents: 0, ceilingCents: 100, reason: "test", dryRun: true) { examples { afterCents } } }',
    variables: none,
    allowed: [],
  },
  adminSetMor: { query: 'mutation { adminSetMor(city: "houston", remitter: SELLER, reason: "test") { status } }', variables: none, allowed: [] },
  adminRecon: { query: `{ adminRecon(day: "${DAY}") { status } }`, variables: none, allowed: [] },
  adminReplayRecon: { query: `mutation { adminReplayRecon(day: "${DAY}", reason: "test") { status } }`, variables: none, allowed: [] },
  adminCloseDay: { query: `mutation { adminCloseDay(day: "${DAY}", reason: "test") { status } }`, variables: none, allowed: [] },
  adminReopenDay: { query: `mutation { adminReopenDay(day: "${DAY}", reason: "test") { status } }`, variables: none, allowed: [] },
  adminQuarantineVariance: {
    query: 'mutation { adminQuarantineVariance(varianceId: "vrn_00000000000040008000000000000007", reason: "test") { status } }',
    variables: none,
    allowed: [],
  },
  adminAdjust: {
    query: 'mutation { adminAdjust(adjustment: { debitAccount: "Cash:Stripe", creditAccount: "Suspense:Reconciliation", amountCents: 1 }, reason: "test") { adjustmentId } }',
    variables: none,
    allowed: [],
  },
  myCharges: { query: `{ myCharges(from: "${DAY}", to: "${DAY}") { lbgId } }`, variables: none, allowed: SIGNED_IN },
  myStatements: { query: '{ myStatements { url } }', variables: none, allowed: SIGNED_IN },
  adminTaxReport: { query: `{ adminTaxReport(from: "${DAY}", to: "${DAY}") { taxCents } }`, variables: none, allowed: [] },
  adminTrialBalance: { query: '{ adminTrialBalance { at } }', variables: none, allowed: [] },
  adminGlExport: { query: `mutation { adminGlExport(from: "${DAY}", to: "${DAY}", reason: "test") { lines } }`, variables: none, allowed: [] },
};
