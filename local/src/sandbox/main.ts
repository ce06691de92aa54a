/** Starts the provider sandbox from the environment; ends cleanly on SIGTERM or SIGINT. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startSandbox } from "./index.js";
import { logLine } from "./log.js";
import type { PartialConfig } from "./control/config.js";

const env = process.env;
const base = Number(env["RASTUP_PORT_BASE"] ?? 4500);
const port = Number(env["SANDBOX_PORT"] ?? base + 4);
const stateDir = resolve(env["SANDBOX_STATE_DIR"] ?? ".local/default/sandbox");

const list = (name: string): string[] => (env[name] ?? "").split(",").filter(Boolean);

/** The version events carry is the one the product pins, when the sandbox runs inside the repository. */
function pinnedVersion(): string | undefined {
  const file = new URL("../../../shared/providers/stripe-version.txt", import.meta.url);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

const version = env["STRIPE_API_VERSION"] ?? pinnedVersion();
const config: PartialConfig = {
  stripe: {
    ...(env["STRIPE_WEBHOOK_URL"] ? { webhookUrl: env["STRIPE_WEBHOOK_URL"] } : {}),
    ...(list("STRIPE_WEBHOOK_SECRETS").length > 0 ? { webhookSecrets: list("STRIPE_WEBHOOK_SECRETS") } : {}),
    ...(list("STRIPE_API_KEYS").length > 0 ? { apiKeys: list("STRIPE_API_KEYS") } : {}),
    ...(version ? { apiVersion: version } : {}),
  },
  esign: {
    ...(env["ESIGN_WEBHOOK_URL"] ? { webhookUrl: env["ESIGN_WEBHOOK_URL"] } : {}),
    ...(env["ESIGN_API_KEY"] ? { apiKey: env["ESIGN_API_KEY"] } : {}),
  },
};

const sandbox = await startSandbox({
  port,
  stateDir,
  clockFile: env["CLOCK_FILE"] ?? join(stateDir, "clock"),
  ...(env["SANDBOX_SEED"] ? { seed: env["SANDBOX_SEED"] } : {}),
  ...(env["SANDBOX_PUBLIC_URL"] ? { publicUrl: env["SANDBOX_PUBLIC_URL"] } : {}),
  config,
  log: logLine,
});
logLine("listening", { url: sandbox.url });

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    void sandbox.close().then(() => process.exit(0));
  });
}
