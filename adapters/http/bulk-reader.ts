/**
 * Lines of a stream to commands, or to what is wrong with them, each under the number of its line. Blank
 * lines count and ask for nothing.
 */
import { isUtf8 } from 'node:buffer';
import type { Command } from '../../domain/ticket/commands.ts';
import type { LineBlock } from './bulk-lines.ts';
import { readJson } from './json-text.ts';
import type { HttpLimits } from './limits.ts';
import { type RefusedJson, refusedJson } from './outcome-json.ts';
import { isPlainCommand } from './plain-command.ts';
import { type CommandRefused, readCommand } from './read-command.ts';
import type { Caller } from './route.ts';

export interface BulkLines {
  readonly commands: readonly Command[];
  /** The line of each command. */
  readonly lines: readonly number[];
  /** By line. */
  readonly refused: ReadonlyMap<number, RefusedJson>;
  readonly lastLine: number;
}

export interface BulkReaderOptions {
  readonly caller: Pick<Caller, 'principal'>;
  /** The number of the first line that comes. */
  readonly firstLine: number;
  /** Where set, commands without an id of their own get this and the number of their line. */
  readonly commandId: string | undefined;
  readonly limits: Pick<HttpLimits, 'bodyDepthMax' | 'bulkLineBytesMax'>;
}

const newline = 0x0a;
/** So few brackets do no harm before anybody has counted them. */
const shortLineCharactersMax = 4_096;
const bytesPerCharacterMax = 3;
const nothingRefused: ReadonlyMap<number, RefusedJson> = new Map();

export class BulkReader {
  readonly #options: BulkReaderOptions;
  readonly #ownActorOnly: boolean;
  /** Lines of so many characters are neither too long nor too deep. */
  readonly #shortLineCharacters: number;
  #lastLine: number;
  #commands: Command[] = [];
  #lines: number[] = [];
  #refused: Map<number, RefusedJson> | undefined;

  constructor(options: BulkReaderOptions) {
    this.#options = options;
    this.#ownActorOnly = !options.caller.principal.scopes.has('actors:any');
    const { bulkLineBytesMax } = options.limits;
    this.#shortLineCharacters = Math.min(shortLineCharactersMax, bulkLineBytesMax / bytesPerCharacterMax);
    this.#lastLine = options.firstLine - 1;
  }

  read({ afterTooLong, bytes }: LineBlock): BulkLines {
    if (afterTooLong) {
      this.#lastLine += 1;
      this.#refuseTooLong();
    }
    if (isUtf8(bytes)) this.#readText(bytes.toString('utf8'));
    else this.#readEach(bytes);
    const read = {
      commands: this.#commands,
      lines: this.#lines,
      refused: this.#refused ?? nothingRefused,
      lastLine: this.#lastLine,
    };
    this.#commands = [];
    this.#lines = [];
    this.#refused = undefined;
    return read;
  }

  /** All lines as one text: parts of it cost no copy. */
  #readText(text: string): void {
    for (let from = 0; from < text.length; ) {
      const end = endOf(text.indexOf('\n', from), text.length);
      this.#lastLine += 1;
      this.#readLine(text.slice(from, end));
      from = end + 1;
    }
  }

  #readLine(line: string): void {
    if (line.length > this.#shortLineCharacters) {
      this.#readDoubtful(Buffer.from(line));
      return;
    }
    let input: unknown;
    try {
      input = JSON.parse(line);
    } catch {
      this.#readDoubtful(Buffer.from(line));
      return;
    }
    if (isObject(input)) this.#complete(input);
    if (isPlainCommand(input) && (!this.#ownActorOnly || this.#isOwn(input))) this.#take(input);
    else this.#readDoubtful(Buffer.from(line));
  }

  /** Lines of which one is not UTF-8: the others are still to be read. */
  #readEach(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const end = endOf(bytes.indexOf(newline, from), bytes.length);
      this.#lastLine += 1;
      this.#readDoubtful(bytes.subarray(from, end));
      from = end + 1;
    }
  }

  /** The same with all the care that a body is read with, and with words for what is wrong. */
  #readDoubtful(line: Buffer): void {
    if (isBlank(line)) return;
    const { caller, limits } = this.#options;
    if (line.length > limits.bulkLineBytesMax) {
      this.#refuseTooLong();
      return;
    }
    const json = readJson(line, limits.bodyDepthMax);
    if (!json.ok) {
      this.#refuse(unreadable(json.detail.replace(/^the body /, 'the line ')));
      return;
    }
    if (isObject(json.value)) this.#complete(json.value);
    const reading = readCommand(json.value, caller);
    if (reading.ok) this.#take(reading.command);
    else this.#refuse(refusedJson(reading));
  }

  /** What a line may leave out. */
  #complete(input: Record<string, unknown>): void {
    const { caller, commandId } = this.#options;
    if (input.actor === undefined) input.actor = caller.principal.actor;
    if (commandId !== undefined && input.commandId === undefined) {
      input.commandId = `${commandId}:${this.#lastLine}`;
    }
  }

  #isOwn({ actor, onBehalfOf }: Command): boolean {
    const own = this.#options.caller.principal.actor;
    return actor.id === own.id && actor.role === own.role && onBehalfOf === undefined;
  }

  #take(command: Command): void {
    this.#commands.push(command);
    this.#lines.push(this.#lastLine);
  }

  #refuseTooLong(): void {
    const { bulkLineBytesMax } = this.#options.limits;
    this.#refuse(unreadable(`the line has more than the ${bulkLineBytesMax} bytes that one may have`));
  }

  #refuse(refused: RefusedJson): void {
    this.#refused ??= new Map();
    this.#refused.set(this.#lastLine, refused);
  }
}

function unreadable(message: string): RefusedJson {
  const refused: CommandRefused = {
    ok: false,
    code: 'invalid_command',
    message,
    errors: [{ path: 'line', message }],
    tried: undefined,
  };
  return refusedJson(refused);
}

function endOf(found: number, length: number): number {
  return found === -1 ? length : found;
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
