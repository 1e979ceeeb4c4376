/**
 * JSON Schemas of what goes over the wire, made from the zod schemas that check it. Two things are said here
 * that zod can not know: how a value that is text in the address reads there, and which schemas have a name.
 */
import { z } from 'zod';
import { wireOf } from '../query-values.ts';

/** JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What the caller sends is `input`; what the server answers is `output`. */
export type Direction = 'input' | 'output';

export interface NamedSchema {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly direction: Direction;
}

/** Where named schemas stand in the document. */
export const schemaReference = (name: string): string => `#/components/schemas/${name}`;

/** Turns zod schemas into JSON Schemas in which the named ones are references. */
export class SchemaWriter {
  readonly #named: readonly NamedSchema[];
  readonly #nameOf = new Map<object, NamedSchema>();

  constructor(named: readonly NamedSchema[]) {
    this.#named = named;
    for (const each of named) this.#nameOf.set(each.schema, each);
  }

  /** A schema as it stands in an operation: a reference, where it has a name itself. */
  write(schema: z.ZodType, direction: Direction): JsonSchema {
    return this.#convert(schema, direction, false);
  }

  /** All named schemas, by name. */
  components(): Record<string, JsonSchema> {
    return Object.fromEntries(
      this.#named.map(({ name, schema, direction }) => [name, this.#convert(schema, direction, true)]),
    );
  }

  #convert(schema: z.ZodType, direction: Direction, spelledOut: boolean): JsonSchema {
    const { $schema: _, ...converted } = z.toJSONSchema(schema, {
      io: direction,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema instanceof z.ZodDefault)
          Object.assign(jsonSchema, { default: zodSchema.def.defaultValue });
        const wire = wireOf(zodSchema);
        if (wire !== undefined) return replace(jsonSchema, wire);
        const named = this.#nameOf.get(zodSchema);
        const itself = spelledOut && named?.schema === schema;
        if (named?.direction === direction && !itself)
          replace(jsonSchema, { $ref: schemaReference(named.name) });
      },
    });
    return converted;
  }
}

function replace(schema: object, by: JsonSchema): void {
  for (const key of Object.keys(schema)) Reflect.deleteProperty(schema, key);
  Object.assign(schema, by);
}
