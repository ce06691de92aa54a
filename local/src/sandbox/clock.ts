/** The settable clock shared with the rest of the local cloud: one file holding an offset in seconds from the wall clock. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export class Clock {
  constructor(private readonly file: string) {}

  /** Seconds added to the wall clock; 0 when the file is missing or unreadable. */
  offsetSeconds(): number {
    try {
      const value = Number.parseInt(readFileSync(this.file, "utf8").trim(), 10);
      return Number.isFinite(value) ? value : 0;
    } catch {
      return 0;
    }
  }

  /** Sandbox time as Unix seconds. */
  now(): number {
    return Math.floor(Date.now() / 1000) + this.offsetSeconds();
  }

  /** Moves the whole local world; replaced by rename so that no reader ever sees half a number. */
  setOffset(seconds: number): void {
    mkdirSync(dirname(this.file), { recursive: true });
    const temporary = `${this.file}.${process.pid}.tmp`;
    writeFileSync(temporary, `${Math.trunc(seconds)}\n`);
    renameSync(temporary, this.file);
  }
}
