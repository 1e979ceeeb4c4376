/** The statuses of problems: every code has one, and it fits what the code means. */
import { describe, expect, it } from 'vitest';
import { httpErrorTable, problem, problemOfFault, statusOfError } from '../../../adapters/http/problem.ts';
import { type ErrorCode, errorTable, Fault } from '../../../domain/errors.ts';

const codes = Object.keys(errorTable) as ErrorCode[];

describe('statuses', () => {
  it('cover every code of the error table, and no other', () => {
    expect(Object.keys(statusOfError).sort()).toEqual([...codes].sort());
  });

  it.each(codes)('%s: a rejection is the caller’s doing, a fault the server’s', (code) => {
    const { kind } = errorTable[code];
    const hundreds = Math.floor(statusOfError[code] / 100);
    expect(hundreds).toBe(kind === 'rejection' ? 4 : 5);
  });

  it('of HTTP itself have codes of their own', () => {
    expect(Object.keys(httpErrorTable).filter((code) => code in errorTable)).toEqual([]);
  });
});

describe('a problem', () => {
  it('says what it is by type, title and code', () => {
    expect(problem('ticket_not_found', 'there is no ticket T-9', { ticketId: 'T-9' })).toEqual({
      type: 'urn:docket:error:ticket_not_found',
      title: 'No ticket has this id.',
      status: 404,
      detail: 'there is no ticket T-9',
      code: 'ticket_not_found',
      retry: false,
      ticketId: 'T-9',
    });
  });

  it('of a fault tells its meaning only', () => {
    const fault = new Fault('database_unavailable', 'password of /home/docket is wrong');
    expect(problemOfFault(fault)).toMatchObject({
      status: 503,
      retry: true,
      detail: errorTable.database_unavailable.meaning,
    });
  });
});
