import { createInterface, type Interface } from 'node:readline';
import { KitError } from '../../../src/errors.js';

/** Where questions are asked and answers come from. */
export interface Terminal {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  /** Keys such as Ctrl-C come as characters. */
  terminal: boolean;
}

/** The person does not want to go on. */
export class Cancelled extends Error {}

/** Asks one question after the other. A line that comes before its question is its answer all the same. */
export class Questions {
  readonly #lines: string[] = [];
  readonly #reader: Interface;
  readonly #output: NodeJS.WritableStream;
  #ended: Error | undefined;
  #closed = false;
  #wake: () => void = () => {};

  constructor({ input, output, terminal }: Terminal) {
    this.#output = output;
    this.#reader = createInterface({ input, output, terminal });
    this.#reader.on('line', (line) => {
      this.#lines.push(line.trim());
      this.#wake();
    });
    this.#reader.on('SIGINT', () => this.#end(new Cancelled()));
    const remedy = 'Answer them, or give the answers as options: im-conformance init --help.';
    this.#reader.on('close', () =>
      this.#end(new KitError('usage', 'the questions were not answered to the end', remedy)),
    );
  }

  /** One line; nothing but spaces is the default. */
  async text(question: string, byDefault = ''): Promise<string> {
    this.#reader.setPrompt(byDefault === '' ? `${question} ` : `${question} [${byDefault}] `);
    this.#reader.prompt();
    while (this.#lines.length === 0) {
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#lines.shift() || byDefault;
  }

  /** Asks until the answer is usable. `check` throws a KitError that says why it is not. */
  async checked<T>(question: string, byDefault: string, check: (answer: string) => T): Promise<T> {
    for (;;) {
      const answer = await this.text(question, byDefault);
      try {
        return check(answer);
      } catch (cause) {
        if (!(cause instanceof KitError)) throw cause;
        this.#output.write(`  ${cause.message}. ${cause.remedy}\n`);
      }
    }
  }

  async yes(question: string): Promise<boolean> {
    return /^y(es)?$/i.test(await this.text(`${question} (y/N)`));
  }

  close(): void {
    this.#closed = true;
    this.#reader.close();
  }

  #end(error: Error): void {
    // The line of the question is not finished.
    if (this.#ended === undefined && !this.#closed) this.#output.write('\n');
    this.#ended ??= error;
    this.#wake();
  }
}
