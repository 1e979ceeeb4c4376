/** The project's source files as the structure test sees them: imports, exports, functions and lines. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseSync } from 'vite';

export const root = resolve(import.meta.dirname, '../..');
export const rooms = ['domain', 'projections', 'adapters', 'scripts', 'test'] as const;

export interface FunctionSize {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

export interface SourceFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly room: string;
  readonly lines: readonly string[];
  /** Packages (`zod`), node modules (`node:fs`), and project files by their path. */
  readonly imports: readonly string[];
  readonly functions: readonly FunctionSize[];
  /** Whether every statement only passes on what other files export. */
  readonly onlyReexports: boolean;
}

export function readSources(): readonly SourceFile[] {
  return rooms.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readSource(join(room, name))),
  );
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const { program } = parseSync(path, text);
  const statements = program.body as unknown as readonly Node[];
  const imports: string[] = [];
  const functions: FunctionSize[] = [];
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  visit(program, (node, name) => {
    const source = node.source as { value?: unknown } | null | undefined;
    if (typeof source?.value === 'string') imports.push(resolveImport(path, source.value));
    if (!isFunction(node)) return;
    const line = lineAt(node.start);
    functions.push({ name, line, lines: lineAt(node.end) - line + 1 });
  });
  const passesOn = (node: Node) =>
    node.type === 'ExportAllDeclaration' || (node.type === 'ExportNamedDeclaration' && node.source !== null);
  return {
    path,
    room: path.split('/')[0] ?? '',
    lines: text.split('\n'),
    imports,
    functions,
    onlyReexports: statements.length > 0 && statements.every(passesOn),
  };
}

function isFunction(node: Node): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type);
}

function resolveImport(path: string, source: string): string {
  return source.startsWith('.') ? relative(root, resolve(root, dirname(path), source)) : source;
}

/** Walks every node; `name` is that of the nearest declaration around a function. */
function visit(value: unknown, each: (node: Node, name: string) => void, name = 'a function'): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, each, name);
    return;
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) return;
  const node = value as Node;
  const named = (node.id ?? node.key) as { name?: string } | null | undefined;
  const here = named?.name ?? name;
  each(node, here);
  for (const child of Object.values(node)) visit(child, each, here);
}
