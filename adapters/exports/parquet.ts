/**
 * Rows as Parquet, by hyparquet-writer: one row group is gathered, encoded, written and forgotten before the
 * next begins. Its footer lists every row group, so memory grows by some 10 KB per group and with nothing
 * else.
 */
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import type { CellValue, ColumnKind, ExportColumn } from './columns.ts';
import type { Output } from './output.ts';
import { plainText } from './text.ts';

/** A row group ends with the batch in which it reaches either bound. */
export const rowGroupBounds = { rowsMax: 32_768, charactersMax: 16 * 1_024 * 1_024 };

const typeOf = {
  text: 'STRING',
  integer: 'INT32',
  long: 'INT64',
  float: 'DOUBLE',
  boolean: 'BOOLEAN',
  time: 'TIMESTAMP',
  json: 'JSON',
} as const satisfies Record<ColumnKind, string>;

/** `metadata` becomes the file's key-value metadata. */
export async function writeParquet<Row>(
  columns: readonly ExportColumn<Row>[],
  batches: AsyncIterable<readonly Row[]>,
  output: Output,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const empty = columns.map(({ name, kind }) => ({ name, type: typeOf[kind], data: [], nullable: true }));
  const writer = new RowGroupBuffer(output);
  const file = new ParquetWriter({
    writer,
    schema: schemaFromColumnData({ columnData: empty }),
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    createdBy: 'docket',
  });
  let group = new RowGroup(columns);
  const write = async () => {
    if (group.rows > 0) await file.write({ columnData: group.columnData(), rowGroupSize: group.rows });
    group = new RowGroup(columns);
  };
  for await (const batch of batches) {
    for (const row of batch) group.add(row);
    if (group.rows >= rowGroupBounds.rowsMax || group.characters >= rowGroupBounds.charactersMax)
      await write();
  }
  await write();
  await file.finish();
}

/** What is written lands here and is passed on after each row group; `offset` counts on. */
class RowGroupBuffer extends ByteWriter {
  readonly #output: Output;

  constructor(output: Output) {
    super();
    this.#output = output;
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes();
    // The output has taken the bytes when it resolves; only then may they be overwritten.
    await this.#output.write(bytes);
    this.index = 0;
  }

  override finish(): Promise<void> {
    return this.flush();
  }
}

class RowGroup<Row> {
  rows = 0;
  characters = 0;
  readonly #columns: readonly ExportColumn<Row>[];
  readonly #data: (CellValue | bigint)[][];

  constructor(columns: readonly ExportColumn<Row>[]) {
    this.#columns = columns;
    this.#data = columns.map(() => []);
  }

  add(row: Row): void {
    this.rows += 1;
    for (const [index, { kind, of }] of this.#columns.entries()) {
      const value = of(row);
      this.characters += textLength(value);
      this.#data[index]?.push(stored(kind, value));
    }
  }

  columnData() {
    return this.#columns.map(({ name }, index) => ({ name, data: this.#data[index] ?? [] }));
  }
}

/** Texts are kept as UTF-8 can hold them, so that the statistics agree with the values. */
function stored(kind: ColumnKind, value: CellValue): CellValue | bigint {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return plainText(value);
  return typeof value === 'number' && (kind === 'long' || kind === 'time') ? BigInt(value) : value;
}

/** Characters in the texts of a value, at any depth. */
function textLength(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let length = 0;
  for (const item of Object.values(value)) length += textLength(item);
  return length;
}
