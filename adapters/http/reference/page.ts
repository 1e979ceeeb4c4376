/**
 * The reference that people browse: the OpenAPI document as one page without scripts, so that it opens
 * anywhere and its content security policy can forbid everything but its own style.
 */
import { createHash } from 'node:crypto';
import type { OpenApiDocument, Operation, Parameter, Response } from '../openapi/document.ts';
import { mayRetry, meaningOf, problemCodes, statusOf } from '../openapi/problems.ts';
import { curlOf } from './curl.ts';
import { type Html, html, prose } from './markup.ts';
import { schemaView } from './schema-view.ts';
import { style } from './style.ts';

/** What the page may load: nothing, and its own style. */
export const referencePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

interface Placed {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

/** The page as HTML; `origin` is the server's address in its examples. */
export function referencePage(document: OpenApiDocument, origin: string): string {
  const placed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const groups = document.tags.map(({ name }) => ({
    name,
    placed: placed.filter(({ operation }) => operation.tags.includes(name)),
  }));
  const { title, version, description } = document.info;
  const head = html`<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} HTTP reference</title>`;
  const body = html`
<nav>${groups.map(navigation)}<h2>More</h2><ul><li><a href="#schemas">Schemas</a></li><li><a href="#problems">Problems</a></li><li><a href="/openapi.json">openapi.json</a></li></ul></nav>
<main><h1>${title} <small>${version}</small></h1>${prose(description)}
<p>The examples take the credential from <code>$KEY</code>: <code>export KEY=$(cat .docket/admin.key)</code>.</p>
${groups.map(({ name, placed: own }) => html`<h2>${name}</h2>${own.map((each) => operationView(each, origin))}`)}
<h2 id="schemas">Schemas</h2>${Object.entries(document.components.schemas).map(([name, schema]) => html`<section id="schema-${name}"><h3>${name}</h3>${schemaView(schema)}</section>`)}
${problemTable()}</main>`;
  return `<!doctype html><html lang="en">${head.text}<style>${style}</style>${body.text}</html>`;
}

function navigation({ name, placed }: { readonly name: string; readonly placed: readonly Placed[] }): Html {
  return html`<h2>${name}</h2><ul>${placed.map(
    ({ operation }) => html`<li><a href="#${operation.operationId}">${operation.summary}</a></li>`,
  )}</ul>`;
}

function operationView({ path, method, operation }: Placed, origin: string): Html {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  const scope = operation['x-scope'];
  return html`<section id="${operationId}">
<h3>${summary}</h3><p class="address"><b>${method.toUpperCase()}</b> <code>${path}</code> ${
    scope === undefined ? html`<small>no credential needed</small>` : html`<small>scope ${scope}</small>`
  }</p>${description === undefined ? '' : prose(description)}
<pre>${curlOf({ origin, path, method }, operation)}</pre>
${parameters.length === 0 ? '' : html`<h4>Parameters</h4><table>${parameters.map(parameterRow)}</table>`}
${Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => html`<h4>Body <small>${type}</small></h4>${schemaView(schema ?? {})}`)}
<h4>Answers</h4><table>${Object.entries(responses).map(answerRow)}</table></section>`;
}

function parameterRow({ name, in: place, required, description, schema }: Parameter): Html {
  return html`<tr><td><code>${name}</code></td><td>${place}${required ? '' : ', optional'}</td><td>${schemaView(schema)} ${description ?? ''}</td></tr>`;
}

function answerRow([status, { description, headers, content }]: [string, Response]): Html {
  const isProblem = Number(status) >= 400;
  const forms = isProblem ? [] : Object.entries(content ?? {});
  return html`<tr><td><b>${status}</b></td><td>${prose(description)}${forms.map(
    ([type, { schema, example }]) =>
      html`<p><small>${type}</small> ${schemaView(schema ?? {})}</p>${example === undefined ? '' : html`<pre>${exampleText(example)}</pre>`}`,
  )}${Object.entries(headers ?? {}).map(
    ([name, header]) => html`<p>header <code>${name}</code>: ${header.description}</p>`,
  )}</td></tr>`;
}

function exampleText(example: unknown): string {
  return typeof example === 'string' ? example : JSON.stringify(example, undefined, 2);
}

function problemTable(): Html {
  return html`<h2 id="problems">Problems</h2><table>${problemCodes.map(
    (code) =>
      html`<tr id="problem-${code}"><td><code>${code}</code></td><td>${statusOf(code)}</td><td>${meaningOf(code)}${mayRetry(code) ? ' Trying again later may help.' : ''}</td></tr>`,
  )}</table>`;
}
