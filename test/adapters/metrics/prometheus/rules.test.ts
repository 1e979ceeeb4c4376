/**
 * The rules for Prometheus: right by promtool, each alert with a case in which it fires and one in which it
 * is silent, and with a section that says what to do. And the compose file that brings them together.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../../..');
const folder = join(root, 'adapters/metrics/prometheus');
const ruleFiles = ['recording.rules.yml', 'alerts.rules.yml'].map((name) => join(folder, name));
const caseFiles = ['alerts.test.yml', 'alerts-over-days.test.yml'].map((name) =>
  join(import.meta.dirname, name),
);

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface Check {
  readonly expr: string;
  readonly exp_samples: readonly { readonly labels: string }[];
}
interface Case {
  readonly name: string;
  readonly promql_expr_test: readonly Check[];
}

const rules = ruleFiles.flatMap((file) => {
  const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap((group) => group.rules);
});
const alerts = rules.filter(({ alert }) => alert !== undefined);
const cases = caseFiles.flatMap((file) => (parse(readFileSync(file, 'utf8')) as { tests: Case[] }).tests);

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

describe.skipIf(!hasPromtool)('promtool (skipped where there is none)', () => {
  it('finds nothing wrong with the rules and the configuration', () => {
    execFileSync('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...ruleFiles]);
    execFileSync('promtool', ['check', 'config', join(folder, 'prometheus.yml')]);
  });

  it.each(caseFiles)('sees every alert of %s fire when it should, and no other', (file) => {
    const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});

describe('alerts', () => {
  const page = readFileSync(join(root, 'docs/alerts.md'), 'utf8');
  const sections = [...page.matchAll(/^## (\w+)\n\n(\w+) · /gm)];

  it.each(alerts)('$alert says how bad it is, what it is, and where to read on', (rule) => {
    const { alert = '', labels, annotations } = rule;
    expect(['page', 'ticket']).toContain(labels?.severity);
    expect(annotations?.summary).toMatch(/\$/);
    expect(annotations?.description?.length).toBeGreaterThan(80);
    expect(annotations?.runbook).toBe(`docs/alerts.md#${alert.toLowerCase()}`);
    const section = sections.find(([, name]) => name === alert);
    expect(section?.[2], `docs/alerts.md has no section ${alert} that begins with its severity`).toBe(
      labels?.severity,
    );
  });

  it.each(alerts)(
    '$alert has cases in which it fires, and a time at which it is silent',
    ({ alert = '' }) => {
      const own = cases.filter(
        ({ name }) => name.startsWith(`${alert}:`) || name.startsWith(`${alert} is silent`),
      );
      const checks = own.flatMap((each) => each.promql_expr_test);
      const fires = ({ exp_samples }: Check) =>
        exp_samples.some(({ labels }) => labels.includes(`"${alert}"`));
      expect(checks.some(fires)).toBe(true);
      expect(checks.some((check) => !fires(check))).toBe(true);
    },
  );

  it('have no section without an alert', () => {
    expect(sections.map(([, name]) => name).sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });
});

describe('docker-compose.yml', () => {
  interface Service {
    readonly ports?: readonly string[];
    readonly volumes?: readonly string[];
    readonly command?: readonly string[];
  }
  const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as {
    services: Record<string, Service>;
    volumes: Record<string, unknown>;
  };
  const services = Object.entries(compose.services);

  it('starts everything beside Docket, reachable from this machine only', () => {
    expect(services.map(([name]) => name).sort()).toEqual([
      'docket',
      'grafana',
      'node-exporter',
      'postgres',
      'prometheus',
    ]);
    for (const port of services.flatMap(([, { ports = [] }]) => ports))
      expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('names only volumes and files that there are', () => {
    for (const source of services
      .flatMap(([, { volumes = [] }]) => volumes)
      .map((each) => each.split(':')[0])) {
      if (source === './.docket-textfiles') continue;
      if (source?.startsWith('.') || source?.startsWith('/'))
        expect(existsSync(join(root, source))).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it('has a Prometheus that scrapes its services and keeps exemplars', () => {
    const config = parse(readFileSync(join(folder, 'prometheus.yml'), 'utf8')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const targets = config.scrape_configs.flatMap((each) =>
      each.static_configs.flatMap((one) => one.targets),
    );
    expect(targets.map((target) => target.split(':')[0])).toEqual(['docket', 'node-exporter']);
    expect(compose.services.prometheus?.command).toContain('--enable-feature=exemplar-storage');
  });

  it('starts Docket with options that it has', () => {
    const text = compose.services.docket?.command?.join(' ') ?? '';
    const given = text.match(/scripts\/docket\.ts serve(.*)$/)?.[1]?.match(/--[a-z-]+/g) ?? [];
    const help = execFileSync(process.execPath, [join(root, 'scripts/docket.ts'), 'serve', '--help'], {
      encoding: 'utf8',
    });
    for (const option of given) expect(help).toContain(`${option} `);
    expect(given.length).toBeGreaterThan(3);
  });
});
