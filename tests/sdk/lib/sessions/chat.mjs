import { loop, png, question, resultOf, schema, shell, system } from './parts.mjs';

const usageOf = (usage) => ({
  input: usage.prompt_tokens, cacheRead: usage.prompt_tokens_details.cached_tokens, output: usage.completion_tokens,
});

export async function chatSession(client, model, isStream) {
  const messages = [
    { role: 'system', content: system },
    {
      role: 'user',
      content: [{ type: 'text', text: question }, { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } }],
    },
  ];
  const tools = [{ type: 'function', function: shell }];
  return loop(async () => {
    const request = { model, messages, tools, reasoning_effort: 'low', max_completion_tokens: 4000 };
    const answer = isStream
      ? await client.chat.completions.stream({ ...request, stream_options: { include_usage: true } }).finalChatCompletion()
      : await client.chat.completions.create(request);
    const { message, finish_reason: finish } = answer.choices[0];
    return {
      message, finish, text: message.content ?? '', usage: usageOf(answer.usage),
      calls: (message.tool_calls ?? []).map((call) => ({ id: call.id, name: call.function.name, args: call.function.arguments })),
    };
  }, ({ message, calls }) => {
    messages.push(message, ...calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: resultOf(call) })));
  });
}

export async function chatForm(client, model) {
  const format = { type: 'json_schema', json_schema: { name: 'word', schema, strict: true } };
  const answer = await client.chat.completions.create(
    { model, messages: [{ role: 'user', content: question }], response_format: format });
  return answer.choices[0].message.content;
}
