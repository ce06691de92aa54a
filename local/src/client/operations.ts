// The GraphQL documents that the demo and the journeys send.

const LEG = `legId type status title sellerUserId startAt endAt subtotalCents serviceTaxCents platformFeeCents
  platformFeeTaxCents totalCents docPackId deposit { depositId status authorizedCents capturedCents }
  lines { kind name quantity unitPriceCents amountCents }`;

const ORDER = `lbgId buyerUserId status city startAt endAt acceptanceUntil totalCents lastErrorCode
  charge { chargeId paymentIntentId status method amountCents } legs { ${LEG} }`;

export const QUOTE = `query Quote($leg: StartLegInput!, $when: DateTimeRangeInput!, $city: String!, $studioId: ID) {
  quoteBooking(leg: $leg, when: $when, city: $city, studioId: $studioId) {
    subtotalCents serviceTaxCents platformFeeCents platformFeeTaxCents totalCents depositAuthCents
    legs { type title totalCents lines { kind name quantity unitPriceCents amountCents } } } }`;

export const START = `mutation Start($leg: StartLegInput!, $when: DateTimeRangeInput!, $city: String!, $clientRequestId: ID) {
  startCheckout(leg: $leg, when: $when, city: $city, clientRequestId: $clientRequestId) { draftId order { ${ORDER} } } }`;

export const ATTACH = `mutation Attach($draftId: ID!, $studioId: ID!) {
  attachStudioInFlow(draftId: $draftId, studioId: $studioId) { draftId order { ${ORDER} } } }`;

export const CREATE_PACKS = `mutation Packs($draftId: ID!) {
  createDocPack(draftId: $draftId) { draftId packs { packId legId status } } }`;

export const PACK = `query Pack($packId: ID!) { docPack(packId: $packId) { packId legId status
  documents { docId title envelopeStatus renderSha256 signedSha256 downloadUrl signers { role signed signUrl } } } }`;

export const PAY = `mutation Pay($draftId: ID!, $method: PaymentMethodInput!, $clientRequestId: ID) {
  createPaymentIntent(draftId: $draftId, method: $method, clientRequestId: $clientRequestId) {
    chargeId paymentIntentId clientSecret amountCents publishableKey depositSetupIntentId depositSetupClientSecret holdExpiresAt } }`;

export const CONFIRM = `mutation Confirm($draftId: ID!) {
  confirmPayment(draftId: $draftId) { lbgId status chargeStatus confirming } }`;

export const ORDER_QUERY = `query Order($lbgId: ID!) { order(lbgId: $lbgId) { ${ORDER} } }`;

export const MY_ORDERS = `query MyOrders($limit: Int, $nextToken: String) {
  myOrders(limit: $limit, nextToken: $nextToken) { nextToken items { lbgId status } } }`;

export const COMPLETE = `mutation Complete($lbgId: ID!) { markCompleted(lbgId: $lbgId) { lbgId status completedAt
  payouts { payoutId legId amountCents status scheduledFor } } }`;

const RECEIPT = `receiptId legId title subtotalCents serviceTaxCents platformFeeCents platformFeeTaxCents totalCents splitCents
  refundedCents paymentIntentId documents { docId sha256 } pdfUrl pdfSha256 lines { amountCents }`;

export const RECEIPT_QUERY = `query Receipt($legId: ID!) { receipt(legId: $legId) { ${RECEIPT} } }`;

export const GROUP_RECEIPT = `query Group($lbgId: ID!) { groupReceipt(lbgId: $lbgId) { receiptId totalCents depositAuthCents
  paymentMethod paymentIntentId pdfUrl pdfSha256 legs { ${RECEIPT} } } }`;

export const PROFILE = `query Profile($id: ID!) { serviceProfile(id: $id) { serviceProfileId displayName role city
  packages { packageId name priceCents durationMinutes addOns { key priceCents } } } }`;

export const STUDIO = `query Studio($slug: String!) { studio(slug: $slug) { studioId title city timeZone depositAuthCents } }`;

export const SET_PACKAGES = `mutation SetPackages($serviceProfileId: ID!, $packages: [ServicePackageInput!]!) {
  setPackages(serviceProfileId: $serviceProfileId, packages: $packages) { serviceProfileId packages { packageId name priceCents } } }`;
