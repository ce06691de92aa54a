/** The sandbox's state: tables of JSON rows, kept in memory and journalled so that a killed process loses nothing it acknowledged. */
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A stored object. Fields beginning with `_` are the sandbox's own and never leave it. */
export interface Row {
  id: string;
  [field: string]: any; // providers' objects are open JSON
}

interface JournalLine {
  put: [table: string, row: Row][];
  del: [table: string, id: string][];
}

const COMPACT_AFTER_BYTES = 64 * 1024 * 1024;
const COUNTERS = "counters";

/**
 * Tables keyed by id, in order of insertion. Changes become durable together at `commit`, one journal line each, written
 * before the answer that acknowledges them. A torn last line (killed mid-write) belongs to nothing acknowledged and is dropped.
 */
export class Store {
  private readonly tables = new Map<string, Map<string, Row>>();
  private readonly changed = new Map<string, { table: string; id: string }>();
  private generation = 0;
  private journal = -1;
  private journalBytes = 0;

  constructor(private readonly dir: string) {
    mkdirSync(dir, { recursive: true });
    this.load();
    this.compact();
  }

  get(table: string, id: string): Row | undefined {
    return this.tables.get(table)?.get(id);
  }

  /** Stores the row and marks it for the next commit; call it again after changing a row in place. */
  put(table: string, row: Row): Row {
    this.table(table).set(row.id, row);
    this.changed.set(`${table}\u0000${row.id}`, { table, id: row.id });
    return row;
  }

  remove(table: string, id: string): void {
    if (this.table(table).delete(id)) this.changed.set(`${table}\u0000${id}`, { table, id });
  }

  list(table: string, keep: (row: Row) => boolean = () => true): Row[] {
    return [...this.table(table).values()].filter(keep);
  }

  /** The next value of a persistent counter, starting at 1. */
  next(counter: string): number {
    const value = ((this.get(COUNTERS, counter)?.value as number | undefined) ?? 0) + 1;
    this.put(COUNTERS, { id: counter, value });
    return value;
  }

  /** Makes every change since the last commit durable. */
  commit(): void {
    if (this.changed.size === 0) return;
    const line: JournalLine = { put: [], del: [] };
    for (const { table, id } of this.changed.values()) {
      const row = this.get(table, id);
      if (row) line.put.push([table, row]);
      else line.del.push([table, id]);
    }
    this.changed.clear();
    const bytes = Buffer.from(JSON.stringify(line) + "\n");
    writeSync(this.journal, bytes);
    this.journalBytes += bytes.length;
    if (this.journalBytes > COMPACT_AFTER_BYTES) this.compact();
  }

  close(): void {
    this.commit();
    if (this.journal >= 0) closeSync(this.journal);
    this.journal = -1;
  }

  private table(name: string): Map<string, Row> {
    let table = this.tables.get(name);
    if (!table) this.tables.set(name, (table = new Map()));
    return table;
  }

  private journalPath(generation: number): string {
    return join(this.dir, `journal-${generation}.jsonl`);
  }

  private load(): void {
    const snapshot = join(this.dir, "snapshot.jsonl");
    if (existsSync(snapshot)) {
      const [head, ...rows] = readFileSync(snapshot, "utf8").split("\n").filter(Boolean);
      this.generation = (JSON.parse(head ?? "{}") as { generation?: number }).generation ?? 0;
      for (const row of rows) {
        const [table, value] = JSON.parse(row) as [string, Row];
        this.table(table).set(value.id, value);
      }
    }
    const journal = this.journalPath(this.generation);
    if (!existsSync(journal)) return;
    const text = readFileSync(journal, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    for (const line of whole.split("\n").filter(Boolean)) {
      const { put, del } = JSON.parse(line) as JournalLine;
      for (const [table, row] of put) this.table(table).set(row.id, row);
      for (const [table, id] of del) this.table(table).delete(id);
    }
  }

  /** Writes a snapshot of the next generation, then starts its journal; older journals are dead once the rename is done. */
  private compact(): void {
    if (this.journal >= 0) closeSync(this.journal);
    const next = this.generation + 1;
    const temporary = join(this.dir, "snapshot.tmp");
    writeFileSync(temporary, JSON.stringify({ generation: next }) + "\n");
    for (const [name, table] of this.tables) {
      const rows = [...table.values()].map((row) => JSON.stringify([name, row]) + "\n");
      if (rows.length > 0) appendFileSync(temporary, rows.join(""));
    }
    renameSync(temporary, join(this.dir, "snapshot.jsonl"));
    this.generation = next;
    this.journal = openSync(this.journalPath(next), "a");
    this.journalBytes = 0;
    for (const file of readdirSync(this.dir)) {
      const match = /^journal-(\d+)\.jsonl$/.exec(file);
      if (match && Number(match[1]) !== next) rmSync(join(this.dir, file));
    }
  }
}
