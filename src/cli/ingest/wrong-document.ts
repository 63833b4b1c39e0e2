import { StartupError } from '../../errors.ts';

/** A document that passed every look at its line and cannot be stored all the same; nor is what was sent with it. */
export class WrongDocumentError extends StartupError {
  /**
   * @param name where it was found, such as `Line 12`.
   * @param message of the fault, with or without the document's position in its write: the line says more.
   */
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(`${name}: ${withoutPosition(message)}`, options);
  }
}

/** What is wrong with a document of a write, without its position there. */
export function withoutPosition(message: string): string {
  return message.replace(/^Document \d+: /, '');
}
