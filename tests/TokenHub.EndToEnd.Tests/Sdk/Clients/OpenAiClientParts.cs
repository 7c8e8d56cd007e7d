using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Models;

namespace TokenHub.EndToEnd.Tests.Sdk.Clients;

/// <summary>What the OpenAI SDK's clients have in common.</summary>
internal static class OpenAiClientParts
{
    public const int NoBalanceStatus = 429;

    public static BinaryData ToolSchema { get; } =
        BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}""");

    public static T With<T>(this T options, RecordingHandler record, bool retries)
        where T : ClientPipelineOptions
    {
        options.Transport = new HttpClientPipelineTransport(new HttpClient(record));
        if (!retries)
        {
            options.RetryPolicy = new ClientRetryPolicy(0);
        }

        return options;
    }

    public static async Task<IReadOnlyList<string>> ModelsAsync(string baseUrl, string key, RecordingHandler record)
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri($"{baseUrl}/v1") }.With(record, retries: false);
        var models = await new OpenAIModelClient(new ApiKeyCredential(key), options).GetModelsAsync();
        return [.. models.Value.Select(model => model.Id)];
    }

    public static Raised Read(Exception error) =>
        new((error as ClientResultException)?.Status ?? 0, error.Message, error is ClientResultException);
}
