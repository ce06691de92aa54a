/** The signed form of a PDF: the original bytes followed by an incremental update that carries the signature certificate. Deterministic. */
import { createHash } from "node:crypto";

export interface Certificate {
  requestId: string;
  /** Unix seconds at which the last party signed; 0 while unsigned. */
  completedAt: number;
  signatures: { signatureId: string; status: string; signedAt: number }[];
}

interface Tail {
  /** Offset of the newest cross-reference section. */
  startxref: number;
  size: number;
  root: string;
  id?: string;
  /** Whether the cross-references are a stream (PDF 1.5) rather than a table. */
  stream: boolean;
}

function readTail(pdf: string): Tail | undefined {
  const at = pdf.lastIndexOf("startxref");
  const startxref = Number(/startxref\s+(\d+)/.exec(pdf.slice(at))?.[1]);
  if (at < 0 || !Number.isFinite(startxref)) return undefined;
  const stream = !pdf.startsWith("xref", startxref);
  if (stream && !/^\d+ \d+ obj/.test(pdf.slice(startxref, startxref + 20))) return undefined;
  const from = stream ? startxref : pdf.indexOf("trailer", startxref);
  const dictionary = pdf.slice(from, stream ? pdf.indexOf("stream", from) : at);
  const size = Number(/\/Size\s+(\d+)/.exec(dictionary)?.[1]);
  const root = /\/Root\s+(\d+\s+\d+\s+R)/.exec(dictionary)?.[1];
  const id = /\/ID\s*(\[[^\]]*\])/.exec(dictionary)?.[1];
  if (!Number.isFinite(size) || !root) return undefined;
  return { startxref, size, root, stream, ...(id ? { id } : {}) };
}

function infoObject(number: number, original: Buffer, certificate: Certificate): string {
  const signatures = certificate.signatures.map((s) => `<< /SignatureId (${s.signatureId}) /Status (${s.status}) /SignedAt ${s.signedAt} >>`).join(" ");
  return [
    `${number} 0 obj`,
    `<< /Producer (Provider sandbox signature certificate)`,
    `/SignatureRequest (${certificate.requestId}) /CompletedAt ${certificate.completedAt}`,
    `/OriginalSHA256 (${createHash("sha256").update(original).digest("hex")})`,
    `/Signatures [${signatures}] >>`,
    `endobj`,
    ``,
  ].join("\n");
}

/** Appends the certificate; bytes that are no readable PDF come back with the marker as a trailing comment. */
export function withCertificate(original: Buffer, certificate: Certificate): Buffer {
  const tail = readTail(original.toString("latin1"));
  if (!tail) return Buffer.concat([original, Buffer.from(`\n%SandboxSignatureCertificate ${certificate.requestId} ${certificate.completedAt}\n`)]);
  const number = tail.size;
  const lead = Buffer.from("\n");
  const info = Buffer.from(infoObject(number, original, certificate), "latin1");
  const infoAt = original.length + lead.length;
  const xrefAt = infoAt + info.length;
  const shared = `/Root ${tail.root} /Info ${number} 0 R /Prev ${tail.startxref}${tail.id ? ` /ID ${tail.id}` : ""}`;
  const end = tail.stream ? xrefStream(number, infoAt, xrefAt, shared) : xrefTable(number, infoAt, shared);
  return Buffer.concat([original, lead, info, end, Buffer.from(`startxref\n${xrefAt}\n%%EOF\n`)]);
}

function xrefTable(number: number, infoAt: number, shared: string): Buffer {
  return Buffer.from(`xref\n${number} 1\n${String(infoAt).padStart(10, "0")} 00000 n \ntrailer\n<< /Size ${number + 1} ${shared} >>\n`);
}

function xrefStream(number: number, infoAt: number, xrefAt: number, shared: string): Buffer {
  const entries = Buffer.alloc(14);
  [infoAt, xrefAt].forEach((offset, index) => {
    entries.writeUInt8(1, index * 7);
    entries.writeUInt32BE(offset, index * 7 + 1);
    entries.writeUInt16BE(0, index * 7 + 5);
  });
  const dictionary = `<< /Type /XRef /Size ${number + 2} /Index [${number} 2] /W [1 4 2] /Length ${entries.length} ${shared} >>`;
  return Buffer.concat([Buffer.from(`${number + 1} 0 obj\n${dictionary}\nstream\n`), entries, Buffer.from("\nendstream\nendobj\n")]);
}
