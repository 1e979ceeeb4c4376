/**
 * Names for fields made of the names that another system's file uses. A field's name is made of lower-case
 * letters, digits and `_`; two columns never share one.
 */
import { fieldNameCharactersMax } from '../../domain/ticket/values.ts';

/** Names of one file that are told apart. */
export const fieldNamesMax = 2_000;

/** The field that keeps a case's own id where it is no ticket id. */
export const caseIdField = 'case_id';

/** The field that keeps an event's lifecycle transition, such as `start` or `complete`. */
export const lifecycleField = 'lifecycle_transition';

export class FieldNames {
  readonly #byKey = new Map<string, string>();
  readonly #taken = new Set<string>([caseIdField, lifecycleField]);

  /** The same for the same key, always; `undefined` when the file has too many names. */
  of(key: string): string | undefined {
    const known = this.#byKey.get(key);
    if (known !== undefined || this.#byKey.size >= fieldNamesMax) return known;
    const base = plainNameOf(key);
    let name = base;
    for (let number = 2; this.#taken.has(name); number += 1) {
      const suffix = `_${number}`;
      name = `${base.slice(0, fieldNameCharactersMax - suffix.length)}${suffix}`;
    }
    this.#byKey.set(key, name);
    this.#taken.add(name);
    return name;
  }
}

function plainNameOf(key: string): string {
  const plain = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  const name = /^[a-z]/.test(plain) && !(plain in {}) ? plain : `field_${plain}`;
  return name.slice(0, fieldNameCharactersMax).replace(/_+$/, '');
}
