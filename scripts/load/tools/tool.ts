/** The tools that a scenario can be written for, and what is written: names and whole texts of files. */

/** In the order of how much of a scenario each can say. */
export const loadTools = ['k6', 'locust', 'jmeter', 'ab', 'postman'] as const;
export type LoadTool = (typeof loadTools)[number];

export interface ToolFile {
  /** Without a folder: lower case, safe on every system. */
  readonly name: string;
  readonly text: string;
  /** A shell script, to be started by its name. */
  readonly executable: boolean;
}
