import { describe, expect, it } from "vitest";
import { bar, createScreen, type Output } from "./progress.js";

function output(options: Omit<Output, "write">): Output & { text: string } {
  const made = { ...options, text: "", write: (text: string) => void (made.text += text) };
  return made;
}

describe("createScreen", () => {
  it("updates one line on a terminal and removes it before a line that stays", () => {
    const out = output({ isTTY: true, columns: 20 });
    const screen = createScreen(out);
    screen.status("step 1");
    screen.status("step 2 of a text that is too long", { milestone: true });
    screen.line("done");
    expect(out.text).toBe("\r\u001B[Kstep 1\r\u001B[Kstep 2 of a text t…\r\u001B[Kdone\n");
  });

  it("puts a bar before the text on a terminal alone", () => {
    const [terminal, log] = [output({ isTTY: true }), output({})];
    for (const out of [terminal, log]) createScreen(out).status("step 1", { share: 0.5, milestone: true });
    expect(terminal.text).toBe("\r\u001B[K▓▓▓▓▓▓▓▓▓▓░░░░░░░░░░ step 1");
    expect(log.text).toBe("step 1\n");
  });

  it("writes milestones as plain lines elsewhere, and nothing for the steps between", () => {
    const out = output({});
    const screen = createScreen(out);
    screen.status("step 1");
    screen.status("step 2", { milestone: true });
    screen.line("done");
    screen.end();
    expect(out.text).toBe("step 2\ndone\n");
  });
});

describe("bar", () => {
  it("fills with what is done", () => {
    expect(bar(1 / 4, 8)).toBe("▓▓░░░░░░");
    expect(bar(0, 2)).toBe("░░");
    expect(bar(1, 2)).toBe("▓▓");
  });
});
