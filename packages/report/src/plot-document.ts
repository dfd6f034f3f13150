// Where plots are drawn: the page's own document where there is one, else linkedom's, which is made of strings.

/** A document to create SVG elements in. */
export async function plotDocument(): Promise<Document> {
  if (typeof document !== "undefined") return document;
  const { parseHTML } = await import("linkedom");
  return parseHTML("<!doctype html><html><body></body></html>").document;
}
