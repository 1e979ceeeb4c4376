/** JSON Schemas for people: what each member is, whether it must be there, and what bounds it. */
import type { JsonSchema } from '../openapi/schemas.ts';
import { type Html, html } from './markup.ts';

/** Deeper members are left to the OpenAPI document. */
const depthMax = 6;

/** A schema as nested lists of members. */
export function schemaView(schema: JsonSchema, depth = 0): Html {
  const children = depth >= depthMax ? [] : childrenOf(schema);
  return html`<span class="type">${typeOf(schema)}</span>${boundsOf(schema)}${
    children.length === 0
      ? ''
      : html`<ul>${children.map(({ name, child, required }) => memberView(name, child, required, depth))}</ul>`
  }`;
}

interface Child {
  readonly name: string;
  readonly child: JsonSchema;
  readonly required: boolean;
}

function memberView(name: string, child: JsonSchema, required: boolean, depth: number): Html {
  const meaning =
    typeof child.description === 'string' ? html` <span class="meaning">${child.description}</span>` : '';
  return html`<li><code>${name}</code>${required ? '' : html` <small>optional</small>`} ${schemaView(child, depth + 1)}${meaning}</li>`;
}

function childrenOf(schema: JsonSchema): readonly Child[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const properties = Object.entries(objectIn(schema.properties)).map(([name, child]) => ({
    name,
    child: objectIn(child),
    required: required.includes(name),
  }));
  if (properties.length > 0) return properties;
  const inner = schema.type === 'array' ? schema.items : schema.additionalProperties;
  if (isObject(inner)) return '$ref' in inner ? [] : childrenOf(inner);
  return [];
}

function typeOf(schema: JsonSchema): Html {
  const { $ref: reference, type, items, enum: words, const: only } = schema;
  if (typeof reference === 'string') {
    const name = reference.slice(reference.lastIndexOf('/') + 1);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (only !== undefined) return html`<code>${JSON.stringify(only)}</code>`;
  if (Array.isArray(words))
    return html`${words.map((word, index) => html`${index === 0 ? '' : ' | '}<code>${String(word)}</code>`)}`;
  const choices = [schema.anyOf, schema.oneOf, schema.allOf].find(Array.isArray);
  if (choices !== undefined) {
    return html`${choices.map((choice, index) => html`${index === 0 ? '' : ' or '}${typeOf(choiceOf(choice))}`)}`;
  }
  if (type === 'array') return html`list of ${typeOf(objectIn(items))}`;
  if (type === 'object' && isObject(schema.additionalProperties)) {
    return html`map of ${typeOf(schema.additionalProperties)}`;
  }
  return html`${typeof type === 'string' ? type : 'any value'}`;
}

/** Of alternatives that are told apart by their type, the type says which is which. */
function choiceOf(choice: unknown): JsonSchema {
  const schema = objectIn(choice);
  const discriminator = objectIn(objectIn(schema.properties).type);
  return discriminator.const === undefined ? schema : discriminator;
}

function boundsOf(schema: JsonSchema): Html {
  const { minimum, maximum, minLength, maxLength, maxItems, format, default: usual } = schema;
  const said = [
    typeof format === 'string' && format !== 'date-time' ? format : undefined,
    format === 'date-time' ? 'ISO 8601 time' : undefined,
    isTold(minimum) ? `at least ${minimum}` : undefined,
    isTold(maximum) ? `at most ${maximum}` : undefined,
    typeof minLength === 'number' && minLength > 1 ? `at least ${minLength} characters` : undefined,
    typeof maxLength === 'number' ? `at most ${maxLength} characters` : undefined,
    typeof maxItems === 'number' ? `at most ${maxItems}` : undefined,
    usual === undefined ? undefined : `${JSON.stringify(usual)} by default`,
  ].filter((each) => each !== undefined);
  return said.length === 0 ? html`` : html` <small>${said.join(', ')}</small>`;
}

/** Zod bounds every whole number by what JavaScript can hold, which tells nobody anything. */
function isTold(bound: unknown): bound is number {
  return typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
}

function objectIn(value: unknown): JsonSchema {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
