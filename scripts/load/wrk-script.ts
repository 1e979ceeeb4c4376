/**
 * A Lua script that has wrk ask for given requests in turn, again and again, and tell its counts as one line
 * of JSON. The requests are put together once, before the clock runs. The script holds the key: it must never
 * be written where others can read it.
 */
export interface AskedRequest {
  readonly action: string;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

export function wrkScript(requests: readonly AskedRequest[], key: string): string {
  const asked = requests.map(
    ({ method, path, body }) =>
      `  { ${quoted(method)}, ${quoted(path)}, ${body === undefined ? 'nil' : quoted(body)} },`,
  );
  return `local asked = {
${asked.join('\n')}
}
local headers = {
  ["authorization"] = ${quoted(`Bearer ${key}`)},
  ["content-type"] = "application/json",
}
local texts = {}
local last = 0

function init(arguments)
  for index, each in ipairs(asked) do
    texts[index] = wrk.format(each[1], each[2], headers, each[3])
  end
end

function request()
  last = last % #texts + 1
  return texts[last]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"micros":%d,"refused":%d,"broken":%d}\\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
`;
}

/** As Lua takes it, whatever bytes it holds. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^ !#-[\]-~]/gu, (character) => escaped(character))}"`;
}

function escaped(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('');
}
