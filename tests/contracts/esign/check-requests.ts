/** Command: checks recordings of the sandbox for Dropbox Sign's contract, `tsx check-requests.ts <requests.jsonl>…`; exit status 1 on violations. */
import { readFileSync } from "node:fs";
import { judge } from "./contract.ts";

const lines = process.argv.slice(2).flatMap((file) => readFileSync(file, "utf8").split("\n"));
const { checked, violations } = judge(lines);
for (const violation of violations) console.error(`violation: ${violation}`);
console.log(`${checked} e-sign requests checked against the contract, ${violations.length} violations`);
process.exitCode = checked === 0 || violations.length > 0 ? 1 : 0;
