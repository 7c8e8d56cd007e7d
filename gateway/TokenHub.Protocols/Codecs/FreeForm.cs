using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// A free-form tool's input where arguments belong: <c>{"input":"..."}</c>. So it is told to models that know no such
/// tools, and so it stands in every event, whether its upstream knew them or not.
/// </summary>
internal static class FreeForm
{
    public const string Member = "input";

    /// <summary>The JSON Schema of the stand-in's arguments.</summary>
    public static ReadOnlySpan<byte> Schema =>
        "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"],"u8
        + "\"additionalProperties\":false}"u8;

    /// <summary>What stands before the input in an event's arguments.</summary>
    public static ReadOnlySpan<byte> Head => "{\\\"input\\\":\\\""u8;

    /// <summary>What stands behind it.</summary>
    public static ReadOnlySpan<byte> Tail => "\\\"}"u8;

    /// <summary>A piece of input, the inside of a string, as a piece of arguments: escaped once more.</summary>
    public static ReadOnlySpan<byte> Wrap(ReadOnlySpan<byte> inside, ArrayBufferWriter<byte> scratch)
    {
        if (inside.IndexOf((byte)'\\') < 0)
        {
            return inside;
        }

        scratch.ResetWrittenCount();
        JsonText.WriteEscaped(scratch, inside);
        return scratch.WrittenSpan;
    }

    /// <summary>
    /// The input within arguments that are whole, both the insides of strings. Arguments of any other form are the
    /// input themselves: a model may forget the wrapping.
    /// </summary>
    public static ReadOnlySpan<byte> Unwrap(ReadOnlySpan<byte> arguments, ArrayBufferWriter<byte> scratch)
    {
        scratch.ResetWrittenCount();
        JsonText.WriteUnescaped(scratch, arguments);
        try
        {
            var walk = new JsonWalk(scratch.WrittenSpan);
            while (walk.NextMember())
            {
                if (walk.NameIs("input"u8) && walk.Value() is { Type: JsonTokenType.String } input)
                {
                    return input.Bytes;
                }
            }
        }
        catch (JsonException)
        {
            // The caller gets what the model wrote.
        }

        return arguments;
    }

    /// <summary>
    /// What is told of a stand-in: the tool's own words, and the grammar that its input must follow, which nobody
    /// enforces any more.
    /// </summary>
    public static string Describe(ChatTool tool)
    {
        var words = new StringBuilder(tool.Description);
        var custom = tool.Source.Get("custom") ?? tool.Source;
        if (custom.Get("format") is { ValueKind: JsonValueKind.Object } format
            && (format.Get("grammar") ?? format).Get("definition") is { ValueKind: JsonValueKind.String } grammar)
        {
            words.Append(words.Length > 0 ? "\n\n" : "").Append("The input follows this grammar:\n")
                .Append(grammar.GetString());
        }

        return words.ToString();
    }

    /// <summary>The input of a call as its stand-in's arguments say it.</summary>
    public static string ToInput(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments);
            return document.RootElement.Get(Member) is { ValueKind: JsonValueKind.String } input
                ? input.GetString()! : arguments;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // No JSON, or half a pair of surrogates in it, which a string within a string may still hold.
            return arguments;
        }
    }

    /// <summary>The arguments of a stand-in for a call of the caller's free-form tool.</summary>
    public static string ToArguments(string input)
    {
        var output = new ArrayBufferWriter<byte>(input.Length + 16);
        output.Write("{\"input\":"u8);
        JsonText.Write(output, input);
        output.Write("}"u8);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
