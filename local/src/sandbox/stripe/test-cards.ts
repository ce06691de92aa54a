/** The built-in payment methods and what each does: Stripe's test cards and accounts, as data. */

/** How a payment method behaves when it is used. */
export interface Behaviour {
  type: "card" | "us_bank_account";
  brand?: string;
  last4: string;
  /** `always`: every payment is authenticated; `unless_set_up`: only until it was saved with authentication. */
  threeDs?: "always" | "unless_set_up";
  /** Refusal of a payment. */
  decline?: { code: string; declineCode?: string };
  /** Whether the refusal also hits saving the card. */
  declineOnSetup?: boolean;
  /** ACH: how the debit ends; `never` leaves it processing. */
  settles?: "succeeds" | "never" | { failure: string };
  /** ACH: the account must be verified with micro-deposits first. */
  microdeposits?: boolean;
  /** A dispute is opened as soon as money was taken. */
  dispute?: string;
}

const card = (last4: string, more: Partial<Behaviour> = {}): Behaviour => ({ type: "card", brand: "visa", last4, ...more });
const declined = (last4: string, declineCode: string, code = "card_declined"): Behaviour => card(last4, { decline: { code, declineCode }, declineOnSetup: true });
const bank = (last4: string, more: Partial<Behaviour> = {}): Behaviour => ({ type: "us_bank_account", last4, settles: "succeeds", ...more });

/** By Stripe's own test ids; the two marked `sandbox` exist only here. */
export const TEST_PAYMENT_METHODS: Record<string, Behaviour> = {
  pm_card_visa: card("4242"),
  pm_card_visa_debit: card("5556"),
  pm_card_mastercard: card("4444", { brand: "mastercard" }),
  pm_card_amex: card("8431", { brand: "amex" }),
  pm_card_us: card("4242"),
  pm_card_bypassPending: card("0077"),
  pm_card_authenticationRequired: card("3184", { threeDs: "always" }),
  pm_card_threeDSecure2Required: card("3220", { threeDs: "always" }),
  pm_card_threeDSecureRequired: card("3063", { threeDs: "always" }),
  pm_card_authenticationRequiredOnSetup: card("3155", { threeDs: "unless_set_up" }),
  pm_card_authenticationRequiredChargeDeclinedInsufficientFunds: card("8260", { threeDs: "always", decline: { code: "card_declined", declineCode: "insufficient_funds" } }),
  pm_card_chargeDeclined: declined("0002", "generic_decline"),
  pm_card_visa_chargeDeclined: declined("0002", "generic_decline"),
  pm_card_chargeDeclinedInsufficientFunds: declined("9995", "insufficient_funds"),
  pm_card_visa_chargeDeclinedInsufficientFunds: declined("9995", "insufficient_funds"),
  pm_card_chargeDeclinedLostCard: declined("9987", "lost_card"),
  pm_card_chargeDeclinedStolenCard: declined("9979", "stolen_card"),
  pm_card_chargeDeclinedFraudulent: declined("0019", "fraudulent"),
  pm_card_chargeDeclinedExpiredCard: declined("0069", "expired_card", "expired_card"),
  pm_card_chargeDeclinedIncorrectCvc: declined("0127", "incorrect_cvc", "incorrect_cvc"),
  pm_card_chargeDeclinedProcessingError: declined("0119", "processing_error", "processing_error"),
  pm_card_chargeCustomerFail: card("0341", { decline: { code: "card_declined", declineCode: "generic_decline" } }),
  pm_card_createDispute: card("0259", { dispute: "fraudulent" }),
  pm_card_createDisputeProductNotReceived: card("2685", { dispute: "product_not_received" }),
  pm_usBankAccount_success: bank("6789"),
  pm_usBankAccount_processing: bank("6781", { settles: "never" }),
  pm_usBankAccount_accountClosed: bank("1113", { settles: { failure: "account_closed" } }),
  pm_usBankAccount_noAccount: bank("1116", { settles: { failure: "no_account" } }),
  pm_usBankAccount_insufficientFunds: bank("2227", { settles: { failure: "insufficient_funds" } }),
  pm_usBankAccount_debitNotAuthorized: bank("3335", { settles: { failure: "debit_not_authorized" } }),
  pm_usBankAccount_microdeposits: bank("6789", { microdeposits: true }), // sandbox
  pm_usBankAccount_microdepositsAccountClosed: bank("1113", { microdeposits: true, settles: { failure: "account_closed" } }), // sandbox
};

const BY_CARD_NUMBER: Record<string, string> = {
  "4242424242424242": "pm_card_visa",
  "5555555555554444": "pm_card_mastercard",
  "378282246310005": "pm_card_amex",
  "4000000000000077": "pm_card_bypassPending",
  "4000002760003184": "pm_card_authenticationRequired",
  "4000000000003220": "pm_card_threeDSecure2Required",
  "4000002500003155": "pm_card_authenticationRequiredOnSetup",
  "4000008260003178": "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
  "4000000000000002": "pm_card_chargeDeclined",
  "4000000000009995": "pm_card_chargeDeclinedInsufficientFunds",
  "4000000000009987": "pm_card_chargeDeclinedLostCard",
  "4000000000009979": "pm_card_chargeDeclinedStolenCard",
  "4000000000000069": "pm_card_chargeDeclinedExpiredCard",
  "4000000000000127": "pm_card_chargeDeclinedIncorrectCvc",
  "4000000000000119": "pm_card_chargeDeclinedProcessingError",
  "4000000000000341": "pm_card_chargeCustomerFail",
  "4000000000000259": "pm_card_createDispute",
};

const BY_ACCOUNT_NUMBER: Record<string, string> = {
  "000123456789": "pm_usBankAccount_microdeposits",
  "000111111113": "pm_usBankAccount_microdepositsAccountClosed",
};

/** The behaviour behind a raw test card number, `tok_visa`-style token or account number, as the id of its built-in method. */
export function builtInFor(input: { number?: string; token?: string; accountNumber?: string }): string | undefined {
  if (input.token) {
    const id = `pm_card_${input.token.replace(/^tok_/, "")}`;
    return id in TEST_PAYMENT_METHODS ? id : undefined;
  }
  if (input.number) return BY_CARD_NUMBER[input.number.replaceAll(" ", "")];
  return input.accountNumber ? BY_ACCOUNT_NUMBER[input.accountNumber] : undefined;
}

/** Text Stripe shows for a decline code. */
export function declineMessage(code: string): string {
  switch (code) {
    case "insufficient_funds":
      return "Your card has insufficient funds.";
    case "expired_card":
      return "Your card has expired.";
    case "incorrect_cvc":
      return "Your card's security code is incorrect.";
    case "processing_error":
      return "An error occurred while processing your card. Try again in a little bit.";
    case "authentication_required":
      return "Your card was declined. This transaction requires authentication.";
    default:
      return "Your card was declined.";
  }
}
