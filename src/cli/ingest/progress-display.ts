import { counted } from '../../counted.ts';
import { formatRate } from '../format.ts';

/** How far a run is. */
export interface RunState {
  readonly documents: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Where the run began in the file. */
  readonly startOffset: number;
  readonly elapsedMs: number;
}

export interface ProgressDisplay {
  /** Shows how far it is, if it is time to. */
  update(state: RunState): void;
  /** Shows a phase that has no end to measure. */
  phase(text: string): void;
  /** Shows a line that stays. */
  note(line: string): void;
  /** Leaves the terminal clean. */
  finish(): void;
}

const frameMs = 100;
const lineMs = 5_000;
const lineDocuments = 1_000;
/** Such as `1,234,567 documents, 1,234 a second, 120 s left`: a bar whose length changes all the time is no bar. */
const widestFacts = 50;

/** One line that changes, on a terminal. */
export function createBar(stream: NodeJS.WriteStream, now: () => number = Date.now): ProgressDisplay {
  let shownAt = Number.NEGATIVE_INFINITY;
  const clear = '\r\u001b[K';
  const draw = (text: string) => {
    shownAt = now();
    stream.write(`${clear}${text.slice(0, (stream.columns || 80) - 1)}`);
  };
  return {
    update: (state) => {
      if (now() - shownAt >= frameMs || state.offset === state.sizeBytes) draw(formatBar(state, stream.columns || 80));
    },
    phase: (text) => {
      if (now() - shownAt >= frameMs) draw(text);
    },
    note: (line) => {
      stream.write(`${clear}${line}\n`);
      shownAt = Number.NEGATIVE_INFINITY;
    },
    finish: () => {
      stream.write(clear);
    },
  };
}

/** A line now and then, for logs: every 1,000 documents or 5 seconds. */
export function createLines(note: (line: string) => void, now: () => number = Date.now): ProgressDisplay {
  let shownAt = now();
  let shown = 0;
  return {
    update: (state) => {
      if (state.documents - shown < lineDocuments && now() - shownAt < lineMs) return;
      shownAt = now();
      shown = state.documents;
      note(`${percent(state)} of the file, ${facts(state)}`);
    },
    phase: (text) => {
      if (now() - shownAt < lineMs) return;
      shownAt = now();
      note(text);
    },
    note,
    finish: () => {},
  };
}

/** Such as ` 43 % [=======>          ] 2,200 documents, 412 a second, 12 s left`. */
export function formatBar(state: RunState, columns: number): string {
  const text = `${facts(state)}${timeLeft(state)}`;
  const head = percent(state).padStart(5);
  const room = Math.min(columns - head.length - widestFacts - 5, 40);
  if (room < 10) return `${head} ${text}`;
  const filled = Math.floor(room * share(state));
  const bar = filled === 0 ? '' : `${'='.repeat(filled - 1)}${filled === room ? '=' : '>'}`;
  return `${head} [${bar.padEnd(room)}] ${text}`;
}

function share({ offset, sizeBytes }: RunState): number {
  return sizeBytes === 0 ? 1 : Math.min(1, offset / sizeBytes);
}

function percent(state: RunState): string {
  return `${Math.floor(share(state) * 100)} %`;
}

function facts({ documents, elapsedMs }: RunState): string {
  return `${counted(documents, 'document')}, ${formatRate(documents, elapsedMs)}`;
}

function timeLeft({ offset, startOffset, sizeBytes, elapsedMs }: RunState): string {
  const done = offset - startOffset;
  if (done === 0 || elapsedMs < 1_000 || offset === sizeBytes) return '';
  const seconds = Math.ceil((elapsedMs * (sizeBytes - offset)) / done / 1000);
  return seconds < 120 ? `, ${seconds} s left` : `, ${Math.ceil(seconds / 60)} min left`;
}
