// The browser of browser tests: a Chromium that is on the machine already. Where there is none, one line says so and no test is registered.
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";
import { requiredBackends } from "./backends.js";

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
const quiet = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

/** The path of a Chromium: `CHROMIUM_PATH`, else where systems install it; undefined if there is none. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== "") {
    if (!existsSync(named)) throw new Error(`CHROMIUM_PATH names "${named}", which does not exist`);
    return named;
  }
  return usual.find((path) => existsSync(path));
}

/** Starts it, headless; the caller closes it. `args` are added to its command line. */
export async function launchChromium(args: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("launchChromium: no Chromium on this machine. Install Debian's package chromium, or set CHROMIUM_PATH.");
  return chromium.launch({ executablePath, args: [...quiet, ...args] });
}

/**
 * Registers browser tests where there is a Chromium. Where there is none: one printed line, or an error if `WARMSTART_REQUIRE` names chromium.
 * The file must have other tests too, since vitest refuses a file without any.
 *
 * @example
 * whenChromium("report page", (launch) => it("has plots", async () => { const browser = await launch(); … }));
 */
export function whenChromium(name: string, register: (launch: typeof launchChromium) => void): void {
  if (findChromium() !== undefined) register(launchChromium);
  else if (requiredBackends().includes("chromium")) throw new Error(`${name}: WARMSTART_REQUIRE names "chromium", which is not on this machine. Install Debian's package chromium, or set CHROMIUM_PATH.`);
  else console.log(`chromium: absent, no tests of ${name}`);
}
