// Structured logs: one JSON object a line on stdout. Callers pass identifiers and counts, never arguments, tokens or messages of users.

export type LogFields = Record<string, string | number | boolean | string[] | undefined>;
export type Log = (level: "info" | "warn" | "error", message: string, fields?: LogFields) => void;

export const jsonLog: Log = (level, message, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ ts: new Date().toISOString(), level, service: "gateway", message, ...fields })}\n`);
};

export const silentLog: Log = () => undefined;
