import { Refusal } from '../errors.ts';

/** Shorter texts are read faster than they could be abused. */
const fromCharacters = 65_536;
/** Far more than anything that is asked for; 4 MB of open brackets take `JSON.parse` a quarter of a second. */
const mostLevels = 500;
/** Fifty searches by vectors of 3,072 components fit. Half a million took 0.16 s to be read and told to be too many. */
const mostValues = 200_000;
/** Members of objects: a hundred thousand names take `JSON.parse` 50 ms. */
const mostMembers = 50_000;

const quote = 0x22;
const backslash = 0x5c;

/**
 * Looks at a long JSON text before it is parsed: how deep it is, and how many values it has. Whether it is JSON is found out later.
 * @throws {Refusal} `BAD_USER_INPUT`
 */
export function checkJson(text: string): void {
  if (text.length < fromCharacters) return;
  let levels = 0;
  let values = 0;
  let members = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++levels > mostLevels) throw refuse('The request is nested too deeply to be read.');
        break;
      case 0x5d: // ]
      case 0x7d: // }
        levels--;
        break;
      case 0x2c: // ,
        if (++values > mostValues) throw refuse(`The request has more than ${mostValues} values.`);
        break;
      case 0x3a: // :
        if (++members > mostMembers) throw refuse(`The request has more than ${mostMembers} fields of objects.`);
    }
  }
}

/** The place of the quote that ends a string: one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === backslash) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

function refuse(message: string): Refusal {
  return new Refusal('BAD_USER_INPUT', message);
}
