// Markup that cannot be injected into: what is put into a template is text, unless it came out of a template.

/** Markup made by `html` or vouched for by `markup`. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = string | number | Markup | readonly Part[];

/** Text as HTML shows it, also within quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}

/** A template whose parts are escaped; lists are joined. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((whole, string, i) => whole + render(parts[i - 1] ?? "") + string));
}

/** Takes a string for markup. The caller vouches that it is. */
export const markup = (text: string): Markup => new Markup(text);

function render(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (Array.isArray(part)) return part.map(render).join("");
  return escapeHtml(String(part));
}
