import { loop, png, question, resultOf, schema, shell, system } from './parts.mjs';

const usageOf = (usage) => ({
  input: usage.input_tokens, cacheRead: usage.input_tokens_details.cached_tokens, output: usage.output_tokens,
});

export async function responsesSession(client, model, isStream) {
  const input = [{
    role: 'user',
    content: [
      { type: 'input_text', text: question },
      { type: 'input_image', image_url: `data:image/png;base64,${png}`, detail: 'auto' },
    ],
  }];
  const tools = [{ type: 'function', ...shell, strict: false }];
  return loop(async () => {
    const request = {
      model, input, tools, instructions: system, store: false, include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'low', summary: 'auto' }, max_output_tokens: 4000,
    };
    const answer = isStream
      ? await client.responses.stream(request).finalResponse()
      : await client.responses.create(request);
    const calls = answer.output.filter((item) => item.type === 'function_call');
    return {
      output: answer.output, finish: answer.status, text: answer.output_text, usage: usageOf(answer.usage),
      calls: calls.map((item) => ({ id: item.call_id, name: item.name, args: item.arguments })),
    };
  }, ({ output, calls }) => {
    // Members that the SDK adds for its user's sake are not the protocol's.
    input.push(...output.map(({ parsed_arguments: _, ...item }) => item));
    input.push(...calls.map((call) => ({ type: 'function_call_output', call_id: call.id, output: resultOf(call) })));
  });
}

export async function responsesForm(client, model) {
  const format = { type: 'json_schema', name: 'word', schema, strict: true };
  return (await client.responses.create({ model, input: question, store: false, text: { format } })).output_text;
}
