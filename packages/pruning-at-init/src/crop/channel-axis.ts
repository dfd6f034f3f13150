// A tensor's channel axis as data: which group each channel belongs to, and where the channels that stay lie.

/** Channels of one group, each `repeat` times in a row (a depthwise convolution with several outputs a channel). */
export interface ChannelSegment {
  readonly group: number;
  readonly repeat: number;
}

/** Segments side by side (a concatenation), the whole `tile` times over (flattened positions). */
export interface ChannelBlock {
  readonly tile: number;
  readonly segments: readonly ChannelSegment[];
}

export type ChannelAxis = readonly ChannelBlock[];

const blockWidth = ({ tile, segments }: ChannelBlock, widths: readonly number[]) => tile * segments.reduce((sum, { group, repeat }) => sum + repeat * widths[group]!, 0);

/** Length of the axis when the groups have these widths. */
export const axisWidth = (axis: ChannelAxis, widths: readonly number[]): number => axis.reduce((sum, block) => sum + blockWidth(block, widths), 0);

/** Axes side by side. */
export function joined(axes: readonly ChannelAxis[]): ChannelAxis {
  const blocks: ChannelBlock[] = [];
  for (const block of axes.flat()) {
    const last = blocks.at(-1);
    if (last?.tile === 1 && block.tile === 1) blocks[blocks.length - 1] = { tile: 1, segments: [...last.segments, ...block.segments] };
    else blocks.push(block);
  }
  return blocks;
}

/** Channels `c` of the axis become `m·c … m·c + m − 1`. */
export const repeated = (axis: ChannelAxis, times: number): ChannelAxis => axis.map(({ tile, segments }) => ({ tile, segments: segments.map(({ group, repeat }) => ({ group, repeat: repeat * times })) }));

/** The axis of a tensor whose positions were flattened into it; undefined for one that is tiled already. */
export function tiled(axis: ChannelAxis, positions: number): ChannelAxis | undefined {
  if (positions === 1) return axis;
  return axis.every(({ tile }) => tile === 1) ? [{ tile: positions, segments: axis.flatMap(({ segments }) => segments) }] : undefined;
}

/** How many entries of the axis one channel of each group stands for. */
export function entriesPerChannel(axis: ChannelAxis): Map<number, number> {
  const entries = new Map<number, number>();
  for (const { tile, segments } of axis) for (const { group, repeat } of segments) entries.set(group, (entries.get(group) ?? 0) + tile * repeat);
  return entries;
}

/** The group, and the channel in it, of each entry of the axis. */
export function channelsOf(axis: ChannelAxis, widths: readonly number[]): { readonly group: number; readonly channel: number }[] {
  return axis.flatMap(({ tile, segments }) => {
    const once = segments.flatMap(({ group, repeat }) => Array.from({ length: widths[group]! * repeat }, (_, entry) => ({ group, channel: Math.floor(entry / repeat) })));
    return Array.from({ length: tile }, () => once).flat();
  });
}

/** Where the channels that stay lie on the axis, ascending; `kept` has their numbers, of every group. */
export function entriesOf(axis: ChannelAxis, from: readonly number[], kept: readonly (readonly number[])[]): number[] {
  const entries: number[] = [];
  let start = 0;
  for (const { tile, segments } of axis) {
    for (let copy = 0; copy < tile; copy++) {
      for (const { group, repeat } of segments) {
        for (const channel of kept[group]!) for (let entry = 0; entry < repeat; entry++) entries.push(start + channel * repeat + entry);
        start += from[group]! * repeat;
      }
    }
  }
  return entries;
}

/** The first `to[g]` channels of every group. */
export const firstChannels = (to: readonly number[]): number[][] => to.map((width) => Array.from({ length: width }, (_, channel) => channel));
