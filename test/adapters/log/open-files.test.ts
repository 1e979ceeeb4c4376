/** A disk that fails to read is told as that, not as damage and not as a bug; then the log goes on. */
import { expect, test } from 'vitest';
import { openSegmentLog } from '../../../adapters/log/segment/segment-log.ts';
import type { SegmentFiles } from '../../../adapters/log/segment/storage.ts';
import { Engine } from '../../../domain/engine.ts';
import { builtInWorkflows } from '../../../domain/workflow/registry.ts';
import { command } from '../../support/given.ts';
import { actor } from '../../support/tickets.ts';
import { unsyncedFiles } from '../../support/unsynced-files.ts';
import { temporaryFolder } from './folders.ts';
import { appendOneByOne, clock, comment } from './samples.ts';

test('a failed read is log_unreadable, refuses what needed it, and nothing after it', async () => {
  let failing = false;
  const files: SegmentFiles = {
    ...unsyncedFiles,
    async open(path, mode) {
      const file = await unsyncedFiles.open(path, mode);
      return {
        read: async (target, position) => {
          if (failing) throw Object.assign(new Error('i/o error'), { code: 'EIO' });
          return file.read(target, position);
        },
        write: (bytes, position) => file.write(bytes, position),
        sync: () => file.sync(),
        size: () => file.size(),
        truncate: (bytes) => file.truncate(bytes),
        close: () => file.close(),
      };
    },
  };
  const folder = await temporaryFolder();
  const first = await openSegmentLog({ folder, clock, files, segmentBytesMax: 400 });
  await first.append([comment('old', 0)]);
  await appendOneByOne(first, 30);
  await first.close();
  const log = await openSegmentLog({ folder, clock, files, segmentBytesMax: 400 });
  const engine = new Engine({ log, clock, workflows: builtInWorkflows, defaultWorkflow: 'support' });
  failing = true;
  await expect(log.readTicket('old')).rejects.toMatchObject({ code: 'log_unreadable', retry: true });
  await expect(log.append([comment('old', 1)])).rejects.toMatchObject({ code: 'log_unreadable' });
  const open = { ...command('OpenTicket', {}), actor: actor('agent') };
  await expect(engine.submit([{ ...open, ticketId: 'old' }])).rejects.toMatchObject({
    code: 'log_unreadable',
  });
  failing = false;
  expect(engine.failure).toBeUndefined();
  expect(await log.append([comment('old', 1)])).toMatchObject([{ status: 'appended', position: 32 }]);
  expect(await engine.submit([{ ...open, ticketId: 'new' }])).toMatchObject([{ status: 'accepted' }]);
  expect(await log.readTicket('old')).toHaveLength(2);
  await log.close();
});
