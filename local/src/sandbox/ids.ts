/** Deterministic identifiers in the providers' shapes, drawn from a seed and a persistent counter. */
import { createHash } from "node:crypto";
import type { Store } from "./store.js";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

export class Ids {
  constructor(
    private readonly store: Store,
    private readonly seed: string,
  ) {}

  /** A Stripe-like id such as `pi_1Xk…` (24 characters after the prefix). */
  stripe(prefix: string): string {
    return `${prefix}_${this.word(24)}`;
  }

  /** A Dropbox Sign id: 40 hexadecimal digits for requests, 32 for signatures. */
  hex(length: number): string {
    return this.digest().toString("hex").slice(0, length);
  }

  word(length: number): string {
    let word = "";
    for (const byte of this.digest().subarray(0, length)) word += ALPHABET[byte % ALPHABET.length];
    return word;
  }

  private digest(): Buffer {
    return createHash("sha256").update(`${this.seed}:${this.store.next("ids")}`).digest();
  }
}
