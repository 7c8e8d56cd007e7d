using System.Text;
using System.Text.Json;
using Anthropic;
using Anthropic.Core;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using TokenHub.EndToEnd.Tests.Sdk.Upstream;

namespace TokenHub.EndToEnd.Tests.Sdk.Clients;

internal sealed class AnthropicMessages(string baseUrl, string key, RecordingHandler record, bool retries) : ISdkClient
{
    public string Surface => "claude";

    public bool IsCountExact => false;

    public int NoBalanceStatus => 402;

    public async Task<IReadOnlyList<string>> ModelsAsync()
    {
        var page = await Client().Models.List();
        var ids = page.Items.Select(model => model.ID).ToList();
        while (page.HasNext())
        {
            page = await page.Next();
            ids.AddRange(page.Items.Select(model => model.ID));
        }

        return ids;
    }

    public async Task<Told> AskAsync(string model, string prompt)
    {
        var answer = await Client().Messages.Create(Request(model, [new UserMessageParam(prompt)]));
        return new Told(TextOf(answer), Tokens(answer.Usage, answer.Usage.OutputTokens));
    }

    public async Task<Told> StreamAsync(string model, string prompt, Action<string> onDelta, CancellationToken cancel)
    {
        var text = new StringBuilder();
        Usage? started = null;
        Tokens? usage = null;
        var request = Request(model, [new UserMessageParam(prompt)]);
        await foreach (var item in Client().Messages.CreateStreaming(request, cancel))
        {
            if (item.TryPickStart(out var start))
            {
                started = start.Message.Usage;
            }
            else if (item.TryPickContentBlockDelta(out var block) && block.Delta.TryPickText(out var delta))
            {
                text.Append(delta.Text);
                onDelta(delta.Text);
            }
            else if (item.TryPickDelta(out var last))
            {
                usage = Tokens(started!, last.Usage.OutputTokens);
            }
        }

        return new Told(text.ToString(), usage);
    }

    public async Task<Asked> CallToolAsync(string model, string prompt, bool isStream)
    {
        List<MessageParam> messages = [new UserMessageParam(prompt)];
        var call = isStream
            ? await StreamToolAsync(model, messages)
            : CallOf((await Client().Messages.Create(Request(model, messages, WithTool()))).Content);
        messages.Add(new AssistantMessageParam(new List<ContentBlockParam>
        {
            new ToolUseBlockParam
            {
                ID = call.Id, Name = call.Name,
                Input = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(call.Arguments)!,
            },
        }));
        return new Asked(call, messages);
    }

    public async Task<string> SendResultAsync(string model, Asked asked, string output)
    {
        var messages = (List<MessageParam>)asked.Conversation;
        messages.Add(new UserMessageParam(new List<ContentBlockParam>
        {
            new ToolResultBlockParam(asked.Call.Id) { Content = output },
        }));
        return TextOf(await Client().Messages.Create(Request(model, messages, WithTool())));
    }

    public async Task<long?> CountAsync(string model, string prompt) => (await Client().Messages.CountTokens(
        new MessageCountTokensParams { Model = model, Messages = [new UserMessageParam(prompt)] })).InputTokens;

    public Raised Read(Exception exception) => new(
        (int)((exception as AnthropicApiException)?.StatusCode ?? 0),
        exception.Message,
        exception is AnthropicException);

    private AnthropicClient Client() => new(new ClientOptions
    {
        BaseUrl = baseUrl, ApiKey = key, HttpClient = new HttpClient(record), MaxRetries = retries ? null : 0,
    });

    private async Task<ToolCall> StreamToolAsync(string model, List<MessageParam> messages)
    {
        var call = new ToolCall("", "", "");
        var arguments = new StringBuilder();
        await foreach (var item in Client().Messages.CreateStreaming(Request(model, messages, WithTool())))
        {
            if (item.TryPickContentBlockStart(out var start) && start.ContentBlock.TryPickToolUse(out var tool))
            {
                call = new ToolCall(tool.ID, tool.Name, "");
            }
            else if (item.TryPickContentBlockDelta(out var block) && block.Delta.TryPickInputJson(out var delta))
            {
                arguments.Append(delta.PartialJson);
            }
        }

        return call with { Arguments = arguments.ToString() };
    }

    private static ToolCall CallOf(IReadOnlyList<ContentBlock> content)
    {
        foreach (var block in content)
        {
            if (block.TryPickToolUse(out var tool))
            {
                return new ToolCall(tool.ID, tool.Name, JsonSerializer.Serialize(tool.Input));
            }
        }

        throw new InvalidOperationException("The answer calls no tool.");
    }

    private static MessageCreateParams Request(
        string model, IReadOnlyList<MessageParam> messages, IReadOnlyList<ToolUnion>? tools = null)
    {
        var request = new MessageCreateParams { Model = model, MaxTokens = 1024, Messages = messages };
        return tools is null ? request : request with { Tools = tools };
    }

    private static IReadOnlyList<ToolUnion> WithTool() =>
    [
        new Tool
        {
            Name = SdkUpstream.Tool.Name,
            InputSchema = new InputSchema { Properties = new Dictionary<string, JsonElement>() },
        },
    ];

    private static string TextOf(Message message) =>
        string.Concat(message.Content.Select(block => block.TryPickText(out var text) ? text.Text : ""));

    private static Tokens Tokens(Usage usage, long output)
    {
        var read = usage.CacheReadInputTokens ?? 0;
        return new Tokens(usage.InputTokens + read + (usage.CacheCreationInputTokens ?? 0), read, output);
    }
}
