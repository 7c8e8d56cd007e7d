// Gemini generateContent, strictly, as a model of the third generation.

import { claim, isText, onlyKeys } from '../claims.mjs';
import { checkGoogle, eachSchema } from '../schemas.mjs';

export const signature = 'EpEgCo4gAb4+9vvWwdN/scripted==';

const sentinel = 'skip_thought_signature_validator';

const keys = [
  'contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'safetySettings', 'cachedContent',
  'labels', 'serviceTier',
];

const configKeys = [
  'temperature', 'topP', 'topK', 'candidateCount', 'maxOutputTokens', 'stopSequences', 'responseMimeType',
  'responseSchema', 'responseJsonSchema', 'presencePenalty', 'frequencyPenalty', 'seed', 'responseLogprobs', 'logprobs',
  'thinkingConfig', 'responseModalities', 'mediaResolution', 'speechConfig',
];

const foreignWords = ['$ref', '$defs', 'const', 'oneOf', 'additionalProperties', 'exclusiveMinimum', '$schema'];

// The older members take a part of OpenAPI's schemas.
const checkOpenApi = (schema, where) => eachSchema(schema, (one, at) => {
  const other = foreignWords.filter((word) => one[word] !== undefined);
  claim(other.length === 0, `${at}: Unknown name "${other[0]}"`);
  claim(!Array.isArray(one.type), `${at}: type is no list`);
}, where);

export const target = {
  path: /^\/v1beta\/models\/[^/:]+:(generateContent|streamGenerateContent)$/,

  tools: (json) => (json.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []).map((tool) => tool.name),

  results: (json) => json.contents.flatMap((turn) => turn.parts).filter((part) => part.functionResponse).length,

  // The second generation asks for no signatures.
  check(json, isThird = true) {
    onlyKeys(json, keys, 'body');
    onlyKeys(json.generationConfig ?? {}, configKeys, 'generation_config');
    for (const tool of (json.tools ?? []).flatMap((entry) => entry.functionDeclarations ?? [])) {
      claim(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(tool.name), `function_declarations: Invalid function name ${tool.name}`);
      claim(!tool.parameters || !tool.parametersJsonSchema, `function_declarations.${tool.name}: two schemas`);
      checkOpenApi(tool.parameters, `function_declarations.${tool.name}.parameters`);
      checkGoogle(tool.parametersJsonSchema, `function_declarations.${tool.name}.parameters_json_schema`);
    }
    checkConfig(json);
    claim(json.contents.length > 0, 'contents is not specified');
    claim([undefined, 'user'].includes(json.contents[0].role)
      && !json.contents[0].parts.some((part) => part.functionResponse),
      'Please ensure that the conversation begins with a user turn and no function response');
    let open = [];
    for (const [i, turn] of json.contents.entries()) {
      claim([undefined, 'user', 'model'].includes(turn.role), `contents[${i}]: Please use a valid role: user, model.`);
      claim(turn.parts?.length > 0, `contents[${i}].parts must not be empty`);
      open = checkTurn(turn, open, isThird, `contents[${i}]`);
    }
  },
};

function checkConfig(json) {
  const config = json.generationConfig ?? {};
  checkOpenApi(config.responseSchema, 'generation_config.response_schema');
  checkGoogle(config.responseJsonSchema, 'generation_config.response_json_schema');
  claim((!config.responseSchema && !config.responseJsonSchema) || config.responseMimeType === 'application/json',
    'response_mime_type must be application/json for a schema');
  claim((config.stopSequences ?? []).length <= 5, 'stop_sequences: at most 5');
  claim(config.temperature === undefined || (config.temperature >= 0 && config.temperature <= 2), 'temperature: 0..2');
  const { thinkingBudget, thinkingLevel } = config.thinkingConfig ?? {};
  claim(thinkingBudget === undefined || thinkingLevel === undefined, 'thinking_budget and thinking_level exclude each other');
  claim(thinkingBudget === undefined || thinkingBudget >= -1, 'thinking_budget is out of range');
  claim([undefined, 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'].includes(thinkingLevel), `thinking_level: ${thinkingLevel}`);
  const { mode, allowedFunctionNames } = json.toolConfig?.functionCallingConfig ?? {};
  claim([undefined, 'AUTO', 'ANY', 'NONE', 'VALIDATED'].includes(mode), `mode: ${mode}`);
  claim(!allowedFunctionNames || ['ANY', 'VALIDATED'].includes(mode), 'allowed_function_names only with ANY or VALIDATED');
  claim((allowedFunctionNames ?? []).every((name) => target.tools(json).includes(name)),
    'allowed_function_names are not all declared');
}

function checkTurn(turn, open, isThird, where) {
  const answers = turn.parts.filter((part) => part.functionResponse).map((part) => part.functionResponse);
  claim(answers.length === open.length,
    `${where}: the number of function response parts must equal the number of function call parts`);
  answers.forEach((answer, i) => claim(answer.name === open[i].name && answer.response?.constructor === Object,
    `${where}: function response ${answer.name} does not belong to call ${open[i]?.name}`));
  const calls = turn.parts.filter((part) => part.functionCall);
  claim(calls.length === 0 || !isThird || [signature, sentinel].includes(calls[0].thoughtSignature),
    `${where}: Function call ${calls[0]?.functionCall.name} is missing a thought_signature`);
  for (const part of turn.parts) {
    claim(part.thoughtSignature === undefined || [signature, sentinel].includes(part.thoughtSignature),
      `${where}: Corrupted thought signature.`);
    claim(part.text === undefined || isText(part.text) || part.thoughtSignature, `${where}: empty text`);
  }
  return calls.map((part) => part.functionCall);
}
