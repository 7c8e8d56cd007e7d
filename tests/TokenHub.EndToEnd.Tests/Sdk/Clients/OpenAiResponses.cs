using System.ClientModel;
using System.Text;
using OpenAI.Responses;
using TokenHub.EndToEnd.Tests.Sdk.Upstream;

namespace TokenHub.EndToEnd.Tests.Sdk.Clients;

internal sealed class OpenAiResponses(string baseUrl, string key, RecordingHandler record, bool retries) : ISdkClient
{
    private readonly ResponsesClient _client = new(
        new ApiKeyCredential(key),
        new ResponsesClientOptions { Endpoint = new Uri($"{baseUrl}/v1") }.With(record, retries));

    public string Surface => "responses";

    public bool IsCountExact => true;

    public int NoBalanceStatus => OpenAiClientParts.NoBalanceStatus;

    public Task<IReadOnlyList<string>> ModelsAsync() => OpenAiClientParts.ModelsAsync(baseUrl, key, record);

    public async Task<Told> AskAsync(string model, string prompt)
    {
        var answer = (await _client.CreateResponseAsync(model, prompt)).Value;
        return new Told(answer.GetOutputText(), Tokens(answer.Usage));
    }

    public async Task<Told> StreamAsync(string model, string prompt, Action<string> onDelta, CancellationToken cancel)
    {
        var text = new StringBuilder();
        Tokens? usage = null;
        await foreach (var update in await _client.CreateResponseStreamingAsync(model, prompt, null, cancel))
        {
            switch (update)
            {
                case StreamingResponseOutputTextDeltaUpdate delta:
                    text.Append(delta.Delta);
                    onDelta(delta.Delta);
                    break;
                case StreamingResponseCompletedUpdate done:
                    usage = Tokens(done.Response.Usage);
                    break;
                case StreamingResponseErrorUpdate error:
                    // This SDK hands the protocol's error over as one more update; raising it is its user's part.
                    throw new ClientResultException(error.Message);
            }
        }

        return new Told(text.ToString(), usage);
    }

    public async Task<Asked> CallToolAsync(string model, string prompt, bool isStream)
    {
        var input = new List<ResponseItem> { ResponseItem.CreateUserMessageItem(prompt) };
        var call = isStream
            ? await StreamToolAsync(model, input)
            : (await _client.CreateResponseAsync(WithTool(model, input))).Value.OutputItems
                .OfType<FunctionCallResponseItem>().Single();
        input.Add(call);
        return new Asked(new ToolCall(call.CallId, call.FunctionName, call.FunctionArguments.ToString()), input);
    }

    public async Task<string> SendResultAsync(string model, Asked asked, string output)
    {
        var input = (List<ResponseItem>)asked.Conversation;
        input.Add(ResponseItem.CreateFunctionCallOutputItem(asked.Call.Id, output));
        return (await _client.CreateResponseAsync(WithTool(model, input))).Value.GetOutputText();
    }

    public Task<long?> CountAsync(string model, string prompt) => Task.FromResult<long?>(null);

    public Raised Read(Exception exception) => OpenAiClientParts.Read(exception);

    private async Task<FunctionCallResponseItem> StreamToolAsync(string model, List<ResponseItem> input)
    {
        FunctionCallResponseItem? call = null;
        var options = WithTool(model, input);
        options.StreamingEnabled = true;
        await foreach (var update in await _client.CreateResponseStreamingAsync(options))
        {
            call = (update as StreamingResponseOutputItemDoneUpdate)?.Item as FunctionCallResponseItem ?? call;
        }

        return call!;
    }

    private static CreateResponseOptions WithTool(string model, List<ResponseItem> input) => new(model, input)
    {
        Tools =
        {
            ResponseTool.CreateFunctionTool(
                SdkUpstream.Tool.Name, OpenAiClientParts.ToolSchema, strictModeEnabled: false),
        },
    };

    private static Tokens Tokens(ResponseTokenUsage usage) =>
        new(usage.InputTokenCount, usage.InputTokenDetails.CachedTokenCount, usage.OutputTokenCount);
}
