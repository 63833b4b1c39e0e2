import { writeFile } from 'node:fs/promises';
import type { ClassResult } from './measure-guides.ts';

const title = 'Ten nearest passages: median latency by size of the tenant';
const size = { width: 760, height: 420 };
const frame = { left: 70, right: 20, top: 70, bottom: 70 };
const colours = { tessera: '#0f766e', guides: '#c2410c', grid: '#d4d4d8', text: '#18181b' };

/** Draws the median latency by size class, Tessera against the guides, on a logarithmic scale. */
export async function plotLatencies(file: URL, results: readonly ClassResult[]): Promise<void> {
  await writeFile(file, latencyPlot(results));
}

function latencyPlot(results: readonly ClassResult[]): string {
  const times = results.flatMap(({ tessera, guides }) => [tessera.p50Ms, guides.p50Ms]);
  const low = 10 ** Math.floor(Math.log10(Math.min(...times)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...times)));
  const y = (ms: number) => {
    const share = Math.log10(ms / low) / Math.log10(high / low);
    return size.height - frame.bottom - share * (size.height - frame.top - frame.bottom);
  };
  const column = (size.width - frame.left - frame.right) / results.length;
  const bar = (x: number, ms: number, colour: string, label: string) =>
    `<rect x="${x.toFixed(1)}" y="${y(ms).toFixed(1)}" width="${(column * 0.34).toFixed(1)}" height="${(y(low) - y(ms)).toFixed(1)}" fill="${colour}"/>` +
    text(x + column * 0.17, y(ms) - 5, label, 'middle', 11);
  const decades = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, power) => low * 10 ** power);
  const parts = [
    text(frame.left, 24, title, 'start', 16),
    legend(frame.left, colours.tessera, 'Tessera, over HTTP'),
    legend(frame.left + 170, colours.guides, 'one shared HNSW index and a policy, as most guides advise'),
    ...decades.map(
      (ms) =>
        `<line x1="${frame.left}" x2="${size.width - frame.right}" y1="${y(ms).toFixed(1)}" y2="${y(ms).toFixed(1)}" stroke="${colours.grid}"/>${text(frame.left - 8, y(ms) + 4, `${ms} ms`, 'end', 12)}`,
    ),
    ...results.flatMap(({ chunks, tessera, guides }, index) => {
      const x = frame.left + column * index + column * 0.14;
      const middle = frame.left + column * (index + 0.5);
      return [
        bar(x, tessera.p50Ms, colours.tessera, tessera.p50Ms.toFixed(1)),
        bar(x + column * 0.38, guides.p50Ms, colours.guides, guides.p50Ms.toFixed(1)),
        text(middle, size.height - frame.bottom + 18, `${chunks.toLocaleString('en')} chunks`, 'middle', 12),
        text(
          middle,
          size.height - frame.bottom + 35,
          `recall ${tessera.recall.toFixed(2)} / ${guides.recall.toFixed(2)}`,
          'middle',
          11,
        ),
        text(
          middle,
          size.height - frame.bottom + 51,
          `rows ${tessera.rows.toFixed(1)} / ${guides.rows.toFixed(1)}`,
          'middle',
          11,
        ),
      ];
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="system-ui, sans-serif">
<title>${title}</title>
<rect width="100%" height="100%" fill="white"/>
${parts.join('\n')}
</svg>
`;
}

function legend(x: number, colour: string, label: string): string {
  return `<rect x="${x}" y="38" width="12" height="12" fill="${colour}"/>${text(x + 18, 48, label, 'start', 12)}`;
}

function text(x: number, y: number, content: string, anchor: string, points: number): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${points}" fill="${colours.text}">${content}</text>`;
}
