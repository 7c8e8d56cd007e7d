import { loop, png, question, resultOf, schema, shell, system } from './parts.mjs';

const usageOf = (usage) => ({
  input: usage.input_tokens + usage.cache_read_input_tokens + usage.cache_creation_input_tokens,
  cacheRead: usage.cache_read_input_tokens, output: usage.output_tokens,
});

export async function claudeSession(client, model, isStream) {
  const messages = [{
    role: 'user',
    content: [
      { type: 'text', text: question }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
    ],
  }];
  const tools = [{ name: shell.name, description: shell.description, input_schema: shell.parameters }];
  return loop(async () => {
    const request = {
      model, messages, tools, max_tokens: 4000, system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
      thinking: { type: 'enabled', budget_tokens: 1024 },
    };
    const answer = isStream
      ? await client.messages.stream(request).finalMessage()
      : await client.messages.create(request);
    const of = (type) => answer.content.filter((block) => block.type === type);
    return {
      content: answer.content, finish: answer.stop_reason, text: of('text').map((block) => block.text).join(''),
      usage: usageOf(answer.usage),
      calls: of('tool_use').map((block) => ({ id: block.id, name: block.name, args: JSON.stringify(block.input) })),
    };
  }, ({ content, calls }) => {
    const results = calls.map((call) => ({ type: 'tool_result', tool_use_id: call.id, content: resultOf(call) }));
    messages.push({ role: 'assistant', content }, { role: 'user', content: results });
  });
}

export async function claudeForm(client, model) {
  const answer = await client.messages.create({
    model, max_tokens: 4000, messages: [{ role: 'user', content: question }],
    output_config: { format: { type: 'json_schema', schema } },
  });
  return answer.content.filter((block) => block.type === 'text').map((block) => block.text).join('');
}
