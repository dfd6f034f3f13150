// Six colours that stay apart for colour-blind readers (after Okabe and Ito 2008, darkened so that each has a contrast of 3 to its ground), then the same ones dashed.

/** By ground; the page's style sheet makes them `--series-1` … `--series-6`. */
export const seriesColors = {
  light: ["#0072b2", "#d55e00", "#00845f", "#a8468a", "#8a6a00", "#5b6470"],
  dark: ["#5ab4ee", "#ff9147", "#2cc49a", "#e58fc4", "#e3c04c", "#a9b4c0"],
} as const;

const dashes = [undefined, "5 4", "1.5 4", "9 3 2 3"];
const borders = ["solid", "dashed", "dotted", "double"];
const round = (i: number) => Math.floor(i / seriesColors.light.length);

/** Of the `i`-th series; a CSS colour that follows the ground. */
export const seriesColor = (i: number): string => `var(--series-${(i % seriesColors.light.length) + 1})`;

/** Of the line, as `stroke-dasharray`. */
export const seriesDash = (i: number): string | undefined => dashes[round(i) % dashes.length];

/** Of its key in the legend, as `border-style`. */
export const seriesBorder = (i: number): string => borders[round(i) % borders.length]!;
