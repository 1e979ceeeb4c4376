/** Who was recognised by a credential, by its text: bounded, the oldest forgotten first. Never a refusal. */
export class Remembered<Value> {
  readonly #most: number;
  readonly #values = new Map<string, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  get(text: string): Value | undefined {
    return this.#values.get(text);
  }

  set(text: string, value: Value): void {
    this.#values.delete(text);
    const oldest = this.#values.size < this.#most ? undefined : this.#values.keys().next().value;
    if (oldest !== undefined) this.#values.delete(oldest);
    this.#values.set(text, value);
  }

  delete(text: string): void {
    this.#values.delete(text);
  }
}
