/**
 * Which of several forms of an answer a caller wants, by its `accept` header (RFC 9110, section 12.5.1).
 * Parameters other than the quality are left aside.
 */

/**
 * The form with the highest quality, the earlier one of equals; the first where there is no header;
 * `undefined` where none is accepted.
 */
export function acceptedForm<Form extends string>(
  accept: string | undefined,
  forms: readonly Form[],
): Form | undefined {
  if (accept === undefined || accept.trim() === '') return forms[0];
  const ranges = accept.split(',').map(readRange);
  let best: Form | undefined;
  let bestQuality = 0;
  for (const form of forms) {
    const quality = qualityOf(form, ranges);
    if (quality <= bestQuality) continue;
    best = form;
    bestQuality = quality;
  }
  return best;
}

interface Range {
  readonly name: string;
  readonly quality: number;
}

function readRange(text: string): Range {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const given = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  const quality = given === undefined ? 1 : Number(given);
  return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** By the most exact range that holds it. */
function qualityOf(form: string, ranges: readonly Range[]): number {
  const family = `${form.slice(0, form.indexOf('/'))}/*`;
  for (const name of [form, family, '*/*']) {
    const found = ranges.find((range) => range.name === name);
    if (found !== undefined) return found.quality;
  }
  return 0;
}
