/** The parser of traces and the checker of their order, on traces by hand: both must be able to say no. */
import { describe, expect, test } from 'vitest';
import { earlyAnswers, httpExchanges, toldExchanges } from './order.ts';
import { extentOf, parseTrace, stringBytes } from './trace.ts';

/** Lines of thread 7 (main) and 8 (files), with a time that nobody reads. */
function traceOf(...lines: readonly string[]): string {
  return lines.map((line) => line.replace(/^(\d) /, '$1 1795228572.270227 ')).join('\n');
}

const issued = '7 write(1<pipe:[5]>, "issued a.1.\\n", 12) = 12';
const answered = '7 write(1<pipe:[5]>, "acknowledged a.1. 1\\n", 20) = 20';
const written = '8 pwrite64(21</log/1.seg>, "DKTF\\1\\0a.1.", 10, 64) = 10';
const synced = '8 fdatasync(21</log/1.seg>) = 0';

function early(...lines: readonly string[]): string[] {
  const calls = parseTrace(traceOf(...lines));
  const exchanges = toldExchanges(calls);
  expect(exchanges.length).toBe(1);
  return earlyAnswers(calls, exchanges);
}

describe('a trace', () => {
  test('is calls with their bytes, files, results and errors', () => {
    const text = traceOf(
      '8 pwrite64(21</log/1.seg>, "a\\"b\\\\\\n\\0\\377\\0011", 9, 640) = 8',
      '8 openat(AT_FDCWD</tmp>, "/log/durable", O_RDWR|O_CLOEXEC) = -1 ENOENT (No such file or directory)',
      '8 rename("/log/1.seg.tmp", "/log/1.seg") = -1 EIO (Input/output error) (INJECTED)',
      '7 openat(AT_FDCWD</tmp>, "/log", O_RDONLY) = 21</log>',
      '8 +++ killed by SIGKILL +++',
    );
    const [write, open, rename, folder] = parseTrace(text);
    expect(write).toMatchObject({
      thread: 8,
      name: 'pwrite64',
      path: '/log/1.seg',
      result: 8,
      injected: false,
    });
    expect(write && stringBytes(write)).toEqual(Buffer.from('a"b\\\n\0\xff\x011', 'latin1'));
    expect(write && extentOf(write)).toEqual({ length: 9, offset: 640 });
    expect(open).toMatchObject({ path: '/log/durable', result: -1, error: 'ENOENT', injected: false });
    expect(rename).toMatchObject({ path: '/log/1.seg.tmp', error: 'EIO', injected: true });
    expect(folder).toMatchObject({ thread: 7, result: 21, error: undefined });
  });

  test('is put together again where threads came in between', () => {
    const text = traceOf(
      '8 pwrite64(21</log/1.seg>, "x", 1, 0 <unfinished ...>',
      '7 fsync(3</log> <unfinished ...>',
      '8 <... pwrite64 resumed>) = 1',
      '7 <... fsync resumed>) = ?',
      '8 fdatasync(21</log/1.seg> <unfinished ...>',
      '9 ???( <unfinished ...>',
      '6 fsync(3</log> <detached ...>',
    );
    const [write, folderSync, killed, unknown, detached] = parseTrace(text);
    expect(write).toMatchObject({ began: 0, ended: 2, result: 1, path: '/log/1.seg' });
    expect(write && extentOf(write)).toEqual({ length: 1, offset: 0 });
    expect(folderSync).toMatchObject({ began: 1, ended: Number.POSITIVE_INFINITY, result: undefined });
    expect(killed).toMatchObject({ name: 'fdatasync', ended: Number.POSITIVE_INFINITY });
    expect(unknown).toMatchObject({ name: '???', ended: Number.POSITIVE_INFINITY });
    expect(detached).toMatchObject({ name: 'fsync', thread: 6, result: undefined });
  });

  test('that is not understood is refused', () => {
    expect(() => parseTrace('hello')).toThrow('not a line of a trace');
    expect(() => parseTrace(traceOf('8 fsync(3'))).toThrow('not a line of a trace');
    expect(() => parseTrace(traceOf('8 <... fsync resumed>) = 0'))).toThrow('resumed without a beginning');
  });
});

describe('an answer', () => {
  test('after its write and its sync is in order', () => {
    expect(early(issued, written, synced, answered)).toEqual([]);
  });

  test.each([
    ['without a write', [issued, synced, answered], 'not written'],
    ['whose write came before the command', [written, issued, synced, answered], 'not written'],
    ['whose write was short', [issued, written.replace('= 10', '= 9'), synced, answered], 'not written'],
    ['of another command', [issued, written.replace('a.1.', 'a.2.'), synced, answered], 'not written'],
    ['without a sync', [issued, written, answered, synced], 'not synced'],
    ['synced before the write', [issued, synced, written, answered], 'not synced'],
    [
      'after a failed sync',
      [issued, written, synced.replace('= 0', '= -1 EIO (I/O error)'), answered],
      'not synced',
    ],
    ['after a forged sync', [issued, written, `${synced} (INJECTED)`, answered], 'not synced'],
    [
      'after the sync of another file',
      [issued, written, synced.replace('1.seg', '2.seg'), answered],
      'not synced',
    ],
    [
      'while the sync is under way',
      [
        issued,
        written,
        synced.replace(') = 0', ' <unfinished ...>'),
        answered,
        '8 <... fdatasync resumed>) = 0',
      ],
      'not synced',
    ],
  ])('%s leaves too early', (_, lines, why) => {
    expect(early(...lines)).toEqual([expect.stringContaining(why)]);
  });
});

test('answers over HTTP belong to the request on their connection', () => {
  const request = (socket: number, id: string) =>
    `7 read(${socket}<socket:[${socket}]>, "POST /v1/tickets HTTP/1.1\\r\\n\\r\\n{\\"commandId\\":\\"${id}\\"}", 65536) = 99`;
  const answer = (socket: number) =>
    `7 writev(${socket}<socket:[${socket}]>, [{iov_base="HTTP/1.1 201 Created\\r\\n", iov_len=22}], 1) = 22`;
  const failure = answer(31).replace('201 Created', '503 Service Unavailable');
  const calls = parseTrace(traceOf(request(30, 'a.'), request(31, 'b.'), failure, answer(30), answer(32)));
  expect(httpExchanges(calls)).toEqual([{ commandId: 'a.', arrived: 0, answered: 3 }]);
});
