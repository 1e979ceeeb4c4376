/** The memory log keeps the contract. */
import { MemoryLog } from '../../../adapters/log/memory/memory-log.ts';
import { eventLogContract } from '../../contracts/event-log.ts';

eventLogContract('memory', async (clock) => {
  const log = new MemoryLog({ clock });
  return { log, close: () => log.close() };
});
