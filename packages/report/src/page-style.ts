import { seriesColors } from "./series-style.js";

const palette = (colors: readonly string[]): string => colors.map((color, i) => `--series-${i + 1}: ${color};`).join(" ");

/** The style sheet of the page: system fonts, one column, light and dark. */
export const pageStyle = `
:root { color-scheme: light dark; --ground: #fcfcfb; --text: #1d2126; --muted: #5c646d; --line: #dfe2e5; --faint: #f2f3f3; --accent: #0072b2; ${palette(seriesColors.light)} }
@media (prefers-color-scheme: dark) { :root { --ground: #15181b; --text: #e6e8ea; --muted: #9aa3ac; --line: #31373d; --faint: #1d2125; --accent: #5ab4ee; ${palette(seriesColors.dark)} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 768px; padding: 48px 24px 72px; background: var(--ground); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1, h2, h3, h4 { line-height: 1.25; font-weight: 600; text-wrap: balance; }
h1 { margin: 0 0 12px; font-size: 28px; letter-spacing: -0.012em; }
h2 { margin: 64px 0 12px; padding-top: 20px; border-top: 1px solid var(--line); font-size: 22px; letter-spacing: -0.008em; }
h3, h4 { margin: 0 0 10px; font-size: 16px; }
p { margin: 0 0 12px; }
.intro { color: var(--muted); font-size: 17px; max-width: 62ch; white-space: pre-line; }
nav ul { margin: 20px 0 0; padding: 0; list-style: none; columns: 2 220px; }
a { color: var(--accent); text-underline-offset: 3px; text-decoration-thickness: 1px; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 14px 24px; margin: 24px 0 36px; }
.facts dt { color: var(--muted); font-size: 13px; line-height: 1.4; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
section.table, figure { margin: 36px 0 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; line-height: 1.4; min-width: 50%; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 10px; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 500; font-size: 13px; vertical-align: bottom; border-bottom-color: var(--muted); }
tbody th { font-weight: 400; white-space: nowrap; }
tbody .long { min-width: 15em; white-space: normal; }
.number { text-align: right; white-space: nowrap; }
td[data-pad]::after { content: attr(data-pad); visibility: hidden; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 0 0 8px; padding: 0; list-style: none; font-size: 14px; color: var(--text); }
.legend li { display: flex; align-items: center; gap: 8px; }
.key { flex: none; width: 22px; border-width: 2.5px 0 0; }
.key.bar, .key.dot { width: 11px; border-width: 11px 0 0; }
.key.dot { width: 0; border-width: 5px; border-radius: 50%; }
.plot { display: block; width: 100%; height: auto; color: var(--text); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", "DejaVu Sans", sans-serif; overflow: visible; }
.plot text { white-space: pre; }
.narrow { display: none; }
.aside { color: var(--muted); font-size: 13px; }
.notes { margin: 36px 0 0; padding: 14px 18px; background: var(--faint); border-radius: 6px; font-size: 15px; }
.notes ul { margin: 0; padding: 0 0 0 18px; }
.notes li + li { margin-top: 6px; }
@media (max-width: 560px) {
  body { padding: 28px 16px 48px; }
  h1 { font-size: 24px; }
  .wide { display: none; }
  .narrow { display: block; }
  .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 12px 16px; }
}
@media print { body { max-width: none; padding: 0; } figure, section.table { break-inside: avoid; } }
`;
