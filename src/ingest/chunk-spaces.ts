/** True where the UTF-16 unit at `position` is white space, in the sense of `\s`. */
export function isSpaceAt(text: string, position: number): boolean {
  const unit = text.charCodeAt(position);
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  return /\s/.test(text.charAt(position));
}

/** The first position from `start` that is not white space, or `end`. */
export function skipSpaces(text: string, start: number, end: number): number {
  let position = start;
  while (position < end && isSpaceAt(text, position)) position++;
  return position;
}

/** The position after the last character before `end` that is not white space, or `start`. */
export function trimSpaces(text: string, start: number, end: number): number {
  let position = end;
  while (position > start && isSpaceAt(text, position - 1)) position--;
  return position;
}

/** True where a line of the text ends at `position`. */
export function isLineEndAt(text: string, position: number): boolean {
  const unit = text.charCodeAt(position);
  return unit === 0x0a || unit === 0x0d || unit === 0x2028 || unit === 0x2029;
}
