/** Tests of the e-sign contract check itself: what Dropbox Sign accepts passes, everything else is named. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, problemsOf, type RecordedRequest } from "./contract.ts";

const ENVELOPE: RecordedRequest = {
  provider: "esign",
  method: "POST",
  path: "/v3/signature_request/create_embedded",
  key: "basic",
  params: {
    client_id: "app",
    test_mode: "1",
    title: "Statement of work",
    files: ["<file:1200>"],
    signers: [{ name: "Bea", email_address: "bea@example.test", order: "0" }],
    metadata: { doc_id: "doc_1" },
  },
};
const changed = (params: RecordedRequest["params"], more: Partial<RecordedRequest> = {}): string => problemsOf({ ...ENVELOPE, ...more, params: { ...ENVELOPE.params, ...params } }).join("\n");

test("an envelope with its document and signers keeps to the contract", () => {
  assert.deepEqual(problemsOf(ENVELOPE), []);
  assert.deepEqual(problemsOf({ ...ENVELOPE, method: "GET", path: "/v3/signature_request/list", params: { query: "doc_1", page_size: "100" } }), []);
});

test("unknown, missing and mistyped parameters are named", () => {
  assert.match(changed({ sender: "me" }), /sender: not in SignatureRequestCreateEmbeddedRequest/);
  assert.match(changed({ signers: [{ name: "Bea", role: "buyer", email_address: "b@example.test" }] }), /signers\[0\]\[role\]: not in SubSignatureRequestSigner/);
  assert.match(changed({ signers: [{ name: "Bea" }] }), /signers\[0\]\[email_address\]: missing/);
  assert.match(changed({ signers: [{ name: "Bea", email_address: "b@example.test", order: "first" }] }), /order\]: expected number/);
  assert.match(changed({ test_mode: "yes" }), /test_mode: expected boolean/);
  assert.match(changed({ files: ["text"] }), /files\[0\]: expected an uploaded file/);
  const { client_id: _, ...rest } = ENVELOPE.params;
  assert.match(problemsOf({ ...ENVELOPE, params: rest }).join(), /client_id: missing/);
  const { files: __, ...bare } = ENVELOPE.params;
  assert.match(problemsOf({ ...ENVELOPE, params: bare }).join(), /files: missing/);
});

test("calls outside the contract and other credentials are named", () => {
  assert.match(changed({}, { path: "/v3/signature_request/finish" }), /no such call/);
  assert.match(changed({}, { key: "none" }), /basic authentication/);
  assert.match(problemsOf({ ...ENVELOPE, path: `/v3/signature_request/cancel/${"a".repeat(40)}`, params: { why: "x" } }).join(), /why: not a parameter/);
});

test("only the provider's own calls are counted", () => {
  const lines = [ENVELOPE, { ...ENVELOPE, provider: "stripe", path: "/v1/refunds" }].map((r) => JSON.stringify(r));
  assert.deepEqual(judge([...lines, ""]), { checked: 1, violations: [] });
});
