import { element } from './dom.js';

/** Longest excerpt in UTF-16 units, and how much of it comes before its first mark. */
const excerptLength = 420;
const leadLength = 100;

/**
 * A text in which parts are marked, as text nodes and elements.
 * @param {string} text
 * @param {{ start: number, end: number }[]} ranges in UTF-16 units of the text; they may overlap.
 * @param {string} [className] of the marks.
 */
export function markedText(text, ranges, className = '') {
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const { start, end } of merged(ranges)) {
    parts.append(text.slice(at, start), element('mark', { className }, text.slice(start, end)));
    at = end;
  }
  parts.append(text.slice(at));
  return parts;
}

/**
 * A body in which passages stand out, the best one most, and the words that are marked in it.
 * @param {string} body
 * @param {{ best: object, passages: object[], words: object[] }} ranges in UTF-16 units of the body.
 */
export function markedBody(body, { best, passages, words }) {
  const parts = document.createDocumentFragment();
  const edges = [best, ...passages].flatMap(({ start, end }) => [start, end]);
  const cuts = [...new Set([0, ...edges, body.length])].sort((a, b) => a - b);
  for (const [index, start] of cuts.entries()) {
    const end = cuts[index + 1] ?? start;
    const covers = (range) => range.start <= start && range.end >= end;
    const text = body.slice(start, end);
    if (covers(best)) {
      const inside = words.map((word) => ({ start: word.start - start, end: word.end - start }));
      parts.append(element('span', { className: 'passage best' }, markedText(text, within(inside, text.length))));
    } else parts.append(passages.some(covers) ? element('span', { className: 'passage' }, text) : text);
  }
  return parts;
}

/**
 * The part of a passage to show in a list: whole where it is short, otherwise from a little before the first mark.
 * @returns {{ text: string, ranges: { start: number, end: number }[] }}
 */
export function excerpt(text, ranges) {
  if (text.length <= excerptLength) return { text, ranges };
  const first = Math.min(...ranges.map(({ start }) => start), text.length);
  const wanted = first === text.length ? 0 : Math.max(0, first - leadLength);
  const from = wanted === 0 ? 0 : afterBlank(text, wanted);
  const to = text.length - from <= excerptLength ? text.length : beforeBlank(text, from + excerptLength);
  const lead = from > 0 ? '… ' : '';
  const shift = lead.length - from;
  return {
    text: `${lead}${text.slice(from, to)}${to < text.length ? ' …' : ''}`,
    ranges: ranges
      .filter(({ start, end }) => start >= from && end <= to)
      .map(({ start, end }) => ({ start: start + shift, end: end + shift })),
  };
}

/** What of the ranges lies in a text of this length. */
function within(ranges, length) {
  return ranges
    .map(({ start, end }) => ({ start: Math.max(0, start), end: Math.min(end, length) }))
    .filter(({ start, end }) => start < end);
}

/** Ranges in order, those that touch made one. */
function merged(ranges) {
  const result = [];
  for (const { start, end } of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else result.push({ start, end });
  }
  return result;
}

function afterBlank(text, from) {
  const blank = text.slice(from, from + leadLength).search(/\s/);
  return blank === -1 ? wholeCharacter(text, from) : from + blank + 1;
}

function beforeBlank(text, to) {
  const blank = text.lastIndexOf(' ', to);
  return blank > to - leadLength ? blank : wholeCharacter(text, to);
}

/** Never between the two halves of a character. */
function wholeCharacter(text, at) {
  return /[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at + 1 : at;
}
