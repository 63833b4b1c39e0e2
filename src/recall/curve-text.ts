import { type CurveScale, curveScale, frontier } from './curve-scale.ts';
import type { RecallCurve, RecallSetting } from './recall-curve.ts';

const [columns, rows] = [58, 10];
const brailleBlank = 0x2800;
/** Braille cells are two dots wide and four high. */
const [dotsAcross, dotsUp] = [columns * 2, rows * 4];
const brailleBits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** The table of a curve, for a terminal of 80 columns. */
export function curveTable({ tier, settings, exact }: RecallCurve): string[] {
  const line = (cells: readonly string[]) => cells.map((cell, index) => cell.padStart(widths[index] ?? 10)).join('');
  const widths = [11, 11, 13, 12, 10, 10];
  return [
    line(['candidates', 'ef_search', 'stage one', 'recall@10', 'p50 ms', 'p95 ms']),
    ...settings.map(({ stageOne, candidates, efSearch, stageOneRecall, recall, p50Ms, p95Ms }) =>
      line([
        String(candidates),
        tier === 'exact' || stageOne === 'covering' ? '-' : String(efSearch),
        stageOneRecall.toFixed(4),
        recall.toFixed(4),
        p50Ms.toFixed(1),
        p95Ms.toFixed(1),
      ]),
    ),
    line(['all', '-', '', '1.0000', exact.p50Ms.toFixed(1), exact.p95Ms.toFixed(1)]),
  ];
}

/** The curve in braille dots: every setting, and a line through those that nothing beats. 70 columns, 12 lines. */
export function curveDrawing(curve: RecallCurve): string[] {
  const scale = curveScale(curve);
  const cells = Array.from({ length: rows }, () => new Uint8Array(columns));
  const up = (recall: number) => Math.round((1 - scale.y(recall)) * (dotsUp - 1));
  const place = ({ p50Ms, recall }: RecallSetting) => ({
    x: Math.round(scale.x(p50Ms) * (dotsAcross - 1)),
    y: up(recall),
  });
  const dot = (x: number, y: number) => {
    const row = cells[y >> 2];
    if (row && x >= 0 && x < dotsAcross) row[x >> 1] = (row[x >> 1] ?? 0) | (brailleBits[y & 3]?.[x & 1] ?? 0);
  };
  for (const setting of curve.settings) {
    const { x, y } = place(setting);
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const)
      dot(x + dx, y + dy);
  }
  const path = frontier(curve.settings).map(place);
  for (const [index, to] of path.entries()) {
    const from = path[index - 1] ?? to;
    const steps = Math.max(1, Math.abs(to.x - from.x), Math.abs(to.y - from.y));
    for (let step = 0; step <= steps; step++)
      dot(Math.round(from.x + ((to.x - from.x) * step) / steps), Math.round(from.y + ((to.y - from.y) * step) / steps));
  }
  const labels = new Map(scale.ticks.map((tick) => [up(tick) >> 2, String(tick)]));
  const drawn = cells.map((row, index) => {
    const label = labels.get(index);
    const dots = [...row].map((bits) => String.fromCodePoint(brailleBlank + bits)).join('');
    return `${(label ?? '').padStart(7)} ${label ? '┤' : '│'}${dots.replace(/\u2800+$/, '')}`;
  });
  return [...drawn, `${' '.repeat(8)}└${'─'.repeat(columns)}`, axisLabels(scale)];
}

function axisLabels({ ticksMs, x }: CurveScale): string {
  let line = '';
  for (const tick of ticksMs) {
    const isLast = tick === ticksMs.at(-1);
    const text = isLast ? `${tick} ms` : String(tick);
    const at = 9 + Math.round(x(tick) * (columns - 1)) - (isLast ? text.length - 1 : 0);
    if (at > line.length) line = line.padEnd(at) + text;
  }
  return line;
}
