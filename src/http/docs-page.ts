import type { Json, JsonObject } from '../contract/json.ts';
import { isObject } from '../contract/json.ts';
import { html, page } from './page.ts';
import { problemCatalogue } from './problem.ts';

/** The API documentation, written from the bundled OpenAPI document: no script, nothing from outside. */
export function docsPage(document: JsonObject): string {
  const operations = Object.entries(object(document.paths)).flatMap(([path, item]) =>
    Object.entries(object(item)).map(([verb, operation]) => ({ path, verb, operation: object(operation) })),
  );
  const schemas = object(object(document.components).schemas);
  const info = object(document.info);
  return page(
    `${info.title} ${info.version}`,
    `<h1>${html(info.title)} <small>${html(info.version)}</small></h1>
${paragraphs(info.description)}
<p><a href="/openapi.json">openapi.json</a></p>
<nav aria-label="目录 contents"><h2>接口 Operations</h2><ul>
${operations.map((one) => `<li><a href="#${anchor(one)}"><span class="verb">${one.verb}</span> <code>${html(one.path)}</code></a></li>`).join('\n')}
</ul></nav>
${operations.map(operationSection).join('\n')}
<h2 id="schemas">数据结构 Schemas</h2>
${Object.entries(schemas)
  .map(([name, schema]) => schemaSection(name, object(schema)))
  .join('\n')}
<h2 id="problems">错误代码 Problems</h2>
<table><thead><tr><th>code</th><th>HTTP</th><th>中文</th><th>English</th></tr></thead><tbody>
${problemCatalogue()
  .map(
    ({ code, status, zh, en }) =>
      `<tr id="problem-${code}"><td><code>${code}</code></td><td>${status}</td><td>${html(zh)}</td><td lang="en">${html(en)}</td></tr>`,
  )
  .join('\n')}
</tbody></table>`,
  );
}

interface Operation {
  readonly path: string;
  readonly verb: string;
  readonly operation: JsonObject;
}

function anchor({ operation }: Operation): string {
  return `op-${html(operation.operationId)}`;
}

function operationSection(one: Operation): string {
  const { path, verb, operation } = one;
  const body = object(object(object(operation.requestBody).content)['application/json']).schema;
  const parameters = list(operation.parameters).map((parameter) => {
    const { name, in: place, required, schema, description } = object(parameter);
    return `<tr><td><code>${html(name)}</code></td><td>${html(place)}${required === true ? ' *' : ''}</td><td>${typeText(schema)}</td><td>${html(description ?? '')}</td></tr>`;
  });
  const responses = Object.entries(object(operation.responses)).map(([status, given]) => {
    const response = object(given);
    if (typeof response.$ref === 'string')
      return `<tr><td>${status}</td><td><a href="#problems">problem</a></td><td></td></tr>`;
    const media = Object.entries(object(response.content)).map(
      ([type, content]) => `<code>${html(type)}</code> ${typeText(object(content).schema)}`,
    );
    return `<tr><td>${status}</td><td>${html(response.description ?? '')}</td><td>${media.join('<br>')}</td></tr>`;
  });
  return `<section id="${anchor(one)}"><h3><span class="verb">${verb}</span> <code>${html(path)}</code></h3>
<p><strong>${html(operation.summary)}</strong></p>${paragraphs(operation.description)}
${table(['参数 Parameter', '位置 In', '类型 Type', ''], parameters)}
${body === undefined ? '' : `<p>请求体 Body: ${typeText(body)}</p>`}
${table(['状态 Status', '', '内容 Content'], responses)}</section>`;
}

function schemaSection(name: string, schema: JsonObject): string {
  const required = list(schema.required);
  const rows = Object.entries(object(schema.properties)).map(
    ([key, value]) =>
      `<tr><td><code>${html(key)}</code>${required.includes(key) ? ' *' : ''}</td><td>${typeText(value)}</td><td>${html(object(value).description ?? '')}</td></tr>`,
  );
  return `<details id="schema-${html(name)}"><summary><code>${html(name)}</code> ${html(schema.description ?? '')}</summary>
${rows.length === 0 ? `<p>${typeText(schema)}</p>` : table(['字段 Field', '类型 Type', ''], rows)}</details>`;
}

function table(head: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return '';
  return `<table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

/** A schema in a few words, with a link where it has a name. */
function typeText(given: Json | undefined): string {
  const schema = object(given);
  if (typeof schema.$ref === 'string') {
    const name = html(schema.$ref.split('/').at(-1));
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.const !== undefined) return `<code>${html(JSON.stringify(schema.const))}</code>`;
  if (Array.isArray(schema.enum)) return schema.enum.map((word) => `<code>${html(word)}</code>`).join(' | ');
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    if (Array.isArray(schema[key]))
      return list(schema[key])
        .map(typeText)
        .join(key === 'allOf' ? ' &amp; ' : ' | ');
  }
  if (schema.type === 'array') return `[ ${typeText(schema.items)} ]`;
  const inner = Object.entries(object(schema.properties)).map(([key, value]) => `${html(key)}: ${typeText(value)}`);
  if (inner.length > 0) return `{ ${inner.join(', ')} }`;
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any');
  const format = schema.format ?? schema.pattern;
  return html(type) + (format === undefined ? '' : ` <code>${html(format)}</code>`);
}

function paragraphs(text: Json | undefined): string {
  if (typeof text !== 'string') return '';
  return text
    .split('\n')
    .map((line) => `<p>${html(line)}</p>`)
    .join('');
}

function object(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
