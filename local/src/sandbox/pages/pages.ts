/** The pages to pay, to authenticate and to sign by hand; they act through the same code as the APIs. */
import type { EsignApi } from "../esign/api.js";
import { loadRequest, REQUESTS, requestOfSignature, type EsignContext } from "../esign/context.js";
import { decline, isOpen, sign, view } from "../esign/lifecycle.js";
import type { Row } from "../store.js";
import type { StripeApi } from "../stripe/api.js";
import type { StripeContext } from "../stripe/context.js";
import { MICRODEPOSIT_CODE } from "../stripe/microdeposits.js";
import { finishChallenge } from "../stripe/settlement.js";
import { finishSetupChallenge } from "../stripe/setup-outcome.js";
import { choice, escapeHtml, facts, html, money, redirect, type Page } from "./layout.js";

export interface PageDeps {
  stripe: StripeContext;
  stripeApi: StripeApi;
  esign: EsignContext;
  esignApi: EsignApi;
}

const CARDS: [id: string, label: string][] = [
  ["pm_card_visa", "Pay with Visa •••• 4242 (succeeds)"],
  ["pm_card_authenticationRequired", "Visa •••• 3184 (asks for 3-D Secure)"],
  ["pm_card_chargeDeclined", "Visa •••• 0002 (declined)"],
  ["pm_card_chargeDeclinedInsufficientFunds", "Visa •••• 9995 (insufficient funds)"],
];
const BANKS: [id: string, label: string][] = [
  ["pm_usBankAccount_success", "Bank account •••• 6789 (settles)"],
  ["pm_usBankAccount_insufficientFunds", "Bank account •••• 2227 (debit returned)"],
  ["pm_usBankAccount_microdeposits", "Bank account •••• 6789 (verify with micro-deposits)"],
];

const gone = (what: string): Page => html("Not found", `<p>${escapeHtml(what)} is not known here.</p>`, 404);

function table(id: string): "payment_intents" | "setup_intents" {
  return id.startsWith("seti_") ? "setup_intents" : "payment_intents";
}

function payPage(intent: Row): Page {
  const setup = intent["object"] === "setup_intent";
  const status = intent["status"] as string;
  const rows: [string, string][] = [["Status", status.replaceAll("_", " ")], ["Reference", intent.id]];
  if (!setup) rows.unshift(["Amount", money(intent["amount"] as number)]);
  const error = (intent[setup ? "last_setup_error" : "last_payment_error"] as { message?: string } | null)?.message;
  let content = facts(rows) + (error ? `<p class="note" role="alert">${escapeHtml(error)}</p>` : "");
  const next = intent["next_action"] as Row | null;
  if (next?.["type"] === "verify_with_microdeposits") {
    content += `<h2>Verify the bank account</h2>${choice(`/pay/${intent.id}/verify`, `Enter the statement code ${MICRODEPOSIT_CODE}`, { descriptor_code: MICRODEPOSIT_CODE }, true)}`;
  } else if (status === "requires_action") {
    content += `<p><a href="/3ds/${intent.id}">Continue to authentication</a></p>`;
  } else if (["requires_payment_method", "requires_confirmation"].includes(status)) {
    const types = intent["payment_method_types"] as string[];
    const offered = [...(types.includes("card") ? CARDS : []), ...(types.includes("us_bank_account") ? BANKS : [])];
    content += `<h2>Choose a test payment method</h2>${offered.map(([id, label], index) => choice(`/pay/${intent.id}`, label, { payment_method: id }, index === 0)).join("")}`;
  } else if (["succeeded", "requires_capture", "processing"].includes(status)) {
    content += `<p class="note" role="status">${setup ? "Saved." : status === "succeeded" ? "Paid." : status === "processing" ? "The debit is on its way." : "Authorised. The booking is being confirmed."}</p>`;
  }
  return html(setup ? "Save a payment method" : "Pay for your booking", content);
}

function clientCall(deps: PageDeps, intent: Row, action: string, fields: Record<string, string>): void {
  const path = `/v1/${table(intent.id)}/${intent.id}/${action}`;
  const body = new URLSearchParams({ ...fields, client_secret: intent["client_secret"] as string }).toString();
  const request = { method: "POST", path, query: "", body, headers: { authorization: "Bearer pk_test_sandbox_page" } };
  deps.stripeApi.handleTrusted(request, deps.stripeApi.read(request));
}

function challengePage(intent: Row): Page {
  const amount = intent["object"] === "payment_intent" ? `<p>Your bank asks you to confirm a payment of <strong>${money(intent["amount"] as number)}</strong>.</p>` : "<p>Your bank asks you to confirm that this card may be saved.</p>";
  return html("Confirm with your bank", amount + choice(`/3ds/${intent.id}`, "Complete authentication", { outcome: "complete" }, true) + choice(`/3ds/${intent.id}`, "Fail authentication", { outcome: "fail" }));
}

/** Where the payer goes after the challenge: the shop's return address with Stripe's parameters, or the pay page. */
function afterChallenge(intent: Row): string {
  const target = intent["_returnUrl"] as string | null | undefined;
  if (!target || !/^https?:\/\//.test(target)) return `/pay/${intent.id}`;
  const url = new URL(target);
  const kind = intent["object"] as string;
  url.searchParams.set(kind, intent.id);
  url.searchParams.set(`${kind}_client_secret`, intent["client_secret"] as string);
  url.searchParams.set("redirect_status", ["succeeded", "requires_capture", "processing"].includes(intent["status"] as string) ? "succeeded" : "failed");
  return url.toString();
}

/** Ends an open challenge of a payment or setup intent. */
export function endChallenge(ctx: StripeContext, id: string, passed: boolean): boolean {
  const intent = ctx.store.get(table(id), id);
  if (!intent) return false;
  const copy = structuredClone(intent);
  const ended = copy["object"] === "setup_intent" ? finishSetupChallenge(ctx, copy, passed) : finishChallenge(ctx, copy, passed);
  ctx.store.commit();
  return ended;
}

function signPage(signatureId: string, request: Row, signature: Row): Page {
  const open = isOpen(request) && signature["status_code"] === "awaiting_signature";
  const state = facts([["Document", request["title"] as string], ["Signer", signature["signer_name"] as string], ["Status", (signature["status_code"] as string).replaceAll("_", " ")]]);
  const link = `<p><a href="/sign/${signatureId}/document.pdf">Read the document (PDF)</a></p>`;
  const actions = open
    ? choice(`/sign/${signatureId}`, `Sign as ${String(signature["signer_name"])}`, { action: "sign" }, true) + choice(`/sign/${signatureId}`, "Decline to sign", { action: "decline" })
    : `<p class="note" role="status">Nothing is left to do here.</p>`;
  return html("Sign a document", state + link + actions);
}

function answerSign(deps: PageDeps, method: string, signatureId: string, rest: string | undefined, fields: URLSearchParams): Page | { pdf: Buffer } {
  const { request } = requestOfSignature(deps.esign, signatureId);
  loadRequest(deps.esign, request.id);
  if (rest === "document.pdf") return { pdf: deps.esignApi.documentOf(request) };
  if (method === "POST") {
    if (fields.get("action") === "decline") decline(deps.esign, signatureId, fields.get("reason") ?? "Declined on the page.");
    else sign(deps.esign, signatureId);
    deps.esign.store.commit();
    const back = request["signing_redirect_url"] as string | null;
    return redirect(back && /^https?:\/\//.test(back) ? back : `/sign/${signatureId}`);
  }
  view(deps.esign, signatureId);
  deps.esign.store.commit();
  const fresh = deps.esign.store.get(REQUESTS, request.id) ?? request;
  const signature = (fresh["signatures"] as Row[]).find((s) => s["signature_id"] === signatureId) ?? fresh;
  return signPage(signatureId, fresh, signature);
}

/** Answers a page request; unknown paths get a list of what there is. */
export function answerPage(deps: PageDeps, method: string, path: string, body: string): Page | { pdf: Buffer } {
  const [, area, id = "", rest] = path.split("/");
  const fields = new URLSearchParams(body);
  if (area === "sign" && id) {
    try {
      return answerSign(deps, method, id, rest, fields);
    } catch (error) {
      return html("Not available", `<p>${escapeHtml(error instanceof Error ? error.message : "Unknown error")}</p>`, 404);
    }
  }
  if ((area === "pay" || area === "3ds") && id) {
    deps.stripeApi.runDue();
    const intent = deps.stripe.store.get(table(id), id);
    if (!intent) return gone("This payment");
    if (area === "3ds") {
      if (method !== "POST") return intent["status"] === "requires_action" ? challengePage(intent) : redirect(`/pay/${id}`);
      endChallenge(deps.stripe, id, fields.get("outcome") === "complete");
      return redirect(afterChallenge(deps.stripe.store.get(table(id), id) ?? intent));
    }
    if (method !== "POST") return payPage(intent);
    if (rest === "verify") clientCall(deps, intent, "verify_microdeposits", { descriptor_code: fields.get("descriptor_code") ?? "" });
    else clientCall(deps, intent, "confirm", { payment_method: fields.get("payment_method") ?? "" });
    const after = deps.stripe.store.get(table(id), id);
    const next = (after?.["next_action"] as Row | null)?.["type"];
    return redirect(after?.["status"] === "requires_action" && next !== "verify_with_microdeposits" ? `/3ds/${id}` : `/pay/${id}`);
  }
  if (path === "/") {
    const recent = deps.stripe.store.list("payment_intents").slice(-10).reverse();
    const links = recent.map((i) => `<li><a href="/pay/${i.id}">${money(i["amount"] as number)}</a>, ${escapeHtml((i["status"] as string).replaceAll("_", " "))}</li>`).join("");
    const signing = deps.esign.store.list(REQUESTS, isOpen).slice(-10).reverse();
    const toSign = signing.flatMap((r) => (r["signatures"] as Row[]).map((s) => `<li><a href="/sign/${String(s["signature_id"])}">${escapeHtml(r["title"] as string)}</a>, ${escapeHtml(s["signer_name"] as string)}</li>`)).join("");
    return html("Provider sandbox", `<h2>Latest payments</h2><ul>${links || "<li>none yet</li>"}</ul><h2>Documents to sign</h2><ul>${toSign || "<li>none</li>"}</ul>`);
  }
  return gone("This page");
}
