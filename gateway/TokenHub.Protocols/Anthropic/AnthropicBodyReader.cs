using System.Text.Json;
using TokenHub.Protocols.Anthropic.Blocks;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic;

/// <summary>Reads an answer in one piece, whose members may come in any order.</summary>
internal static class AnthropicBodyReader
{
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static void Read(ReadOnlySpan<byte> body, AnthropicStreamReader blocks, IChatSink sink)
    {
        var reader = JsonRaw.NewReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        ReadOnlySpan<byte> id = default, model = default;
        var content = default(Utf8JsonReader);
        var hasContent = false;
        var stop = default(AnthropicStop);
        while (reader.NextMember())
        {
            if (reader.NameIs("id"u8))
            {
                id = reader.ReadText();
            }
            else if (reader.NameIs("model"u8))
            {
                model = reader.ReadText();
            }
            else if (reader.NameIs("content"u8))
            {
                content = reader;
                hasContent = true;
                reader.SkipMember();
            }
            else if (!stop.TryRead(ref reader))
            {
                reader.SkipMember();
            }
        }

        if (!hasContent || !content.BeginArray())
        {
            return;
        }

        blocks.Start(id, model, sink);
        for (var index = 0; content.NextObject(); index++)
        {
            blocks.BeginBlock(index, AnthropicBlock.ReadMembers(ref content), sink);
            blocks.EndBlock(index, sink);
        }

        blocks.End(stop, sink);
    }
}
