/** Where webhooks go and with which secrets; set at start or through the control plane, kept across restarts. */
import type { Store } from "../store.js";

export interface SandboxConfig {
  stripe: {
    webhookUrl?: string;
    /** Signing secrets; the first is current, further ones sign beside it while rotating. */
    webhookSecrets: string[];
    /** Accepted API keys; any test key when empty. */
    apiKeys: string[];
    apiVersion: string;
    achSettleSeconds: number;
  };
  esign: {
    webhookUrl?: string;
    /** Key that hashes callbacks, and the accepted credential when set. */
    apiKey: string;
  };
}

export type PartialConfig = { stripe?: Partial<SandboxConfig["stripe"]>; esign?: Partial<SandboxConfig["esign"]> };

const TABLE = "config";
const DAY = 86_400;

const DEFAULTS: SandboxConfig = {
  stripe: { webhookSecrets: ["whsec_sandbox"], apiKeys: [], apiVersion: "2026-10-28.endive", achSettleSeconds: 4 * DAY },
  esign: { apiKey: "sandbox" },
};

export class ConfigStore {
  constructor(
    private readonly store: Store,
    initial: PartialConfig,
  ) {
    this.merge(initial);
  }

  get(): SandboxConfig {
    const row = this.store.get(TABLE, "config");
    return { stripe: { ...DEFAULTS.stripe, ...(row?.["stripe"] as object) }, esign: { ...DEFAULTS.esign, ...(row?.["esign"] as object) } };
  }

  merge(change: PartialConfig): SandboxConfig {
    const current = this.get();
    this.store.put(TABLE, { id: "config", stripe: { ...current.stripe, ...change.stripe }, esign: { ...current.esign, ...change.esign } });
    this.store.commit();
    return this.get();
  }
}
