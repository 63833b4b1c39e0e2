import { styleText } from 'node:util';

export type Mode = 'HYBRID' | 'SEMANTIC' | 'KEYWORD';

/** Hits as the gateway answers them; what is not printed is there for `--json`. */
export interface HitPage {
  /** The mode that was run. */
  readonly mode: Mode;
  readonly edges: readonly {
    readonly score: number;
    readonly scores: { readonly vector: number | null; readonly keyword: number | null };
    readonly chunk: { readonly text: string };
    readonly node: { readonly title: string; readonly collection: string; readonly url: string | null };
  }[];
}

export interface HitFormat {
  /** The mode that was asked for. */
  readonly asked: Mode;
  /** Decides the width, and whether titles stand out. */
  readonly stream: NodeJS.WriteStream;
}

const indent = '    ';
const widest = 100;
const snippetLines = 4;

/** Hits as text for a terminal, ranked from 1. */
export function formatHits({ mode, edges }: HitPage, { asked, stream }: HitFormat): string {
  const fallback =
    mode === asked
      ? ''
      : `Searched by words only (${mode}): the model knows no word of the text.${edges.length ? '\n\n' : '\n'}`;
  if (edges.length === 0) return `${fallback}no hits`;
  const width = Math.min(stream.columns || 80, widest);
  const hits = edges.map(({ score, scores, chunk, node }, index) => {
    const rank = `${index + 1}.`.padEnd(indent.length);
    const facts = [score.toFixed(3), plain(node.collection), foundBy(scores)].join('  ');
    return [
      rank + styleText('bold', plain(node.title), { stream }),
      ...[facts, ...(node.url ? [plain(node.url)] : [])].map((line) => indent + styleText('dim', line, { stream })),
      ...wrap(plain(chunk.text), width - indent.length, snippetLines).map((line) => indent + line),
    ].join('\n');
  });
  return fallback + hits.join('\n\n');
}

function foundBy({ vector, keyword }: HitPage['edges'][number]['scores']): string {
  if (vector === null) return 'by words';
  return keyword === null ? 'by meaning' : 'by meaning and words';
}

/** One line without control characters: a document must not be able to speak to the terminal, nor to turn its text around. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
}

/** Breaks text between words into lines of at most `width` characters, a longer word aside, and cuts it after `maxLines`. */
function wrap(text: string, width: number, maxLines: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  if (lines.length <= maxLines) return lines;
  const last = (lines[maxLines - 1] ?? '').slice(0, width - 3).trimEnd();
  return [...lines.slice(0, maxLines - 1), `${last}...`];
}
