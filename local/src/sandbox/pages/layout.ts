/** The frame of every page: one small accessible document without external assets. */
export interface Page {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

export function money(cents: number): string {
  return `$${(cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })}`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1f36; --paper: #ffffff; --edge: #c4c9d4; --accent: #4a3fd1; }
@media (prefers-color-scheme: dark) { :root { --ink: #eef0f6; --paper: #171a26; --edge: #4a5064; --accent: #a49bff; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 40rem; margin: 0 auto; padding: 2rem 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; } dt { opacity: .75; } dd { margin: 0; overflow-wrap: anywhere; }
form { margin: .4rem 0; } button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--edge); border-radius: .4rem; padding: .5rem .9rem; width: 100%; text-align: left; cursor: pointer; }
button.main { border-color: var(--accent); color: var(--accent); font-weight: 600; } button:focus-visible, a:focus-visible, input:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); } input { font: inherit; padding: .4rem; width: 100%; box-sizing: border-box; }
.note { border-left: 4px solid var(--accent); padding: .25rem .75rem; margin: 1rem 0; } footer { margin-top: 2.5rem; font-size: .85rem; opacity: .75; }
`;

export function html(title: string, content: string, status = 200): Page {
  return {
    status,
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store", "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action *" },
    body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main><h1>${escapeHtml(title)}</h1>${content}</main><footer>Provider sandbox: no real money, no legal effect.</footer></body></html>`,
  };
}

export function redirect(location: string): Page {
  return { status: 303, headers: { location }, body: "" };
}

export function facts(rows: [string, string][]): string {
  return `<dl>${rows.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join("")}</dl>`;
}

/** A button that posts one choice. */
export function choice(action: string, label: string, fields: Record<string, string> = {}, main = false): string {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`).join("");
  return `<form method="post" action="${escapeHtml(action)}">${inputs}<button${main ? ' class="main"' : ""}>${escapeHtml(label)}</button></form>`;
}
