// What a user sees while it runs: one updating line on a terminal, plain lines elsewhere (a log, a pipe).

/** The part of `process.stdout` that is used. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Screen {
  /** Takes the updating line's place. Where there is no terminal only milestones are written, each on its own line. */
  status(text: string, options?: { readonly milestone?: boolean }): void;
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
    status(text, { milestone = false } = {}) {
      if (output.isTTY) {
        // A line longer than the terminal would wrap, and then not go away.
        const columns = output.columns || 80;
        output.write(clear + (text.length < columns ? text : `${text.slice(0, columns - 2)}…`));
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
export function bar(done: number, total: number, width = 20): string {
  const full = Math.round((width * done) / Math.max(1, total));
  return "▓".repeat(full) + "░".repeat(width - full);
}
