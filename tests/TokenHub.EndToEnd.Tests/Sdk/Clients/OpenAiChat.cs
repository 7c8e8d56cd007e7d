using System.ClientModel;
using System.Text;
using OpenAI;
using OpenAI.Chat;
using TokenHub.EndToEnd.Tests.Sdk.Upstream;

namespace TokenHub.EndToEnd.Tests.Sdk.Clients;

internal sealed class OpenAiChat(string baseUrl, string key, RecordingHandler record, bool retries) : ISdkClient
{
    public string Surface => "chat";

    public bool IsCountExact => true;

    public int NoBalanceStatus => OpenAiClientParts.NoBalanceStatus;

    public Task<IReadOnlyList<string>> ModelsAsync() => OpenAiClientParts.ModelsAsync(baseUrl, key, record);

    public async Task<Told> AskAsync(string model, string prompt)
    {
        var answer = (await Client(model).CompleteChatAsync(new UserChatMessage(prompt))).Value;
        return new Told(answer.Content[0].Text, Tokens(answer.Usage));
    }

    public async Task<Told> StreamAsync(string model, string prompt, Action<string> onDelta, CancellationToken cancel)
    {
        var text = new StringBuilder();
        Tokens? usage = null;
        var updates = Client(model).CompleteChatStreamingAsync([new UserChatMessage(prompt)], null, cancel);
        await foreach (var update in updates)
        {
            usage = update.Usage is { } told ? Tokens(told) : usage;
            foreach (var part in update.ContentUpdate.Where(part => part.Text.Length > 0))
            {
                text.Append(part.Text);
                onDelta(part.Text);
            }
        }

        return new Told(text.ToString(), usage);
    }

    public async Task<Asked> CallToolAsync(string model, string prompt, bool isStream)
    {
        List<ChatMessage> messages = [new UserChatMessage(prompt)];
        var call = isStream
            ? await StreamToolAsync(model, messages)
            : (await Client(model).CompleteChatAsync(messages, WithTool())).Value.ToolCalls[0];
        messages.Add(new AssistantChatMessage([call]));
        return new Asked(new ToolCall(call.Id, call.FunctionName, call.FunctionArguments.ToString()), messages);
    }

    public async Task<string> SendResultAsync(string model, Asked asked, string output)
    {
        var messages = (List<ChatMessage>)asked.Conversation;
        messages.Add(new ToolChatMessage(asked.Call.Id, output));
        return (await Client(model).CompleteChatAsync(messages, WithTool())).Value.Content[0].Text;
    }

    public Task<long?> CountAsync(string model, string prompt) => Task.FromResult<long?>(null);

    public Raised Read(Exception exception) => OpenAiClientParts.Read(exception);

    private async Task<ChatToolCall> StreamToolAsync(string model, List<ChatMessage> messages)
    {
        string? id = null;
        string? name = null;
        var arguments = new StringBuilder();
        await foreach (var update in Client(model).CompleteChatStreamingAsync(messages, WithTool()))
        {
            foreach (var part in update.ToolCallUpdates)
            {
                id = part.ToolCallId ?? id;
                name = part.FunctionName ?? name;
                arguments.Append(part.FunctionArgumentsUpdate);
            }
        }

        return ChatToolCall.CreateFunctionToolCall(id, name, BinaryData.FromString(arguments.ToString()));
    }

    private ChatClient Client(string model) => new(
        model, new ApiKeyCredential(key),
        new OpenAIClientOptions { Endpoint = new Uri($"{baseUrl}/v1") }.With(record, retries));

    private static ChatCompletionOptions WithTool() => new()
    {
        Tools = { ChatTool.CreateFunctionTool(SdkUpstream.Tool.Name, null, OpenAiClientParts.ToolSchema) },
    };

    private static Tokens Tokens(ChatTokenUsage usage) =>
        new(usage.InputTokenCount, usage.InputTokenDetails.CachedTokenCount, usage.OutputTokenCount);
}
