using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Bedrock;

/// <summary>Reads an answer of Converse in one piece, whose members may come in any order.</summary>
internal static class ConverseBodyReader
{
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static void Read(ReadOnlySpan<byte> body, ConverseStreamReader blocks, IChatSink sink)
    {
        var json = JsonRaw.NewReader(body);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        ReadOnlySpan<byte> stop = default;
        var content = default(Utf8JsonReader);
        var hasContent = false;
        while (json.NextMember())
        {
            if (json.NameIs("stopReason"u8))
            {
                stop = json.ReadText();
            }
            else if (json.NameIs("output"u8))
            {
                var inside = json;
                json.SkipMember();
                hasContent = TryFindContent(ref inside);
                content = inside;
            }
            else
            {
                json.SkipMember();
            }
        }

        if (hasContent)
        {
            blocks.Start(sink);
            ReadBlocks(ref content, blocks, sink);
        }

        blocks.Stop(stop, sink);
    }

    // output.message.content: from the name of the first to that of the last.
    private static bool TryFindContent(ref Utf8JsonReader json) =>
        json.BeginObject() && TryFind(ref json, "message"u8)
        && json.BeginObject() && TryFind(ref json, "content"u8);

    private static bool TryFind(ref Utf8JsonReader json, ReadOnlySpan<byte> name)
    {
        while (json.NextMember())
        {
            if (json.NameIs(name))
            {
                return true;
            }

            json.SkipMember();
        }

        return false;
    }

    private static void ReadBlocks(ref Utf8JsonReader json, ConverseStreamReader blocks, IChatSink sink)
    {
        if (!json.BeginArray())
        {
            return;
        }

        while (json.NextObject())
        {
            while (json.NextMember())
            {
                if (json.NameIs("text"u8))
                {
                    blocks.GiveText(json.ReadText(), sink);
                }
                else if (json.NameIs("toolUse"u8) && json.BeginObject())
                {
                    ReadCall(ref json, blocks, sink);
                }
                else if (json.TokenType == JsonTokenType.PropertyName
                    && json.NameIs("reasoningContent"u8) && json.BeginObject())
                {
                    ConverseThought.Read(ref json, blocks, sink);
                }
                else if (json.TokenType == JsonTokenType.PropertyName)
                {
                    json.SkipMember();
                }
            }

            blocks.EndBlock(sink);
        }
    }

    private static void ReadCall(ref Utf8JsonReader json, ConverseStreamReader blocks, IChatSink sink)
    {
        ReadOnlySpan<byte> id = default, name = default;
        var input = default(Utf8JsonReader);
        var hasInput = false;
        while (json.NextMember())
        {
            if (json.NameIs("toolUseId"u8))
            {
                id = json.ReadText();
            }
            else if (json.NameIs("name"u8))
            {
                name = json.ReadText();
            }
            else if (json.NameIs("input"u8))
            {
                input = json;
                hasInput = true;
                json.SkipMember();
            }
            else
            {
                json.SkipMember();
            }
        }

        blocks.BeginCall(id, name, sink);
        if (hasInput)
        {
            input.Read();
            blocks.GiveInput(ref input, sink);
        }
    }
}

/// <summary>A thought, in a stream and in a body alike.</summary>
internal static class ConverseThought
{
    /// <summary>Reads the members of <c>reasoningContent</c>, to the end of its object.</summary>
    public static void Read(ref Utf8JsonReader json, ConverseStreamReader blocks, IChatSink sink)
    {
        ReadOnlySpan<byte> text = default, signature = default, redacted = default;
        var depth = json.CurrentDepth;
        while (json.Read() && json.CurrentDepth > depth)
        {
            // The body has the text within an object of its own, the stream has not.
            if (json.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (json.NameIs("text"u8))
            {
                text = json.ReadText();
            }
            else if (json.NameIs("signature"u8))
            {
                signature = json.ReadText();
            }
            else if (json.NameIs("redactedContent"u8))
            {
                redacted = json.ReadText();
            }
            else if (!json.NameIs("reasoningText"u8))
            {
                json.SkipMember();
            }
        }

        blocks.GiveThought(text, signature, redacted, sink);
    }
}
