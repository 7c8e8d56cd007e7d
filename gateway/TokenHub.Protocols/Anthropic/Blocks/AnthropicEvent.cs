using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic.Blocks;

/// <summary>
/// What an event of a stream says, as slices of it; the insides of strings as they are escaped there.
/// </summary>
internal ref struct AnthropicEvent
{
    public ReadOnlySpan<byte> Type;
    public int Index;

    /// <summary>The answer's id and model, of <c>message_start</c>.</summary>
    public ReadOnlySpan<byte> Id;
    public ReadOnlySpan<byte> Model;

    /// <summary>The block that begins.</summary>
    public AnthropicBlock Block;

    public ReadOnlySpan<byte> Text;
    public ReadOnlySpan<byte> Thinking;
    public ReadOnlySpan<byte> PartialJson;
    public ReadOnlySpan<byte> Signature;
    public AnthropicSource Source;
    public AnthropicStop Stop;

    /// <exception cref="JsonException">The data is no JSON.</exception>
    public static AnthropicEvent Read(ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        var e = new AnthropicEvent { Type = name };
        var reader = JsonRaw.NewReader(data);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return e;
        }

        while (reader.NextMember())
        {
            if (reader.ValueTextEquals("type"u8))
            {
                e.Type = reader.ReadText();
            }
            else if (reader.ValueTextEquals("index"u8))
            {
                e.Index = reader.ReadInt();
            }
            else if (reader.ValueTextEquals("message"u8))
            {
                e.ReadMessage(ref reader);
            }
            else if (reader.ValueTextEquals("content_block"u8))
            {
                e.Block = AnthropicBlock.Read(ref reader);
            }
            else if (reader.ValueTextEquals("delta"u8))
            {
                e.ReadDelta(ref reader);
            }
            else
            {
                reader.SkipMember();
            }
        }

        return e;
    }

    private void ReadMessage(scoped ref Utf8JsonReader reader)
    {
        if (!reader.BeginObject())
        {
            return;
        }

        while (reader.NextMember())
        {
            if (reader.ValueTextEquals("id"u8))
            {
                Id = reader.ReadText();
            }
            else if (reader.ValueTextEquals("model"u8))
            {
                Model = reader.ReadText();
            }
            else
            {
                reader.SkipMember();
            }
        }
    }

    private void ReadDelta(scoped ref Utf8JsonReader reader)
    {
        if (!reader.BeginObject())
        {
            return;
        }

        while (reader.NextMember())
        {
            if (reader.ValueTextEquals("text"u8))
            {
                Text = reader.ReadText();
            }
            else if (reader.ValueTextEquals("thinking"u8))
            {
                Thinking = reader.ReadText();
            }
            else if (reader.ValueTextEquals("partial_json"u8))
            {
                PartialJson = reader.ReadText();
            }
            else if (reader.ValueTextEquals("signature"u8))
            {
                Signature = reader.ReadText();
            }
            else if (reader.ValueTextEquals("citation"u8))
            {
                Source = AnthropicSource.Read(ref reader);
            }
            else if (!Stop.TryRead(ref reader))
            {
                reader.SkipMember();
            }
        }
    }
}
