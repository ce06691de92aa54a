/** The Dropbox Sign sandbox, driven by its official client: send, embed, sign, decline, expire, callbacks, signed files, pages. */
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import * as DropboxSign from "@dropbox/sign";
import { boundaryOf, parseMultipart } from "../src/sandbox/multipart.js";
import { refusal, world, type Receiver, type World } from "./sandbox-support.js";

const BODY = "%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n";
const at = (object: string) => String(BODY.indexOf(object)).padStart(10, "0");
const PDF = Buffer.from(`${BODY}xref\n0 3\n0000000000 65535 f \n${at("1 0 obj")} 00000 n \n${at("2 0 obj")} 00000 n \ntrailer\n<< /Size 3 /Root 1 0 R >>\nstartxref\n${BODY.length}\n%%EOF\n`);

function api(w: World, key = "esign-key"): DropboxSign.SignatureRequestApi {
  const client = new DropboxSign.SignatureRequestApi(`${w.sandbox.url}/v3`);
  client.username = key;
  return client;
}

function draft(lbg: string, more: Partial<DropboxSign.SignatureRequestSendRequest> = {}): DropboxSign.SignatureRequestSendRequest {
  return {
    files: [{ value: PDF, options: { filename: "sow.pdf", contentType: "application/pdf" } }],
    signers: [
      { name: "Bea Buyer", emailAddress: "bea@example.test", order: 0 },
      { name: "Sam Seller", emailAddress: "sam@example.test", order: 1 },
    ],
    title: "Statement of work",
    subject: "Please sign",
    metadata: { lbg_id: lbg, document_id: "doc_1" },
    testMode: true,
    ...more,
  };
}

async function send(w: World, lbg: string, more: Partial<DropboxSign.SignatureRequestSendRequest> = {}): Promise<DropboxSign.SignatureRequestResponse> {
  return (await api(w).signatureRequestSend(draft(lbg, more))).body.signatureRequest;
}

interface Callback {
  event: { event_type: string; event_time: string; event_hash: string };
  signature_request: { signature_request_id: string; is_complete: boolean };
}

function callbacks(receiver: Receiver): Callback[] {
  return receiver.received.map((r) => {
    const part = parseMultipart(Buffer.from(r.body), boundaryOf(r.headers["content-type"] as string) ?? "").find((p) => p.name === "json");
    return JSON.parse(part?.data.toString("utf8") ?? "{}") as Callback;
  });
}

test("a request is complete only when every party has signed", async (t) => {
  const w = await world(t);
  const sent = await send(w, "lbg_1");
  assert.equal(sent.isComplete, false);
  assert.deepEqual(sent.metadata, { lbg_id: "lbg_1", document_id: "doc_1" });
  const [buyer, seller] = sent.signatures ?? [];
  await w.control("POST", `/esign/sign/${buyer?.signatureId}`);
  const half = (await api(w).signatureRequestGet(sent.signatureRequestId ?? "")).body.signatureRequest;
  assert.equal(half.isComplete, false);
  await w.control("POST", `/esign/sign/${seller?.signatureId}`);
  const whole = (await api(w).signatureRequestGet(sent.signatureRequestId ?? "")).body.signatureRequest;
  assert.equal(whole.isComplete, true);
  await w.flush();
  assert.deepEqual(callbacks(w.receiver).map((c) => c.event.event_type), ["signature_request_sent", "signature_request_signed", "signature_request_signed", "signature_request_all_signed", "signature_request_downloadable"]);
});

test("callbacks carry the account's hash over time and type and are retried without the expected answer", async (t) => {
  const w = await world(t);
  w.receiver.answers.push({ status: 200, body: "ok" });
  await send(w, "lbg_2");
  await w.flush();
  const received = callbacks(w.receiver);
  assert.equal(received.length, 2);
  for (const { event } of received) {
    assert.equal(event.event_hash, createHmac("sha256", "esign-key").update(event.event_time + event.event_type).digest("hex"));
    assert.equal(DropboxSign.EventCallbackHelper.isValid("esign-key", DropboxSign.EventCallbackRequest.init({ event })), true);
  }
});

test("the signed file starts with the original bytes, carries the certificate and is the same each time", async (t) => {
  const w = await world(t);
  const sent = await send(w, "lbg_3");
  const id = sent.signatureRequestId ?? "";
  const file = async () => Buffer.from((await api(w).signatureRequestFiles(id, "pdf")).body);
  const unsigned = await file();
  await w.control("POST", `/esign/sign-all/${id}`);
  const signed = await file();
  assert.deepEqual(signed.subarray(0, PDF.length), PDF);
  assert.deepEqual(await file(), signed);
  assert.notDeepEqual(unsigned, signed);
  const text = signed.toString("latin1");
  assert.ok(text.includes(createHash("sha256").update(PDF).digest("hex")));
  const startxref = Number(/startxref\s+(\d+)\s+%%EOF\s*$/.exec(text)?.[1]);
  assert.ok(text.startsWith("xref", startxref));
  const info = Number(/\d{10}/.exec(text.slice(startxref))?.[0]);
  assert.ok(text.startsWith("3 0 obj", info));
});

test("declined, cancelled and expired requests cannot be signed any more", async (t) => {
  const w = await world(t);
  const declined = await send(w, "lbg_4");
  await w.control("POST", `/esign/decline/${declined.signatures?.[0]?.signatureId}`, { reason: "Wrong date" });
  await assert.rejects(w.control("POST", `/esign/sign/${declined.signatures?.[1]?.signatureId}`));
  const shown = (await api(w).signatureRequestGet(declined.signatureRequestId ?? "")).body.signatureRequest;
  assert.equal(shown.isDeclined, true);

  const canceled = await send(w, "lbg_5");
  await api(w).signatureRequestCancel(canceled.signatureRequestId ?? "");
  await assert.rejects(api(w).signatureRequestGet(canceled.signatureRequestId ?? ""));

  const { now } = await w.control<{ now: number }>("GET", "/clock");
  const expiring = await send(w, "lbg_6", { expiresAt: now + 60 });
  await w.advance(61);
  await assert.rejects(w.control("POST", `/esign/sign/${expiring.signatures?.[0]?.signatureId}`));
  await w.flush();
  const types = callbacks(w.receiver).map((c) => c.event.event_type);
  for (const type of ["signature_request_declined", "signature_request_canceled", "signature_request_expired"]) assert.ok(types.includes(type), type);
});

test("an embedded request gives a page where the party views and signs", async (t) => {
  const w = await world(t);
  const { signers, files, title, subject, metadata } = draft("lbg_7");
  const created = await api(w).signatureRequestCreateEmbedded({ clientId: "app_1", signers: signers ?? [], files: files ?? [], title: title ?? "", subject: subject ?? "", metadata: metadata ?? {}, testMode: true });
  const signature = created.body.signatureRequest.signatures?.[0]?.signatureId ?? "";
  const embedded = new DropboxSign.EmbeddedApi(`${w.sandbox.url}/v3`);
  embedded.username = "esign-key";
  const url = (await embedded.embeddedSignUrl(signature)).body.embedded.signUrl ?? "";
  const page = await (await fetch(url)).text();
  assert.match(page, /Sign as Bea Buyer/);
  const pdf = await fetch(`${w.sandbox.url}/sign/${signature}/document.pdf`);
  assert.equal(pdf.headers.get("content-type"), "application/pdf");
  await fetch(`${w.sandbox.url}/sign/${signature}`, { method: "POST", body: new URLSearchParams({ action: "sign" }) });
  assert.match(await (await fetch(url)).text(), /Nothing is left to do here/);
  await w.flush();
  assert.deepEqual(callbacks(w.receiver).map((c) => c.event.event_type), ["signature_request_sent", "signature_request_viewed", "signature_request_signed"]);
});

test("a bounced party can be corrected, which makes the old link dead", async (t) => {
  const w = await world(t);
  const sent = await send(w, "lbg_8");
  const old = sent.signatures?.[0]?.signatureId ?? "";
  await w.control("POST", `/esign/bounce/${old}`);
  const updated = (await api(w).signatureRequestUpdate(sent.signatureRequestId ?? "", { signatureId: old, emailAddress: "bea.new@example.test" })).body.signatureRequest;
  assert.notEqual(updated.signatures?.[0]?.signatureId, old);
  assert.equal((await fetch(`${w.sandbox.url}/sign/${old}`)).status, 404);
  await api(w).signatureRequestRemind(sent.signatureRequestId ?? "", { emailAddress: "bea.new@example.test" });
});

test("a wrong key, missing files and missing signers are refused with the provider's errors", async (t) => {
  const w = await world(t);
  const failure = async (call: Promise<unknown>) => ((await refusal(call)) as unknown as { statusCode?: number; body?: { error?: { errorName?: string } } }).body?.error?.errorName;
  assert.equal(await failure(api(w, "wrong").signatureRequestSend(draft("lbg_9"))), "unauthorized");
  assert.equal(await failure(api(w).signatureRequestSend(draft("lbg_9", { signers: [] }))), "bad_request");
  assert.equal(await failure(api(w).signatureRequestGet("0".repeat(40))), "not_found");
});

test("a request is found again by its metadata", async (t) => {
  const w = await world(t);
  const [sent] = [await send(w, "lbg_11"), await send(w, "lbg_12")];
  const { signatureRequests, listInfo } = (await api(w).signatureRequestList(undefined, 1, 100, "lbg_11")).body;
  assert.deepEqual(signatureRequests.map((r) => r.signatureRequestId), [sent?.signatureRequestId]);
  assert.equal(listInfo.numResults, 1);
});

test("signature requests survive a restart", async (t) => {
  const w = await world(t);
  const sent = await send(w, "lbg_10");
  await w.restart();
  await w.control("POST", `/esign/sign-all/${sent.signatureRequestId}`);
  const file = await api(w).signatureRequestFiles(sent.signatureRequestId ?? "", "pdf");
  assert.ok(Buffer.from(file.body).length > PDF.length);
});
