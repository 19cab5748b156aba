import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonObject } from '../../src/contract/json.ts';
import { bundleOpenApi } from '../../src/http/openapi.ts';

export const document = bundleOpenApi();
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ ...document, $id: 'https://qiao.invalid/openapi' });

function validator(path: string, method: string, status: number): ValidateFunction {
  const place = (document.paths as Record<string, JsonObject>)[path]?.[method] as JsonObject;
  const response = (place.responses as Record<string, JsonObject>)[String(status)];
  if (response === undefined) throw new Error(`${method} ${path} does not describe ${status}`);
  const schema =
    response.$ref === undefined
      ? `#/paths/${path.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')}/${method}/responses/${status}/content/application~1json/schema`
      : '#/components/schemas/Problem';
  return ajv.compile({ $ref: `https://qiao.invalid/openapi${schema}` });
}

/** The answer is as schemas/openapi.json describes it. */
export function expectDescribed(
  answer: { readonly status: number; readonly body: unknown },
  path: string,
  method: string,
): void {
  const validate = validator(path, method, answer.status);
  const valid = validate(answer.body);
  if (!valid) throw new Error(`${method} ${path} ${answer.status}: ${JSON.stringify(validate.errors, null, 1)}`);
}
