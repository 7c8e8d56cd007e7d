using System.Net.Sockets;
using System.Text;

namespace TokenHub.Chaos.Upstreams;

/// <summary>One request at the upstream, and the means to answer it byte by byte.</summary>
internal sealed class UpstreamCall(Socket socket, string model, Served served, CancellationToken cancel)
{
    /// <summary>Input tokens that a truthful answer reports.</summary>
    public const int InputTokens = 10;

    public string Model => model;

    public Served Served => served;

    public CancellationToken Cancel => cancel;

    public async Task RawAsync(ReadOnlyMemory<byte> bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            at += await socket.SendAsync(bytes[at..], cancel);
        }
    }

    public Task RawAsync(string text) => RawAsync(Encoding.UTF8.GetBytes(text));

    public Task StreamHeadAsync(string headers = "") => RawAsync(
        $"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n{headers}\r\n");

    public Task ChunkAsync(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        return RawAsync($"{bytes:x}\r\n{text}\r\n");
    }

    public Task EventAsync(string data) => ChunkAsync($"data: {data}\n\n");

    /// <summary>One token, which is one word of the vocabulary that the gateway counts by.</summary>
    public async Task TokenAsync()
    {
        await EventAsync(Delta("""{"content":" word"}""", "null"));
        served.AddTokens(1);
    }

    public Task FinishAsync() => EventAsync(Delta("{}", "\"stop\""));

    public Task UsageAsync(string usage) => EventAsync(
        $$"""{"id":"{{model}}","object":"chat.completion.chunk","created":1,"model":"{{model}}","choices":[],"usage":{{usage}}}""");

    public async Task EndAsync()
    {
        await EventAsync("[DONE]");
        await RawAsync("0\r\n\r\n");
        served.MarkWhole();
    }

    public Task AnswerAsync(int status, string body, string headers = "") => RawAsync(
        $"HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\ncontent-length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}\r\n{body}");

    public string WholeBody(int tokens, string usage) =>
        $$"""{"id":"{{model}}","object":"chat.completion","created":1,"model":"{{model}}","choices":[{"index":0,"message":{"role":"assistant","content":"{{string.Concat(Enumerable.Repeat(" word", tokens))}}"},"finish_reason":"stop"}],"usage":{{usage}}}""";

    /// <summary>The usage that is true for so many tokens, and the note of it in the upstream's books.</summary>
    public string TrueUsage(int tokens)
    {
        served.ReportedOutput = tokens;
        served.ReportedInput = InputTokens;
        return $$"""{"prompt_tokens":{{InputTokens}},"completion_tokens":{{tokens}},"total_tokens":{{InputTokens + tokens}}}""";
    }

    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    private string Delta(string delta, string finish) =>
        $$"""{"id":"{{model}}","object":"chat.completion.chunk","created":1,"model":"{{model}}","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""";
}
