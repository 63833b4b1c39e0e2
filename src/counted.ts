/**
 * A number with its noun, such as `1 chunk` or `5,148 chunks`.
 * @param one of a single one; a verb may stand behind it where `many` is given (`chunk waits`, `chunks wait`).
 * @param many of any other number; with an s unless given.
 */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
