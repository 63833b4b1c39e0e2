import { styleText } from 'node:util';
import type { Finding, Level } from '../../doctor/finding.ts';

const levels: readonly Level[] = ['fault', 'warning', 'skipped', 'ok'];
const colours = { fault: 'red', warning: 'yellow', skipped: 'dim', ok: 'green' } as const;

/** The findings for a terminal: one line each, with what to do about it on the line below. */
export function formatFindings(findings: readonly Finding[], coloured: boolean): string[] {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, found, fix }) => {
    const word = level.padEnd(7);
    const shown = coloured ? styleText(colours[level], word, { validateStream: false }) : word;
    return [`${shown}  ${check.padEnd(width)}  ${found}`, ...(fix ? [`${' '.repeat(width + 11)}${fix}`] : [])];
  });
  const counts = levels
    .map((level) => [findings.filter((one) => one.level === level).length, level] as const)
    .filter(([count]) => count > 0);
  return [...lines, '', counts.map(([count, level]) => `${count} ${level}`).join(', ')];
}
