// Which channels must be equally many: union-find over runs of channels, which can also be cut in two.
import type { ChannelAxis, ChannelSegment } from "./channel-axis.js";

interface Run {
  readonly width: number;
  /** Paths of the layers that produce it. */
  readonly layers: Set<string>;
  fixed: string | undefined;
  /** What it was merged with, or the two runs that it was cut into. */
  into: readonly number[] | undefined;
}

/** Runs of channels by number; an axis names runs, `resolve` says what they have become. */
export class ChannelClasses {
  private readonly runs: Run[] = [];

  /** An axis of `width` new channels. */
  create(width: number, { layer, fixed }: { readonly layer?: string; readonly fixed?: string }): ChannelAxis {
    const group = this.runs.push({ width, layers: new Set(layer === undefined ? [] : [layer]), fixed, into: undefined }) - 1;
    return [{ tile: 1, segments: [{ group, repeat: 1 }] }];
  }

  run(group: number): Readonly<Run> {
    return this.runs[group]!;
  }

  resolve(axis: ChannelAxis): ChannelAxis {
    return axis.map(({ tile, segments }) => ({ tile, segments: this.resolveSegments(segments) }));
  }

  /** The channels of the axis keep their number. The first reason stays. */
  fix(axis: ChannelAxis, reason: string): void {
    for (const run of this.runsOf(axis)) run.fixed ??= reason;
  }

  /** `layer` makes these channels too (a depthwise convolution, which has as many as it reads). */
  addProducer(axis: ChannelAxis, layer: string): void {
    for (const run of this.runsOf(axis)) run.layers.add(layer);
  }

  /** Makes two axes equal channel by channel; false, with both fixed, where their channels cannot be lined up. */
  unify(a: ChannelAxis, b: ChannelAxis, reason: string): boolean {
    const aligned = a.length === b.length && a.every(({ tile }, i) => tile === b[i]!.tile) && a.every(({ segments }, i) => this.unifySegments(segments, b[i]!.segments));
    if (!aligned) for (const axis of [a, b]) this.fix(axis, reason);
    return aligned;
  }

  private runsOf(axis: ChannelAxis): Run[] {
    return this.resolve(axis).flatMap(({ segments }) => segments.map(({ group }) => this.runs[group]!));
  }

  private resolveSegments(segments: readonly ChannelSegment[]): ChannelSegment[] {
    return segments.flatMap(({ group, repeat }) => {
      const { into } = this.runs[group]!;
      return into === undefined ? [{ group, repeat }] : this.resolveSegments(into.map((part) => ({ group: part, repeat })));
    });
  }

  private unifySegments(a: readonly ChannelSegment[], b: readonly ChannelSegment[]): boolean {
    for (let i = 0; ; i++) {
      // Anew after every cut or merger: it may have changed what stands further on.
      const [x, y] = [this.resolveSegments(a)[i], this.resolveSegments(b)[i]];
      if (x === undefined || y === undefined) return x === y;
      if (x.group === y.group && x.repeat === y.repeat) continue;
      if (x.repeat !== y.repeat) return false;
      const [left, right] = [this.runs[x.group]!.width, this.runs[y.group]!.width];
      if (left === right) this.merge(x.group, y.group);
      else {
        this.cut(left > right ? x.group : y.group, Math.min(left, right));
        i = -1;
      }
    }
  }

  private merge(to: number, from: number): void {
    const [a, b] = [this.runs[to]!, this.runs[from]!];
    for (const layer of b.layers) a.layers.add(layer);
    a.fixed ??= b.fixed;
    b.into = [to];
  }

  private cut(group: number, at: number): void {
    const run = this.runs[group]!;
    run.into = [at, run.width - at].map((width) => this.runs.push({ width, layers: new Set(run.layers), fixed: run.fixed, into: undefined }) - 1);
  }
}
