using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;
using TokenHub.TestKit;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>Parts of the small answers, for scripts that break off in them or repeat them.</summary>
internal static partial class Scripts
{
    /// <summary>The stream up to its first text, without it: heads, roles, what is reported at once.</summary>
    public static string Beginning(string dialect)
    {
        var whole = Dialects.Answer(dialect, stream: true);
        return dialect == "gemini" ? "" : whole[..EventStart(whole, whole.IndexOf("Hel", StringComparison.Ordinal))];
    }

    /// <summary>The stream with its first text, <c>Hel</c>, and not its second.</summary>
    public static string FirstHalf(string dialect)
    {
        var whole = Dialects.Answer(dialect, stream: true);
        return whole[..EventStart(whole, whole.IndexOf("lo!", StringComparison.Ordinal))];
    }

    public static string[] Events(string stream) =>
        [.. EventPattern().Matches(stream).Select(match => match.Value)];

    public static int EventStart(string stream, int inside) => Math.Max(
        stream.LastIndexOf("\n\n", inside, StringComparison.Ordinal) + 2,
        stream.LastIndexOf("\r\n\r\n", inside, StringComparison.Ordinal) + 4) is var at && at > 4 ? at : 0;

    /// <summary>A stream of words of one token each, without an end or with the dialect's own and its usage.</summary>
    public static string Words(string dialect, int words, bool ends = false)
    {
        var text = new StringBuilder(Beginning(dialect));
        for (var i = 0; i < words; i++)
        {
            text.Append(Word(dialect, i));
        }

        return ends ? text.Append(End(dialect, words)).ToString() : text.ToString();
    }

    public static string Word(string dialect, int i)
    {
        var word = i % 2 == 0 ? "word" : " and";
        return Text(dialect, word, i);
    }

    /// <summary>One event with a text of any length.</summary>
    public static string Text(string dialect, string text, int number = 2) => dialect switch
    {
        "chat" => Wire.ChatChunk($$"""{"content":"{{text}}"}"""),
        "responses" => Wire.ResponsesDelta(number + 2, text),
        "messages" => Wire.MessagesDelta(text),
        _ => Wire.GeminiChunk(text, ""),
    };

    public static string End(string dialect, int output) => (dialect switch
    {
        "chat" => Wire.ChatFinish + Wire.ChatUsage(11, output) + "data: [DONE]\n\n",
        "responses" => Wire.Event("response.completed", """{"type":"response.completed","sequence_number":99999,"response":{"id":"resp_1","object":"response","status":"completed","model":"m","output":[],"usage":{"input_tokens":11,"output_tokens":OUT,"total_tokens":SUM}}}"""),
        "messages" => Wire.Event("content_block_stop", """{"type":"content_block_stop","index":0}""")
            + Wire.Event("message_delta", """{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":OUT}}""")
            + Wire.Event("message_stop", """{"type":"message_stop"}"""),
        _ => """data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":11,"candidatesTokenCount":OUT,"totalTokenCount":SUM}}""" + "\r\n\r\n",
    }).Replace("OUT", output.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("SUM", (output + 11).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>A whole unstreamed answer that ends well, reports usage and says nothing.</summary>
    public static string Silent(string dialect, bool usage = true)
    {
        var answer = Dialects.Answer(dialect).Replace("\"Hi!\"", "\"\"", StringComparison.Ordinal);
        return usage ? answer : UsagePattern().Replace(answer, "");
    }

    /// <summary>A whole stream with its usage and no text in it.</summary>
    public static string SilentStream(string dialect) => TextPattern().Replace(Dialects.Answer(dialect, stream: true), "\"\"");

    /// <summary>What the upstream has served in bytes, as an independent reading of them counts it.</summary>
    public static long ServedTokens(string dialect, ScriptedUpstreamRequest request)
    {
        var reader = AnswerReader.Create(DialectOf(dialect), isStream: true);
        reader.Append(request.Served);
        reader.Complete();
        return reader.CountedOutputTokens;
    }

    public static Dialect DialectOf(string dialect) => dialect switch
    {
        "chat" => Dialect.Chat,
        "responses" => Dialect.Responses,
        "messages" => Dialect.Anthropic,
        _ => Dialect.Gemini,
    };

    [GeneratedRegex("\"(Hel|lo!|Hello!|Hi!)\"")]
    private static partial Regex TextPattern();

    [GeneratedRegex(@"(?s).*?(\r\n\r\n|\n\n)")]
    private static partial Regex EventPattern();

    [GeneratedRegex(@",""(usage|usageMetadata)"":\{.*?\}(?=,""model|\}$)")]
    private static partial Regex UsagePattern();
}
