/**
 * Reads XES (IEEE 1849) element by element: a file's traces and events with their attributes as they are
 * written, and the line each begins on. What the elements mean is xes-cases.ts's and docket-xes.ts's matter.
 *
 * It must never hold more than one event, its trace's attributes and one chunk; and an element that is not as
 * XES wants it is told with its line, never skipped in silence.
 */
import { SaxesParser, type SaxesTagPlain } from 'saxes';
import { Fault } from '../../domain/errors.ts';

const attributeTypes = ['string', 'date', 'int', 'float', 'boolean', 'id', 'list', 'container'] as const;
export type XesAttributeType = (typeof attributeTypes)[number];

export interface XesAttribute {
  readonly type: XesAttributeType;
  readonly key: string;
  /** The text of the value; empty for lists and containers. */
  readonly value: string;
  /** Of a list or container what is in it; of any other, attributes that tell more about it. */
  readonly children: readonly XesAttribute[];
}

export interface XesTrace {
  readonly line: number;
  /** Complete where the file has the attributes before the events, as XES wants it. */
  readonly attributes: readonly XesAttribute[];
}

export interface XesEvent {
  readonly kind: 'event';
  readonly line: number;
  readonly trace: XesTrace;
  readonly attributes: readonly XesAttribute[];
}

/** An event, or another element, that can not be taken as it is written. */
export interface XesFlaw {
  readonly kind: 'flaw';
  /** Whether a whole event is concerned, so that it is not among the events. */
  readonly isEvent: boolean;
  readonly line: number;
  /** None for what stands outside of traces. */
  readonly trace: XesTrace | undefined;
  readonly attributes: readonly XesAttribute[];
  readonly message: string;
}

export interface XesTraceEnd {
  readonly kind: 'trace_end';
  readonly trace: XesTrace;
  readonly events: number;
}

export type XesItem = XesEvent | XesFlaw | XesTraceEnd;

/** What a log says before its traces. */
export interface XesHeader {
  readonly attributes: XesAttribute[];
  readonly traceGlobals: XesAttribute[];
  readonly eventGlobals: XesAttribute[];
  /** Classifiers and the attribute keys that they put together to a class. */
  readonly classifiers: { readonly name: string; readonly keys: string }[];
}

export const xesLimits = {
  /** Of one trace or event, nested ones counted too. */
  attributesMax: 2_000,
  depthMax: 32,
  /** Between two tags: a longer text or attribute is no event log. */
  tagCharactersMax: 16 * 1_048_576,
};

interface Frame {
  readonly tag: string;
  readonly line: number;
  readonly attributes: XesAttribute[];
  /** Set for what is not understood, and for all that is in it. */
  readonly skipped: boolean;
  count: number;
  flaw: string | undefined;
}

/** Yields what each chunk completes. Throws `Fault('input_unreadable')` for a file that is no XML. */
export async function* readXes(
  texts: AsyncIterable<string>,
  file: string,
  header: XesHeader,
): AsyncGenerator<readonly XesItem[]> {
  const elements = new XesElements(file, header);
  for await (const text of texts) {
    const items = elements.feed(text);
    if (items.length > 0) yield items;
  }
  const last = elements.end();
  if (last.length > 0) yield last;
}

class XesElements {
  readonly #parser = new SaxesParser({ xmlns: false });
  readonly #file: string;
  readonly #header: XesHeader;
  readonly #frames: Frame[] = [];
  #items: XesItem[] = [];
  #trace: (XesTrace & { readonly attributes: XesAttribute[]; events: number }) | undefined;
  #charactersSinceTag = 0;
  #startLine = 1;

  constructor(file: string, header: XesHeader) {
    this.#file = file;
    this.#header = header;
    this.#parser.on('error', (error) => {
      // It begins with line and column.
      throw new Fault('input_unreadable', `${file} is no XES file: line ${error.message}`);
    });
    this.#parser.on('opentagstart', () => {
      this.#startLine = this.#parser.line;
    });
    this.#parser.on('opentag', (tag) => this.#open(tag));
    this.#parser.on('closetag', () => this.#close());
  }

  feed(text: string): readonly XesItem[] {
    this.#charactersSinceTag += text.length;
    this.#parser.write(text);
    if (this.#charactersSinceTag > xesLimits.tagCharactersMax) {
      throw this.#fault(`no tag ends within ${xesLimits.tagCharactersMax} characters`);
    }
    const items = this.#items;
    this.#items = [];
    return items;
  }

  end(): readonly XesItem[] {
    this.#parser.close();
    return this.#items;
  }

  #open(tag: SaxesTagPlain): void {
    this.#charactersSinceTag = 0;
    const name = tag.name.slice(tag.name.indexOf(':') + 1);
    const parent = this.#frames.at(-1);
    if (parent === undefined && name !== 'log') throw this.#fault(`it begins with <${name}>, not with <log>`);
    if (this.#frames.length >= xesLimits.depthMax) throw this.#fault('its elements are nested too deeply');
    const skipped = parent?.skipped === true || (parent !== undefined && !mayStandIn(name, parent.tag));
    const attributes = name === 'global' ? this.#globals(tag) : [];
    const frame: Frame = { tag: name, line: this.#startLine, attributes, skipped, count: 0, flaw: undefined };
    this.#frames.push(frame);
    if (skipped) {
      if (parent?.skipped !== true) this.#strange(frame, `<${name}> has no meaning inside <${parent?.tag}>`);
      return;
    }
    if (name === 'trace') this.#trace = { line: frame.line, attributes: frame.attributes, events: 0 };
    else if (name === 'classifier') this.#classifier(tag);
    else if (isAttributeType(name)) this.#attribute(frame, name, tag);
  }

  #close(): void {
    const frame = this.#frames.pop();
    if (frame === undefined || frame.skipped) return;
    if (frame.tag === 'event') this.#endEvent(frame);
    else if (frame.tag === 'trace') this.#endTrace(frame);
  }

  #endEvent({ line, attributes, flaw }: Frame): void {
    const trace = this.#trace;
    if (trace !== undefined) trace.events += 1;
    const message = trace === undefined ? 'an event outside of a trace has no case' : flaw;
    if (trace !== undefined && message === undefined) {
      this.#items.push({ kind: 'event', line, trace, attributes });
    } else {
      this.#items.push({ kind: 'flaw', isEvent: true, line, trace, attributes, message: message ?? '' });
    }
  }

  #endTrace({ line, attributes, flaw }: Frame): void {
    const trace = this.#trace;
    if (trace === undefined) throw new Error('bug: a trace ends that never began');
    if (flaw !== undefined) {
      this.#items.push({ kind: 'flaw', isEvent: false, line, trace, attributes, message: flaw });
    }
    this.#items.push({ kind: 'trace_end', trace, events: trace.events });
    this.#trace = undefined;
  }

  #globals({ attributes }: SaxesTagPlain): XesAttribute[] {
    return attributes.scope === 'trace' ? this.#header.traceGlobals : this.#header.eventGlobals;
  }

  #classifier({ attributes }: SaxesTagPlain): void {
    this.#header.classifiers.push({ name: attributes.name ?? '', keys: attributes.keys ?? '' });
  }

  #attribute(frame: Frame, type: XesAttributeType, tag: SaxesTagPlain): void {
    const { key, value } = tag.attributes;
    const holder = this.#frames.findLast(({ tag }) => holders.has(tag));
    if (holder === undefined) return;
    holder.count += 1;
    if (holder.count > xesLimits.attributesMax) {
      const message = `this <${holder.tag}> has more than ${xesLimits.attributesMax} attributes`;
      if (holder.tag === 'log' || holder.tag === 'global') throw this.#fault(message);
      holder.flaw ??= message;
      return;
    }
    if (key === undefined || key === '' || (value === undefined && type !== 'list' && type !== 'container')) {
      this.#strange(frame, `<${type}> must have a key and a value`);
      return;
    }
    if (holder.tag === 'trace' && (this.#trace?.events ?? 0) > 0) {
      this.#strange(frame, `<${type} key="${key}"> comes after events; a trace's attributes come first`);
      return;
    }
    this.#into()?.push({ type, key, value: value ?? '', children: frame.attributes });
  }

  /** Where the attribute that was just opened belongs. */
  #into(): XesAttribute[] | undefined {
    const parent = this.#frames.at(-2);
    // A list keeps its elements in <values>, which is nothing by itself.
    const holder = parent?.tag === 'values' ? this.#frames.at(-3) : parent;
    if (holder?.tag === 'log') return this.#header.attributes;
    return holder?.attributes;
  }

  /** Something that is not as it should be: the event's fault, or else the file's. */
  #strange(frame: Frame, message: string): void {
    const event = this.#frames.findLast((each) => each.tag === 'event' && each !== frame);
    if (event !== undefined) {
      event.flaw ??= message;
      return;
    }
    const { line, attributes } = frame;
    this.#items.push({ kind: 'flaw', isEvent: false, line, trace: this.#trace, attributes, message });
  }

  #fault(message: string): Fault {
    const { line } = this.#parser;
    return new Fault('input_unreadable', `${this.#file} is no XES file: line ${line}: ${message}`);
  }
}

/** The elements that attributes are counted for. */
const holders: ReadonlySet<string> = new Set(['log', 'global', 'trace', 'event']);

/** Which elements XES knows inside which. */
function mayStandIn(name: string, parent: string): boolean {
  if (isAttributeType(name)) return parent !== 'extension' && parent !== 'classifier';
  switch (name) {
    case 'extension':
    case 'classifier':
    case 'global':
      return parent === 'log';
    case 'trace':
      return parent === 'log';
    case 'event':
      return parent === 'trace' || parent === 'log';
    case 'values':
      return parent === 'list';
    default:
      return false;
  }
}

function isAttributeType(name: string): name is XesAttributeType {
  return attributeTypes.some((type) => type === name);
}
