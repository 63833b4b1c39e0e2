import type { Comparison, ModelFigures, Spread } from '../../recall/comparison.ts';
import { formatCount } from '../format.ts';

const [labelWidth, modelWidth, shiftWidth] = [34, 22, 9];

/** What two models made of the same queries, as one table: a column each, and how a query's scores shift from one to the other. */
export function formatComparison(
  names: readonly [string, string],
  { overlapAt10, sameFirst, queries, figures, shifts }: Comparison,
  origin: { readonly label: string; readonly count: string },
): string[] {
  const [first, second] = figures;
  const line = (label: string, cells: readonly [string, string], shift?: Spread) =>
    `${label.padEnd(labelWidth)}${cells.map((cell) => cell.padStart(modelWidth)).join('')}${shift ? shiftCells(shift) : ''}`;
  const row = (label: string, value: (one: ModelFigures) => string, shift?: Spread) =>
    line(label, [value(first), value(second)], shift);
  const both = (label: string, value: string) => line(label, [value, value]);
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const heads = ['mean', 'median', 'p5', 'p95'].map((head) => head.padStart(shiftWidth)).join('');
  return [
    `${''.padEnd(labelWidth + 2 * modelWidth)}${'shift of a query'.padStart(4 * shiftWidth)}`,
    `${line('', [clip(names[0]), clip(names[1])])}${heads}`,
    both(origin.label, origin.count),
    row('queries without an answer', (one) => formatCount(one.unanswered)),
    both('overlap@10', overlapAt10.toFixed(3)),
    both('same first passage', `${formatCount(sameFirst)} of ${formatCount(queries)}`),
    row("first one among the other's ten", (one) => one.firstFoundByOther.toFixed(3)),
    row('cosine of the best hit', (one) => one.bestMean.toFixed(3), shifts.best),
    row('  its deviation', (one) => one.bestDeviation.toFixed(3)),
    ...(shifts.common ? [line('cosine of passages both found', ['', ''], shifts.common)] : []),
    row('latency p50', (one) => ms(one.p50Ms)),
    row('latency p95', (one) => ms(one.p95Ms)),
    row('  of it the vector, p50', (one) => ms(one.embedP50Ms)),
  ];
}

/** Which `minScore` of the second model is like one of the first. */
export function formatMinScores(
  names: readonly [string, string],
  { minScores }: Pick<Comparison, 'minScores'>,
): string[] {
  if (minScores.length === 0) return [];
  const line = (cells: readonly string[]) =>
    cells.map((cell, index) => cell.padStart(index === 2 ? 18 : modelWidth)).join('');
  return [
    'minScore in SEMANTIC mode that lets the same share of hits through:',
    line([clip(names[0]), clip(names[1]), 'hits that pass']),
    ...minScores.map(({ from, to, passing }) =>
      line([
        String(Number(from.toFixed(4))),
        to === undefined ? (passing === 0 ? 'above all' : 'below all') : to.toFixed(3),
        `${(100 * passing).toFixed(1)} %`,
      ]),
    ),
  ];
}

function shiftCells({ mean, median, p5, p95 }: Spread): string {
  return [mean, median, p5, p95].map((value) => signed(value).padStart(shiftWidth)).join('');
}

function signed(value: number): string {
  const text = value.toFixed(3);
  if (Number(text) === 0) return '0.000';
  return value > 0 ? `+${text}` : text;
}

function clip(name: string): string {
  return name.length < modelWidth ? name : `${name.slice(0, modelWidth - 2)}…`;
}
