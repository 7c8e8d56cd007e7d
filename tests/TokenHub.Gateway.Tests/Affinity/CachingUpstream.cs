using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenHub.TestKit;

namespace TokenHub.Gateway.Tests.Affinity;

/// <summary>
/// One account of an Anthropic-like provider: it keeps the prompts each model has read for five minutes, reads the
/// longest beginning of a new one from them, says in its usage how much that was, and turns calls away once its window
/// is full.
/// </summary>
internal sealed class CachingUpstream : IAsyncDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private const long AnswerTokens = 4;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, DateTime> _cache = [];
    private readonly ScriptedUpstream _upstream = ScriptedUpstream.Start();
    private readonly long _window;

    public CachingUpstream(long window)
    {
        _window = window;
        _upstream.Default = Answer;
    }

    public string Url => _upstream.Url;

    public long PromptTokens { get; private set; }

    public long CacheReads { get; private set; }

    public int Served { get; private set; }

    /// <summary>Prompts and answers together.</summary>
    public long Tokens => PromptTokens + (AnswerTokens * Served);

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    private ScriptedUpstreamScript Answer(ScriptedUpstreamRequest request)
    {
        using var body = JsonDocument.Parse(request.Body);
        var root = body.RootElement;
        var parts = root.GetProperty("system").EnumerateArray().Skip(1).Select(block => block.GetProperty("text").GetString()!)
            .Concat(root.GetProperty("messages").EnumerateArray().Select(TextOf));
        lock (_gate)
        {
            var (all, read) = Read(root.GetProperty("model").GetString()!, parts);
            if (Tokens + all + AnswerTokens > _window)
            {
                return ScriptedUpstreamScript.Answer(
                    429, """{"type":"error","error":{"type":"rate_limit_error","message":"The window is full."}}""",
                    "application/json", "retry-after: 3600");
            }

            (PromptTokens, CacheReads, Served) = (PromptTokens + all, CacheReads + read, Served + 1);
            return ScriptedUpstreamScript.Answer(200, $$$"""
                {"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Answer {{{Served}}}."}],
                "stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":0,"cache_read_input_tokens":{{{read}}},
                "cache_creation_input_tokens":{{{all - read}}},"output_tokens":{{{AnswerTokens}}}}}
                """);
        }
    }

    // Each part makes a longer beginning; all of them are kept, and the longest that was kept already is read.
    private (long All, long Read) Read(string model, IEnumerable<string> parts)
    {
        var (all, read, beginning, now) = (0L, 0L, model, DateTime.UtcNow);
        foreach (var part in parts)
        {
            all += part.Length / 4;
            beginning = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(beginning + part)));
            if (_cache.TryGetValue(beginning, out var used) && now - used < Life)
            {
                read = all;
            }

            _cache[beginning] = now;
        }

        return (all, read);
    }

    private static string TextOf(JsonElement message)
    {
        var content = message.GetProperty("content");
        var text = content.ValueKind == JsonValueKind.String ? content.GetString()!
            : string.Concat(content.EnumerateArray().Select(block => block.GetProperty("text").GetString()));
        return message.GetProperty("role").GetString() + ": " + text;
    }
}
