import { loop, png, question, resultOf, schema, shell, system } from './parts.mjs';

const usageOf = (usage) => ({
  input: usage.promptTokenCount, cacheRead: usage.cachedContentTokenCount ?? 0,
  output: usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0),
});

export async function geminiSession(client, model, isStream) {
  const contents = [
    { role: 'user', parts: [{ text: question }, { inlineData: { mimeType: 'image/png', data: png } }] },
  ];
  const tools = [{
    functionDeclarations: [{ name: shell.name, description: shell.description, parametersJsonSchema: shell.parameters }],
  }];
  const config = {
    tools, systemInstruction: system, maxOutputTokens: 4000, thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 },
  };
  return loop(async () => {
    const { parts, finish, usage } = await turn(client, { model, contents, config }, isStream);
    const calls = parts.filter((part) => part.functionCall).map((part) => part.functionCall);
    return {
      parts, finish, usage: usageOf(usage),
      text: parts.filter((part) => part.text && !part.thought).map((part) => part.text).join(''),
      calls: calls.map((call) => ({ id: call.id, name: call.name, args: JSON.stringify(call.args) })),
    };
  }, ({ parts, calls }) => {
    const responses = calls.map((call) => ({
      functionResponse: { id: call.id, name: call.name, response: { output: resultOf(call) } },
    }));
    contents.push({ role: 'model', parts }, { role: 'user', parts: responses });
  });
}

async function turn(client, request, isStream) {
  if (!isStream) {
    const answer = await client.models.generateContent(request);
    const [candidate] = answer.candidates;
    return { parts: candidate.content.parts, finish: candidate.finishReason, usage: answer.usageMetadata };
  }
  const seen = { parts: [] };
  for await (const chunk of await client.models.generateContentStream(request)) {
    const candidate = chunk.candidates?.[0];
    // What carries nothing need not be sent back.
    seen.parts.push(...(candidate?.content?.parts ?? []).filter((part) => part.text !== '' || part.thoughtSignature));
    seen.finish = candidate?.finishReason ?? seen.finish;
    seen.usage = chunk.usageMetadata ?? seen.usage;
  }
  return seen;
}

export async function geminiForm(client, model) {
  const config = { responseMimeType: 'application/json', responseJsonSchema: schema };
  return (await client.models.generateContent({ model, contents: question, config })).text;
}
