import { describe, expect, test } from 'vitest';
import { curveScale, frontier } from '../../../src/recall/curve-scale.ts';
import { curveSvg } from '../../../src/recall/curve-svg.ts';
import { curveDrawing, curveTable } from '../../../src/recall/curve-text.ts';
import type { RecallCurve, RecallSetting } from '../../../src/recall/recall-curve.ts';

function setting(
  candidates: number,
  recall: number,
  p50Ms: number,
  change: Partial<RecallSetting> = {},
): RecallSetting {
  const rest = { efSearch: candidates, stageOneRecall: recall, p95Ms: 2 * p50Ms };
  return { stageOne: 'planned', candidates, recall, p50Ms, ...rest, ...change };
}

const curve: RecallCurve = {
  modelId: 1,
  tier: 'hnsw',
  chunks: 20_000,
  sample: 200,
  settings: [
    setting(20, 0.96, 1.3),
    setting(40, 0.98, 1.6),
    setting(40, 0.979, 1.9, { efSearch: 80 }),
    setting(400, 0.9985, 12),
    setting(100, 1, 7, { stageOne: 'covering' }),
  ],
  exact: { p50Ms: 55, p95Ms: 70 },
  measuredAt: new Date('2026-01-02T03:04:05Z'),
};
const perfect: RecallCurve = { ...curve, tier: 'exact', settings: [setting(20, 1, 0.8), setting(40, 1, 0.8)] };

describe('the line through a curve', () => {
  test('holds what nothing beats, from quick to slow', () => {
    expect(frontier(curve.settings).map(({ recall }) => recall)).toEqual([0.96, 0.98, 1]);
  });

  test('draws every point inside its frame', () => {
    for (const one of [curve, perfect]) {
      const { x, y, ticks, ticksMs } = curveScale(one);
      for (const { p50Ms, recall } of one.settings) {
        for (const share of [x(p50Ms), y(recall)]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
      }
      expect([x(ticksMs[0]!), x(ticksMs.at(-1)!), y(ticks[0]!), y(1)]).toEqual([0, 1, 0, 1]);
    }
  });

  test('has marks at round times that enclose the measured ones', () => {
    expect(curveScale(curve).ticksMs).toEqual([1, 2, 5, 10, 20]);
    expect(curveScale({ sample: 10, settings: [setting(20, 1, 0.8)] }).ticksMs).toEqual([0.5, 1]);
    expect(curveScale({ sample: 10, settings: [setting(20, 1, 20), setting(40, 1, 50)] }).ticksMs).toEqual([20, 50]);
  });
});

describe('in a terminal', () => {
  test('the table fits 80 columns and says what was measured', () => {
    const lines = curveTable(curve);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^ +20 +20 +0\.9600 +0\.9600 +1\.3 +2\.6$/);
    expect(lines[5]).toMatch(/^ +100 +- +1\.0000 /);
    expect(lines.at(-1)).toMatch(/^ +all +- +1\.0000 +55\.0 +70\.0$/);
  });

  test('the drawing fits 80 columns and names both axes', () => {
    for (const one of [curve, perfect]) {
      const lines = curveDrawing(one);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(80);
      expect(lines[0]).toMatch(/^ +1 ┤/);
      expect(lines.at(-1)).toMatch(/ ms$/);
      expect(lines.join('')).toMatch(/[\u2801-\u28ff]/);
    }
  });
});

describe('as an SVG file', () => {
  test('has a mark for every setting, labelled axes, and nothing from elsewhere', () => {
    const svg = curveSvg('acme', curve);
    expect(svg.match(/<circle/g)).toHaveLength(4);
    expect(svg.match(/<rect/g)).toHaveLength(1);
    expect(svg.match(/class="point broad"/g)).toHaveLength(1);
    expect(svg).toContain('>recall@10</text>');
    expect(svg).toContain('>median time of a search in the database, ms</text>');
    expect(svg).toContain('20,000 chunks, tier hnsw, 200 queries, 2026-01-02');
    expect(svg).not.toMatch(/href|url\(|<script|NaN|Infinity|undefined/);
    expect(curveSvg('acme', perfect)).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('is well-formed', () => {
    const open: string[] = [];
    for (const [, closing, name, empty] of curveSvg('acme', curve).matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
      if (closing) expect(open.pop()).toBe(name);
      else if (!empty) open.push(name!);
    }
    expect(open).toEqual([]);
  });
});
