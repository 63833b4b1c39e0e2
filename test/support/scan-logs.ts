/** Characters of a text that are looked for together: long enough that nothing says them by chance. */
const windowLength = 24;
/** Windows of one text. */
const mostWindows = 12;

/**
 * What no log may hold, whoever wrote it: signed tokens, API keys, whatever is sent as a credential, and passwords, but for
 * the word itself, which a sentence gives for an example.
 */
const credentials =
  /\beyJ[\w-]{6,}\.[\w-]{6,}|\btsr_[0-9a-f]{12}_[0-9a-f]{8,}|\bBearer\s+(?!\[hidden\])[\w.~+/-]{16,}|tessera-test-only|(?<=:\/\/[^\s:/@"]*:)(?!\[hidden\]|password@)[^\s/@"]+(?=@)/;

/**
 * Looks for credentials, and for parts of the texts that users stored or searched for.
 * @returns one sentence for each line that holds any, with the line.
 */
export function scanLogs(lines: Iterable<string>, texts: Iterable<string>): string[] {
  const windows = new Set<string>();
  for (const text of texts) for (const window of windowsOf(text)) windows.add(window);
  const leaks: string[] = [];
  for (const line of lines) {
    const credential = credentials.exec(line)?.[0] ?? findWindow(line, windows);
    if (credential !== undefined) leaks.push(`${JSON.stringify(credential)} in: ${line.slice(0, 400)}`);
  }
  return leaks;
}

/** True for a text that can be told from any other. */
export function isTelling(text: string): boolean {
  return text.length >= windowLength && new Set(text.slice(0, 200)).size > 8;
}

/** Parts of a text as it stands in a log of JSON and in one for people. */
function windowsOf(text: string): string[] {
  const forms = [text, JSON.stringify(text).slice(1, -1)].map((form) => form.slice(0, 100_000));
  return forms.flatMap((form) => {
    const step = Math.max(windowLength, Math.floor(form.length / mostWindows));
    const places = Array.from({ length: mostWindows }, (_, index) => index * step);
    return places.map((place) => form.slice(place, place + windowLength)).filter(isTelling);
  });
}

function findWindow(line: string, windows: ReadonlySet<string>): string | undefined {
  for (let place = 0; place + windowLength <= line.length; place++) {
    const window = line.slice(place, place + windowLength);
    if (windows.has(window)) return window;
  }
  return undefined;
}
