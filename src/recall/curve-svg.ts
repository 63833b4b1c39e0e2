import { curveScale, frontier } from './curve-scale.ts';
import type { RecallCurve, RecallSetting } from './recall-curve.ts';

const size = { width: 720, height: 440 } as const;
const plot = { left: 72, top: 64, width: 616, height: 304 } as const;

/** Greys and a blue that read on white and on black; the background is left to whoever shows the file. */
const style = `
  text { font: 13px system-ui, sans-serif; fill: #808890 }
  .title { font-size: 16px; font-weight: 600 }
  .small { font-size: 11px }
  .grid { stroke: #808890; stroke-opacity: 0.3 }
  .axis { stroke: #808890 }
  .line { fill: none; stroke: #3b82f6; stroke-width: 2 }
  .point { fill: #3b82f6; stroke: #3b82f6; stroke-width: 1.5 }
  .broad { fill: none }`;

/** The curve as an SVG document: time across, recall@10 by its nines upwards, and a line through what nothing beats. */
export function curveSvg(tenantId: string, curve: RecallCurve): string {
  const scale = curveScale(curve);
  const x = (ms: number) => round(plot.left + plot.width * scale.x(ms));
  const y = (recall: number) => round(plot.top + plot.height * (1 - scale.y(recall)));
  const [right, bottom] = [plot.left + plot.width, plot.top + plot.height];
  const date = curve.measuredAt.toISOString().slice(0, 10);
  const subtitle =
    `${curve.chunks.toLocaleString('en')} chunks, tier ${curve.tier}, ${curve.sample} queries, ${date}. ` +
    `Reading every full vector: ${round(curve.exact.p50Ms)} ms.`;
  const path = frontier(curve.settings).map(({ p50Ms, recall }) => `${x(p50Ms)},${y(recall)}`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="Recall and latency of ${escapeXml(tenantId)}">`,
    `<style>${style}\n</style>`,
    `<text class="title" x="${plot.left}" y="26">Recall and latency of ${escapeXml(tenantId)}</text>`,
    `<text class="small" x="${plot.left}" y="46">${escapeXml(subtitle)}</text>`,
    ...scale.ticks.map(
      (tick) =>
        `<line class="grid" x1="${plot.left}" x2="${right}" y1="${y(tick)}" y2="${y(tick)}"/>` +
        `<text text-anchor="end" x="${plot.left - 8}" y="${y(tick) + 4}">${tick}</text>`,
    ),
    ...scale.ticksMs.map(
      (tick) =>
        `<line class="axis" x1="${x(tick)}" x2="${x(tick)}" y1="${bottom}" y2="${bottom + 5}"/>` +
        `<text text-anchor="middle" x="${x(tick)}" y="${bottom + 21}">${tick}</text>`,
    ),
    `<path class="axis" fill="none" d="M${plot.left} ${plot.top}V${bottom}H${right}"/>`,
    `<text text-anchor="middle" x="${plot.left + plot.width / 2}" y="${bottom + 44}">median time of a search in the database, ms</text>`,
    `<text text-anchor="middle" transform="translate(20 ${plot.top + plot.height / 2}) rotate(-90)">recall@10</text>`,
    `<polyline class="line" points="${path.join(' ')}"/>`,
    ...curve.settings.map((setting) => point(setting, x(setting.p50Ms), y(setting.recall))),
    `<text class="small" x="${plot.left}" y="${bottom + 66}">Numbers are candidates. Filled: ef_search equals them; hollow: it is larger; square: the covering index is read.</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function point({ stageOne, candidates, efSearch, recall, p50Ms }: RecallSetting, x: number, y: number): string {
  const how = stageOne === 'covering' ? 'covering index' : `ef_search ${efSearch}`;
  const title = `<title>${candidates} candidates, ${how}: recall@10 ${recall.toFixed(4)}, ${round(p50Ms)} ms</title>`;
  const label = `<text class="small" text-anchor="middle" x="${x}" y="${y + 18}">${candidates}</text>`;
  if (stageOne === 'covering')
    return `<rect class="point" x="${x - 4}" y="${y - 4}" width="8" height="8">${title}</rect>${label}`;
  const broad = efSearch > candidates;
  return `<circle class="point${broad ? ' broad' : ''}" cx="${x}" cy="${y}" r="4">${title}</circle>${broad ? '' : label}`;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
