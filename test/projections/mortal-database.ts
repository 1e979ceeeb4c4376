/**
 * A database whose user dies at a chosen moment: before or after one of the statements or commits that it
 * asks for. From then on nothing gets through any more, as for a process that was killed; PostgreSQL rolls an
 * open transaction back. Where it dies depends on the count alone, so a seed brings every death back.
 */
import type { Database, Queries, Sql } from '../../projections/sql.ts';

export class Death extends Error {
  constructor(moment: number) {
    super(`died at moment ${moment}`);
  }
}

export class MortalDatabase {
  /** Moments that have passed. */
  moments = 0;
  readonly #inner: Database;
  readonly #diesAt: number;

  constructor(inner: Database, diesAt: number) {
    this.#inner = inner;
    this.#diesAt = diesAt;
  }

  get isDead(): boolean {
    return this.moments > this.#diesAt;
  }

  database(): Database {
    const inner = this.#inner;
    return {
      ...this.#queries(inner),
      session: () => inner.session(),
      close: () => inner.close(),
      transaction: async (work, options) => {
        const result = await inner.transaction(async (sql) => {
          const value = await work(this.#sql(sql));
          this.#pass();
          return value;
        }, options);
        this.#pass();
        return result;
      },
    };
  }

  #sql(sql: Sql): Sql {
    return {
      ...this.#queries(sql),
      copyIn: (table, columns, rows) => this.#around(() => sql.copyIn(table, columns, rows)),
    };
  }

  #queries(queries: Queries): Queries {
    return {
      query: (text, values) => this.#around(() => queries.query(text, values)),
      prepared: (statement, values) => this.#around(() => queries.prepared(statement, values)),
      execute: (text, values) => this.#around(() => queries.execute(text, values)),
    };
  }

  async #around<T>(work: () => Promise<T>): Promise<T> {
    this.#pass();
    const result = await work();
    if (this.isDead) throw new Death(this.moments);
    return result;
  }

  #pass(): void {
    this.moments += 1;
    if (this.isDead) throw new Death(this.moments);
  }
}
