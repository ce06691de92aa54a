/** One-line JSON logs on standard output; never parameters, query strings, e-mail addresses or names. */
export type LogFields = Record<string, string | number | boolean | null | undefined>;

export type Log = (message: string, fields?: LogFields) => void;

export const logLine: Log = (message, fields = {}) => {
  process.stdout.write(JSON.stringify({ ts: new Date().toISOString(), service: "sandbox", message, ...fields }) + "\n");
};

export const silent: Log = () => undefined;
