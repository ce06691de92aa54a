// A certificate authority and a server certificate of the local cloud's own, kept in the state directory.

import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";

export interface TlsFiles {
  cert: string;
  key: string;
  /** What clients have to trust, for `NODE_EXTRA_CA_CERTS` and browsers. */
  caPath: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const VALID_DAYS = 365;
const RENEW_BEFORE_DAYS = 7;

/** Reuses what is there; makes it when it is missing or about to expire. Writes `ca.pem` and `tls/`. */
export async function ensureCertificates(stateDir: string): Promise<TlsFiles> {
  const caPath = join(stateDir, "ca.pem");
  const certPath = join(stateDir, "tls", "gateway.pem");
  const keyPath = join(stateDir, "tls", "gateway-key.pem");
  if ([caPath, certPath, keyPath].every((path) => existsSync(path))) {
    const cert = readFileSync(certPath, "utf8");
    const { validTo } = new X509Certificate(cert);
    if (Date.parse(validTo) - Date.now() > RENEW_BEFORE_DAYS * DAY_MS) {
      return { cert, key: readFileSync(keyPath, "utf8"), caPath };
    }
  }
  const notBeforeDate = new Date(Date.now() - DAY_MS);
  const notAfterDate = new Date(Date.now() + VALID_DAYS * DAY_MS);
  const common = { keyType: "ec", algorithm: "sha256", notBeforeDate, notAfterDate } as const;
  const ca = await generate([{ name: "commonName", value: "RastUp local cloud CA" }], {
    ...common,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: "commonName", value: "localhost" }], {
    ...common,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  mkdirSync(join(stateDir, "tls"), { recursive: true });
  writeFileSync(caPath, ca.cert);
  writeFileSync(certPath, server.cert);
  writeFileSync(keyPath, server.private, { mode: 0o600 });
  return { cert: server.cert, key: server.private, caPath };
}
