// Command line entry: starts the gateway from the environment and stops it on SIGTERM or SIGINT.

import { startGateway } from "./index.js";
import { jsonLog } from "./log.js";

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set`);
  return value;
}

const portBase = Number(process.env["RASTUP_PORT_BASE"] ?? 4500);

const starting = startGateway({
  emulatorUrl: process.env["AWS_ENDPOINT_URL"] ?? `http://127.0.0.1:${portBase}`,
  cdkOut: required("RASTUP_CDK_OUT"),
  stateDir: required("RASTUP_STATE_DIR"),
  tlsPort: Number(process.env["RASTUP_GATEWAY_TLS_PORT"] ?? portBase + 2),
  httpPort: Number(process.env["RASTUP_GATEWAY_HTTP_PORT"] ?? portBase + 3),
  stage: process.env["RASTUP_STAGE"] ?? "local",
  ...(process.env["AWS_REGION"] ? { region: process.env["AWS_REGION"] } : {}),
  ...(process.env["RASTUP_ACCOUNT_ID"] ? { accountId: process.env["RASTUP_ACCOUNT_ID"] } : {}),
  ...(process.env["AWS_SECRET_ACCESS_KEY"] ? { secretAccessKey: process.env["AWS_SECRET_ACCESS_KEY"] } : {}),
});

const gateway = await starting.catch((cause: unknown) => {
  jsonLog("error", "gateway did not start", { reason: cause instanceof Error ? cause.message : String(cause) });
  process.exit(1);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void gateway.close().then(() => process.exit(0)));
}
