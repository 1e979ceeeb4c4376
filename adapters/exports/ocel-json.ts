/**
 * OCEL 2.0 as JSON. The sections stand in the order in which they become known: events, objects, and last
 * the types with their attributes. All attribute values are strings, as the standard's schema wants them.
 */
import { eventAttributes, type OcelEvent, type OcelObject, type OcelWriter, writeOcel } from './ocel.ts';
import type { AttributeType, AttributeValue } from './ocel-model.ts';
import type { Output } from './output.ts';
import type { SelectedEvents } from './selected-events.ts';
import { timeText } from './text.ts';

/** The time that OCEL gives to what an object has from the beginning. */
const beginning = '1970-01-01T00:00:00.000Z';

export async function writeOcelJson(events: SelectedEvents, output: Output, folder: string): Promise<void> {
  await writeOcel(events, new JsonWriter(output), folder);
}

class JsonWriter implements OcelWriter {
  readonly #output: Output;
  readonly #eventTypes = new Set<string>();
  readonly #objectTypes = new Map<string, Set<string>>();
  #text = '{"events":[';
  #section: 'events' | 'objects' = 'events';
  #between = '\n';

  constructor(output: Output) {
    this.#output = output;
  }

  event({ id, type, at, values, relations }: OcelEvent): void {
    this.#eventTypes.add(type);
    const attributes: object[] = [];
    for (const [index, attribute] of eventAttributes(type).entries()) {
      const value = values[index];
      if (value !== undefined)
        attributes.push({ name: attribute.name, value: valueText(attribute.type, value) });
    }
    const relationships = relations.map((each) => ({ objectId: each.id, qualifier: each.qualifier }));
    this.#add({ id, type, time: `${timeText(at)}Z`, attributes, relationships });
  }

  object({ id, type, initial, changes, links }: OcelObject): void {
    this.#begin('objects');
    const names = this.#objectTypes.get(type) ?? new Set();
    this.#objectTypes.set(type, names);
    const attributes: object[] = [];
    for (const [name, value] of Object.entries(initial)) {
      names.add(name);
      attributes.push({ name, value, time: beginning });
    }
    for (const { name, value, at } of changes) attributes.push({ name, value, time: `${timeText(at)}Z` });
    const relationships = links.map((each) => ({ objectId: each.id, qualifier: each.qualifier }));
    this.#add({ id, type, attributes, relationships });
  }

  async drain(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    await this.#output.write(text);
  }

  async end(): Promise<void> {
    this.#begin('objects');
    const eventTypes = [...this.#eventTypes].map((name) => ({ name, attributes: eventAttributes(name) }));
    const objectTypes = [...this.#objectTypes].map(([name, names]) => ({
      name,
      attributes: [...names].map((each) => ({ name: each, type: 'string' })),
    }));
    this.#text += `\n],"eventTypes":${JSON.stringify(eventTypes)},"objectTypes":${JSON.stringify(objectTypes)}}\n`;
    await this.drain();
  }

  #begin(section: 'events' | 'objects'): void {
    if (this.#section === section) return;
    this.#text += `\n],"${section}":[`;
    this.#section = section;
    this.#between = '\n';
  }

  #add(item: object): void {
    this.#text += this.#between + JSON.stringify(item);
    this.#between = ',\n';
  }
}

function valueText(type: AttributeType, value: AttributeValue): string {
  return type === 'time' && typeof value === 'number' ? `${timeText(value)}Z` : String(value);
}
