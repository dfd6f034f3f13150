// What a user sees while it runs: one updating line on a terminal, plain lines elsewhere (a log, a pipe).

/** The part of `process.stdout` that is used. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Screen {
  /** Takes the updating line's place, after a bar that is filled up to `share`. Where there is no terminal only milestones are written, each on its own line. */
  status(text: string, options?: { readonly share?: number; readonly milestone?: boolean }): void;
  /** A line that stays. */
  line(text: string): void;
  /** Removes the updating line. */
  end(): void;
}

export function createScreen(output: Output): Screen {
  const clear = "\r\u001B[K";
  let open = false;
  const end = () => {
    if (open) output.write(clear);
    open = false;
  };
  return {
    status(text, { share, milestone = false } = {}) {
      if (output.isTTY) {
        // A line longer than the terminal would wrap, and then not go away.
        const columns = output.columns || 80;
        const whole = share === undefined ? text : `${bar(share)} ${text}`;
        output.write(clear + (whole.length < columns ? whole : `${whole.slice(0, columns - 2)}…`));
        open = true;
      } else if (milestone) output.write(`${text}\n`);
    },
    line(text) {
      end();
      output.write(`${text}\n`);
    },
    end,
  };
}

/** "▓▓▓░░░", `width` characters. */
export function bar(share: number, width = 20): string {
  const full = Math.round(width * share);
  return "▓".repeat(full) + "░".repeat(width - full);
}
