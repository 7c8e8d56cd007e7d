// Gemini generateContent, strictly, as a model of the third generation.

import { claim, isText, onlyKeys } from '../claims.mjs';

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

const foreignWords = ['$ref', '$defs', 'const', 'oneOf', 'additionalProperties'];

export const target = {
  path: /^\/v1beta\/models\/[^/:]+:(generateContent|streamGenerateContent)$/,

  tools: (json) => (json.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []).map((tool) => tool.name),

  results: (json) => json.contents.flatMap((turn) => turn.parts).filter((part) => part.functionResponse).length,

  check(json) {
    onlyKeys(json, keys, 'body');
    onlyKeys(json.generationConfig ?? {}, configKeys, 'generation_config');
    for (const tool of (json.tools ?? []).flatMap((entry) => entry.functionDeclarations ?? [])) {
      claim(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(tool.name), `function_declarations: Invalid function name ${tool.name}`);
      claim(!tool.parameters || !foreignWords.some((word) => JSON.stringify(tool.parameters).includes(`"${word}":`)),
        `function_declarations.${tool.name}.parameters: Unknown name`);
    }
    let open = [];
    for (const [i, turn] of json.contents.entries()) {
      claim([undefined, 'user', 'model'].includes(turn.role), `contents[${i}]: Please use a valid role: user, model.`);
      claim(turn.parts?.length > 0, `contents[${i}].parts must not be empty`);
      open = checkTurn(turn, open, `contents[${i}]`);
    }
  },
};

function checkTurn(turn, open, where) {
  const answers = turn.parts.filter((part) => part.functionResponse).map((part) => part.functionResponse);
  claim(answers.length === open.length,
    `${where}: the number of function response parts must equal the number of function call parts`);
  answers.forEach((answer, i) => claim(answer.name === open[i].name && answer.response?.constructor === Object,
    `${where}: function response ${answer.name} does not belong to call ${open[i]?.name}`));
  const calls = turn.parts.filter((part) => part.functionCall);
  claim(calls.length === 0 || [signature, sentinel].includes(calls[0].thoughtSignature),
    `${where}: Function call ${calls[0]?.functionCall.name} is missing a thought_signature`);
  for (const part of turn.parts) {
    claim(part.thoughtSignature === undefined || [signature, sentinel].includes(part.thoughtSignature),
      `${where}: Corrupted thought signature.`);
    claim(part.text === undefined || isText(part.text) || part.thoughtSignature, `${where}: empty text`);
  }
  return calls.map((part) => part.functionCall);
}
