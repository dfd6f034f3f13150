import { afterEach } from "vitest";

/** To be called once in a test file: gives a function that hands on what it is given, which is disposed after the test. */
export function disposedAfterEach(): <T extends { dispose: () => unknown }>(value: T) => T {
  const made: { dispose: () => unknown }[] = [];
  afterEach(() => {
    for (const one of made.splice(0)) one.dispose();
  });
  return (value) => (made.push(value), value);
}
