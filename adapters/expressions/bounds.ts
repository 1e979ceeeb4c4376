/**
 * What one expression may cost, beside the bounds that the port names. CEL always ends, but not always soon:
 * texts that replace themselves by themselves, and lists of lists of lists, grow beyond any machine.
 */
export const celBounds = {
  /** Parts of an expression: names, constants, members, calls, lists. */
  nodesMax: 500,
  /** UTF-16 units of a text that an expression is given or makes. */
  stringCharactersMax: 65_536,
  /** Lists and maps inside each other, in what an expression is given. */
  depthMax: 32,
  /** Work of one evaluation: a step is a call, an item that is looked at, or 64 characters of a text. */
  stepsMax: 200_000,
  /** Compiled expressions that are kept; the one that was asked for longest ago goes first. */
  compiledMax: 5_000,
} as const;
