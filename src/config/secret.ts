import { inspect } from 'node:util';

const mask = '[secret]';

/**
 * A text that must not be printed by accident: string conversion, `JSON.stringify` and `console.log` all give `[secret]`.
 * Only {@link Secret.reveal} gives the text, so every use of it is easy to find.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. Pass it straight to what needs it; never log it or put it into a message. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return mask;
  }

  toJSON(): string {
    return mask;
  }

  [inspect.custom](): string {
    return mask;
  }
}
