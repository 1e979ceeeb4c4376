/**
 * Small systems of linear equations, for the fits. Never for more than a handful of unknowns: it is cubic and
 * only as exact as partial pivoting makes it.
 */

/**
 * The x of `matrix` x = `right`, by elimination with partial pivoting; undefined where the equations do not
 * determine it. `matrix` is square, as rows.
 */
export function solved(
  matrix: readonly (readonly number[])[],
  right: readonly number[],
): readonly number[] | undefined {
  const rows = matrix.map((row, index) => [...row, right[index] ?? 0]);
  for (let column = 0; column < rows.length; column += 1) {
    const pivot = rows
      .slice(column)
      .reduce((best, row) => (Math.abs(row[column] ?? 0) > Math.abs(best[column] ?? 0) ? row : best));
    const scale = pivot[column] ?? 0;
    if (scale === 0 || !Number.isFinite(scale)) return undefined;
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(
      column,
      0,
      pivot.map((value) => value / scale),
    );
    eliminate(rows, column);
  }
  return rows.map((row) => row.at(-1) ?? Number.NaN);
}

/**
 * The factors of `columns` whose sum comes nearest to `target`, by least squares with `weights`; undefined
 * where the columns are not independent. Source: the normal equations.
 */
export function leastSquares(
  columns: readonly (readonly number[])[],
  target: readonly number[],
  weights: readonly number[] = target.map(() => 1),
): readonly number[] | undefined {
  const product = (one: readonly number[], other: readonly number[]) =>
    one.reduce((sum, value, index) => sum + value * (other[index] ?? 0) * (weights[index] ?? 0), 0);
  return solved(
    columns.map((row) => columns.map((column) => product(row, column))),
    columns.map((column) => product(column, target)),
  );
}

function eliminate(rows: number[][], column: number): void {
  const pivot = rows[column] ?? [];
  rows.forEach((row, index) => {
    const factor = row[column] ?? 0;
    if (index === column || factor === 0) return;
    for (let place = column; place < row.length; place += 1)
      row[place] = (row[place] ?? 0) - factor * (pivot[place] ?? 0);
  });
}
