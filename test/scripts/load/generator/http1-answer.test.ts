/** Answers of HTTP/1.1, in whatever pieces they come. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerReader, NoAnswer } from '../../../../scripts/load/generator/http1-answer.ts';

const withLength =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nKeep-Alive: timeout=5\r\nContent-Length: 7\r\n\r\n{"a":1}';
const inChunks =
  'HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n';
const withTrailers =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n7\r\n{"a":1}\r\n0\r\nserver-timing: x\r\n\r\n';
const afterInterim = `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${withLength}`;

/** What is read from the text, given in pieces of these lengths, over and over. */
function read(text: string, lengths: readonly number[]) {
  const reader = new AnswerReader();
  let at = 0;
  for (let piece = 0; ; piece += 1) {
    const length = lengths[piece % lengths.length] ?? 1;
    const answer = reader.push(text.slice(at, at + length));
    at += length;
    if (answer !== undefined || at >= text.length) return { answer, rest: text.slice(at) };
  }
}

describe('an answer of HTTP/1.1', () => {
  it.each([
    [withLength, 200],
    [inChunks, 201],
    [withTrailers, 200],
    [afterInterim, 200],
  ])('is read whole and once, however it is cut up: %j', (text, status) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (lengths) => {
        const { answer, rest } = read(text, lengths);
        expect(answer).toMatchObject({ status, body: '{"a":1}', last: false });
        expect(rest).toBe('');
      }),
    );
  });

  it('has no body where its status has none, whatever it says', () => {
    expect(read('HTTP/1.1 304 Not Modified\r\ncontent-length: 90\r\n\r\n', [99]).answer).toMatchObject({
      body: '',
    });
    expect(read('HTTP/1.1 204 No Content\r\n\r\n', [99]).answer).toMatchObject({ status: 204, body: '' });
  });

  it('says what it means for the connection', () => {
    expect(read(withLength, [999]).answer).toMatchObject({ keepAliveMs: 5_000, last: false });
    const last = 'HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n';
    expect(read(last, [999]).answer).toMatchObject({ last: true, retryAfter: true });
    const impatient = 'HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n';
    expect(read(impatient, [999]).answer).toMatchObject({ retryAfter: false });
  });

  it('goes on to the end of the connection where nothing else ends it, and only then', () => {
    const reader = new AnswerReader();
    expect(reader.push('HTTP/1.0 200 OK\r\n\r\nall of ')).toBeUndefined();
    expect(reader.push('it')).toBeUndefined();
    expect(reader.end()).toMatchObject({ body: 'all of it', last: true });
  });

  it('is not taken for whole when the connection ends in its middle', () => {
    for (const part of [withLength.slice(0, -1), inChunks.slice(0, -3), 'HTTP/1.1 200']) {
      const reader = new AnswerReader();
      expect(reader.push(part)).toBeUndefined();
      expect(reader.end()).toBeUndefined();
    }
  });

  it('is refused where it is none', () => {
    const wrong = ['SSH-2.0-OpenSSH\r\n\r\n', `${withLength}HTTP/1.1 200 OK`, inChunks.replace('3;', 'z;')];
    for (const text of wrong) expect(() => read(text, [999])).toThrow(NoAnswer);
  });
});
