using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.AspNetCore.Hosting;

namespace TokenHub.EndToEnd.Tests.Product;

/// <summary>
/// An upstream that keeps its own truth: how many tokens it has served for each model name asked for. Tests give every
/// request a model name of its own, so that upstream and ledger can be compared request by request.
/// </summary>
internal sealed class TruthfulUpstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TruthfulUpstream(WebApplication app)
    {
        _app = app;
    }

    /// <summary>
    /// Tokens written to the connection or about to be, by model name; a request that has only been received stands
    /// with 0.
    /// </summary>
    public ConcurrentDictionary<string, int> Served { get; } = new();

    /// <summary>How often each model name was asked for.</summary>
    public ConcurrentDictionary<string, int> Asked { get; } = new();

    public string Url => _app.Urls.First();

    /// <param name="tokens">Tokens of each answer, one chunk each.</param>
    public static async Task<TruthfulUpstream> StartAsync(int tokens, TimeSpan gap)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var upstream = new TruthfulUpstream(builder.Build());
        upstream._app.Run(context => upstream.AnswerAsync(context, tokens, gap));
        await upstream._app.StartAsync();
        return upstream;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, int tokens, TimeSpan gap)
    {
        var request = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
        var model = (string)request["model"]!;
        Asked.AddOrUpdate(model, 1, (_, count) => count + 1);
        Served.TryAdd(model, 0);
        if ((bool?)request["stream"] != true)
        {
            context.Response.ContentType = "application/json";
            Served[model] = tokens;
            await context.Response.WriteAsync(
                $$$"""{"id":"{{{model}}}","object":"chat.completion","created":1,"model":"{{{model}}}","choices":[{"index":0,"message":{"role":"assistant","content":"{{{string.Concat(Enumerable.Repeat(" word", tokens))}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":{{{tokens}}},"total_tokens":{{{tokens + 10}}}}}""");
            return;
        }

        context.Response.ContentType = "text/event-stream";
        var aborted = context.RequestAborted;
        for (var i = 0; i < tokens; i++)
        {
            // Before it goes out, for it may be billed before the next line here is run.
            Served[model] = i + 1;
            await WriteAsync(context, Chunk(model, $$"""{"content":" word"}""", "null"));
            await Task.Delay(gap, aborted);
        }

        await WriteAsync(context, Chunk(model, "{}", "\"stop\""));
        await WriteAsync(
            context,
            $$$"""{"id":"{{{model}}}","object":"chat.completion.chunk","created":1,"model":"{{{model}}}","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":{{{tokens}}},"total_tokens":{{{tokens + 10}}}}}""");
        await WriteAsync(context, "[DONE]");
    }

    private static string Chunk(string model, string delta, string finish) =>
        $$"""{"id":"{{model}}","object":"chat.completion.chunk","created":1,"model":"{{model}}","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""";

    // It is flushed with that.
    private static Task WriteAsync(HttpContext context, string data) =>
        context.Response.WriteAsync($"data: {data}\n\n", context.RequestAborted);
}
