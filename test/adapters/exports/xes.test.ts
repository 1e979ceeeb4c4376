/** XES in Docket's own dialect: valid, in the order that readers expect, and nothing lost. */
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { afterAll, describe, expect, it } from 'vitest';
import { writeXes } from '../../../adapters/exports/xes.ts';
import { eventTypes, type RecordedEvent } from '../../../domain/ticket/events.ts';
import { replay } from '../../../domain/ticket/evolve.ts';
import { randomHistory } from '../../projections/histories.ts';
import { arbitraryEvent } from '../../support/arbitrary-events.ts';
import { newEvent } from '../../support/events.ts';
import { asJson, exportFolder, MemoryOutput, recorded, type SelectOptions, select } from './exporting.ts';

const { folder, remove } = exportFolder();
afterAll(remove);

const history = randomHistory({ seed: 5, events: 2_000, liveTickets: 40 });

async function xesOf(events: readonly RecordedEvent[], options: SelectOptions = {}): Promise<string> {
  const output = new MemoryOutput();
  await writeXes(await select(events, options), output, folder);
  return output.text;
}

type Attributes = Record<string, string | number>;
interface Trace {
  readonly attributes: Attributes;
  readonly events: Attributes[];
}

interface Log {
  readonly declared: { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[];
  readonly globals: Readonly<Record<string, string[]>>;
  readonly attributes: Attributes;
  readonly traces: Trace[];
}

/** A reader of its own: typed attributes of log, traces and events, with `docket:exact` put in its place. */
function readXes(text: string): Log {
  const log: Log = { declared: [], globals: { trace: [], event: [] }, attributes: {}, traces: [] };
  let scope: string | undefined;
  let target: Attributes = log.attributes;
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const { key = '', value = '' } = attributes;
    if (name === 'log' || name === 'extension' || name === 'classifier')
      log.declared.push({ name, attributes });
    else if (name === 'global') scope = attributes.scope;
    else if (name === 'trace') {
      log.traces.push({ attributes: {}, events: [] });
      target = log.traces.at(-1)?.attributes ?? {};
    } else if (name === 'event') {
      target = {};
      log.traces.at(-1)?.events.push(target);
    } else if (scope !== undefined) log.globals[scope]?.push(key);
    else if (key === 'docket:exact') Object.assign(target, JSON.parse(value));
    else if (name === 'int') target[key] = Number(value);
    else if (name === 'date') {
      expect(value).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}\+00:00$/);
      target[key] = Date.parse(value);
    } else {
      expect(name).toBe('string');
      target[key] = value;
    }
  });
  parser.on('closetag', ({ name }) => {
    if (name === 'global') scope = undefined;
  });
  parser.write(text).close();
  return log;
}

function eventOf(ticketId: unknown, attributes: Attributes): unknown {
  const actor = (id: unknown, role: unknown) => (id === undefined ? undefined : { id, role });
  return asJson({
    ticketId,
    revision: attributes['docket:revision'],
    partition: attributes['docket:partition'],
    position: attributes['docket:position'],
    type: attributes['concept:name'],
    schemaVersion: attributes['docket:schemaVersion'],
    workflow: attributes['docket:workflow'],
    state: attributes['docket:state'],
    occurredAt: attributes['time:timestamp'],
    recordedAt: attributes['docket:recordedAt'],
    actor: actor(attributes['org:resource'], attributes['org:role']),
    onBehalfOf: actor(attributes['docket:onBehalfOfId'], attributes['docket:onBehalfOfRole']),
    commandId: attributes['docket:commandId'],
    commandDigest: attributes['docket:commandDigest'],
    correlationId: attributes['docket:correlationId'],
    causationId: attributes['docket:causationId'],
    source: attributes['docket:source'],
    data: JSON.parse(String(attributes['docket:data'])),
  });
}

const eventsOf = ({ attributes, events }: Trace) =>
  events.map((event) => eventOf(attributes['concept:name'], event));

describe('XES', () => {
  it('has a trace per ticket in the order of first positions, with its events by revision', async () => {
    const log = readXes(await xesOf(history));
    const byTicket = Map.groupBy(history, (event) => event.ticketId);
    expect(log.traces.map(eventsOf)).toEqual([...byTicket.values()].map((events) => events.map(asJson)));
    for (const { attributes } of log.traces) {
      const [opening] = byTicket.get(String(attributes['concept:name'])) ?? [];
      expect(attributes['docket:workflow']).toBe(opening?.workflow);
    }
  });

  it('says the group after each event', async () => {
    const log = readXes(await xesOf(history));
    for (const { attributes, events } of log.traces) {
      const ticketId = String(attributes['concept:name']);
      const own = history.filter((event) => event.ticketId === ticketId);
      const groups = own.map((_, index) => replay(ticketId, own.slice(0, index + 1))?.group);
      expect(events.map((event) => event['org:group'])).toEqual(groups);
    }
  });

  it('loses nothing of any event, whatever XML thinks of its characters and times', async () => {
    const hard = fc.tuple(...eventTypes.map((type) => arbitraryEvent(type)));
    await fc.assert(
      fc.asyncProperty(hard, async (events) => {
        const workStarted = newEvent(
          { type: 'WorkStarted', data: {} },
          { commandId: '\ufffe\t\r\n"<&>\'\0' },
        );
        const log = recorded('T-hard', [...events, workStarted]);
        expect(readXes(await xesOf(log)).traces.map(eventsOf)).toEqual([log.map(asJson)]);
      }),
      { numRuns: 25 },
    );
  });

  it('declares its extensions, what every trace and event has, and its classifiers', async () => {
    const log = readXes(await xesOf(history));
    const named = (name: string) => log.declared.filter((each) => each.name === name);
    expect(named('log')[0]?.attributes).toMatchObject({ 'xes.version': '1849-2016' });
    const prefixes = named('extension').map(({ attributes }) => attributes.prefix);
    expect(prefixes).toEqual(['concept', 'time', 'lifecycle', 'org']);
    expect(log.attributes['docket:format']).toBe('1');
    const globals = log.globals.event ?? [];
    for (const { attributes, events } of log.traces) {
      expect(Object.keys(attributes)).toEqual(expect.arrayContaining(log.globals.trace ?? []));
      for (const event of events) expect(Object.keys(event)).toEqual(expect.arrayContaining(globals));
    }
    const keys = new Set(log.traces.flatMap(({ events }) => events.flatMap((event) => Object.keys(event))));
    const classified = named('classifier').flatMap(({ attributes }) => attributes.keys?.split(' ') ?? []);
    expect(classified.filter((key) => !keys.has(key))).toEqual([]);
  });

  it('of a selection has only its events', async () => {
    const log = readXes(await xesOf(history, { selection: { fromPosition: 700, toPosition: 900 } }));
    const positions = log.traces.flatMap(({ events }) =>
      events.map((event) => Number(event['docket:position'])),
    );
    expect(positions.toSorted((left, right) => left - right)).toEqual(
      Array.from({ length: 201 }, (_, i) => 700 + i),
    );
    expect(readXes(await xesOf(history, { selection: { workflow: 'nope' } })).traces).toEqual([]);
  });
});
