/**
 * Expressions that users write: conditions of access rules, and what webhook mappings compute. They always
 * end, change nothing, and see only what they are given.
 */

/** Plain data: what JSON can say. */
export type ExpressionValue =
  | null
  | boolean
  | number
  | string
  | readonly ExpressionValue[]
  | { readonly [name: string]: ExpressionValue };

/** Names and values that an expression may use. */
export type Bindings = Readonly<Record<string, ExpressionValue>>;

export const expressionBounds = {
  charactersMax: 2_000,
  /** `all`, `exists`, `map` and `filter` do not stand inside each other: their work would multiply. */
  comprehensionDepthMax: 1,
  /** Of one list or map that an expression is given; with a longer one it can not be evaluated. */
  itemsMax: 200,
} as const;

export interface Expression {
  readonly text: string;
  /**
   * Throws `ExpressionError` where it can not be evaluated: an unknown name, a missing member, wrong types.
   */
  evaluate(bindings: Bindings): ExpressionValue;
}

/** Why an expression can not be used, or could not be evaluated with what it was given. */
export class ExpressionError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ExpressionError';
  }
}

export interface Expressions {
  /** Throws `ExpressionError` for a text that is no expression, or is beyond the bounds. */
  compile(text: string, names: readonly string[]): Expression;
}
