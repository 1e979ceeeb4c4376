/** `docket key` and `docket access`, without a server and through one, and what stands between them. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docket, docketJson, docketWith, type RunningServer, serve } from '../support/docket.ts';
import { testFolder } from '../support/postgres.ts';

interface Made {
  readonly key: { readonly keyId: string };
  readonly text: string;
}
const keyText = /^dk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}\n$/;
const folder = mkdtempSync(join(tmpdir(), 'docket-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rule = { id: 'audit', table: 'ticket', operations: ['read'], roles: ['auditor'] };
const policyFile = join(folder, 'policy.json');
writeFileSync(policyFile, JSON.stringify({ roles: { auditor: {} }, rules: [rule] }));

/** The whole life of a key and a policy. */
async function lifeOf(dataDir: string, by: string): Promise<void> {
  const at = ['--data-dir', dataDir];
  const json = (...args: string[]) => docketJson(...args, ...at);
  const made = await docket(
    ...['key', 'create', '--name', 'sync', '--role', 'integration', '--scope', 'tickets:write', ...at],
  );
  expect(made.stdout).toMatch(keyText);
  expect(made.stderr).toContain('sync:integration');
  const keyId = made.stdout.slice(3, 19);
  const rotated = (await json('key', 'rotate', keyId, '--overlap', '24h')) as Made;
  expect(rotated.text).not.toBe(made.stdout.trim());
  expect(rotated.key).toMatchObject({ keyId, oldUntil: expect.any(String) });
  expect(await json('key', 'revoke', keyId, '--reason', 'left')).toMatchObject({ keyId, state: 'revoked' });
  const again = await docket('key', 'revoke', keyId, '--reason', 'again', ...at);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('key_unknown')]);
  const keys = (await json('key', 'list')) as { keyId: string; state: string }[];
  expect(keys).toContainEqual(expect.objectContaining({ keyId, state: 'revoked' }));

  expect(await json('access', 'apply', policyFile, '--expect-version', '0')).toEqual({ version: 1 });
  const late = await docket('access', 'apply', policyFile, '--expect-version', '0', ...at);
  expect([late.code, late.stderr]).toEqual([1, expect.stringContaining('policy_conflict')]);
  expect(await json('access', 'show')).toMatchObject({ version: 1, policy: { rules: [{ id: 'audit' }] } });
  const asked = ['--operation', 'read', '--roles', 'auditor', '--actor', 'eva:agent'];
  expect(await json('access', 'explain', ...asked)).toMatchObject({ policyVersion: 1 });

  const audit = (await json('access', 'audit')) as { by: string; type: string; keyId?: string }[];
  expect(audit.map(({ type }) => type)).toEqual([
    'KeyCreated',
    'KeyCreated',
    'KeyRotated',
    'KeyRevoked',
    'PolicyChanged',
  ]);
  expect(audit[0]?.by).toBe('docket');
  for (const { by: who } of audit.slice(1)) expect(who).toBe(by);
  expect(JSON.stringify(audit)).not.toMatch(/[0-9a-f]{64}/);
}

describe('without a server', () => {
  it('keys and rules are looked after in the journal itself', async () => {
    const at = ['--data-dir', join(folder, 'alone')];
    const created = ['key', 'create', '--name', 'x', '--scope', 'tickets:read', '--expires', '90d'];
    const { key, text } = (await docketJson(...created, ...at)) as Made;
    expect(`${text}\n`).toMatch(keyText);
    expect(await docketJson('access', 'apply', policyFile, ...at)).toEqual({ version: 1 });
    const listed = await docket('key', 'list', ...at);
    expect(listed.stdout).toMatch(new RegExp(`${key.keyId}\\s+x\\s+active\\s+x:integration.*local:`));
    const audit = (await docketJson('access', 'audit', ...at)) as { by: string; type: string }[];
    expect(audit.map(({ type, by }) => [type, by.split(':')[0]])).toEqual([
      ['KeyCreated', 'docket'],
      ['KeyCreated', 'local'],
      ['PolicyChanged', 'local'],
    ]);
  }, 120_000);

  it('a policy file is checked, with what is wrong where', async () => {
    expect(await docketJson('access', 'check', policyFile)).toEqual({ ok: true, problems: [] });
    const wrong = join(folder, 'wrong.json');
    writeFileSync(wrong, JSON.stringify({ roles: {}, rules: [{ ...rule, operations: ['erase'] }] }));
    const { code, stdout } = await docket('access', 'check', wrong);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/rules\.0\.operations\.0: expected one of create/),
    ]);
  });

  it.each([
    [['key', 'create', '--name', 'x', '--scope', 'all'], /It must be one of tickets:read/],
    [['key', 'create', '--name', 'x', '--actor', 'ana'], /an id and a role, as ana:agent/],
    [['key', 'create', '--name', 'x', '--expires', 'soon'], /such as 90d, 24h or 30m/],
    [['access', 'explain', '--operation', 'erase'], /It must be one of create, read/],
  ])('docket %s is a usage error that says what would be right', async (args, expected) => {
    const { code, stderr } = await docket(...args, '--data-dir', join(folder, 'unused'));
    expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
  });
});

describe('with a server', () => {
  const dataDir = testFolder();
  const identity = join(dataDir, 'admin.key');
  let server: RunningServer;
  beforeAll(async () => {
    server = await serve(dataDir);
  }, 120_000);
  afterAll(async () => {
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('the first key was made, for its owner alone, and lets its bearer in', async () => {
    expect(readFileSync(identity, 'utf8')).toMatch(keyText);
    expect(statSync(identity).mode & 0o777).toBe(0o600);
    expect((await fetch(new URL('/v1/me', server.url))).status).toBe(401);
    expect(await (await server.fetch('/v1/me')).json()).toMatchObject({
      actor: { id: 'admin', role: 'lead' },
      roles: ['admin'],
    });
  });

  it('keys and rules are looked after through it', async () => {
    await lifeOf(dataDir, `key:${server.key.slice(3, 19)}`);
  }, 120_000);

  it('DOCKET_KEY goes before the file, and one that does not hold is told of', async () => {
    const other = { DOCKET_KEY: `dk_${'0'.repeat(16)}_${'A'.repeat(43)}` };
    const { code, stderr } = await docketWith(other, 'key', 'list', '--data-dir', dataDir);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/credential_refused.*DOCKET_KEY/s)]);
    const sending = ['simulate', '--tickets', '1', '--data-dir', dataDir];
    expect((await docketWith(other, ...sending)).stderr).toMatch(/credential_refused/);
    expect((await docket(...sending)).code).toBe(0);
  });

  it('a key file that others may read is refused by commands and by the next start', async () => {
    chmodSync(identity, 0o644);
    const listed = await docket('key', 'list', '--data-dir', dataDir);
    expect([listed.code, listed.stderr]).toEqual([3, expect.stringMatching(/file_exposed/)]);
    await server.stop();
    const started = await docket('serve', '--port', '0', '--data-dir', dataDir);
    expect([started.code, started.stderr]).toEqual([
      3,
      expect.stringMatching(/chmod 600 .*admin\.key.*file_exposed/s),
    ]);
    chmodSync(identity, 0o600);
  }, 120_000);

  it('a host beyond this machine needs TLS, or to be told that it does not', async () => {
    const { code, stderr } = await docket('serve', '--host', '0.0.0.0', '--port', '0', '--data-dir', dataDir);
    expect([code, stderr]).toEqual([3, expect.stringContaining('--plain-http')]);
  });

  it('the file of a first key that the journal does not know is taken up, as after a crash between the two', async () => {
    const crashed = join(folder, 'crashed');
    await docketJson('key', 'list', '--data-dir', crashed);
    const text = readFileSync(join(crashed, 'admin.key'), 'utf8');
    rmSync(join(crashed, 'access'), { recursive: true });
    const keys = (await docketJson('key', 'list', '--data-dir', crashed)) as { keyId: string }[];
    expect(keys.map(({ keyId }) => keyId)).toEqual([text.slice(3, 19)]);
    expect(readFileSync(join(crashed, 'admin.key'), 'utf8')).toBe(text);
  });
});
