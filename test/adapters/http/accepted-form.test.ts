/** Which form an `accept` header asks for. */
import { describe, expect, it } from 'vitest';
import { acceptedForm } from '../../../adapters/http/accepted-form.ts';

const forms = ['application/json', 'application/x-ndjson'] as const;

describe('acceptedForm', () => {
  it.each([
    [undefined, forms[0]],
    ['', forms[0]],
    ['*/*', forms[0]],
    ['application/*', forms[0]],
    ['application/x-ndjson', forms[1]],
    ['Application/X-NDJSON; charset=utf-8', forms[1]],
    ['application/json;q=0.5, application/x-ndjson', forms[1]],
    ['application/x-ndjson;q=0.5, */*;q=0.1', forms[1]],
    ['application/json;q=0, */*', forms[1]],
    ['application/x-ndjson;q=2', undefined],
    ['text/html', undefined],
  ])('%s: %s', (accept, form) => {
    expect(acceptedForm(accept, forms)).toBe(form);
  });
});
