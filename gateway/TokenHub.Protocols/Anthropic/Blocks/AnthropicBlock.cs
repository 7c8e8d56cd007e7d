using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic.Blocks;

/// <summary>A content block as it begins in a stream, or whole in a body.</summary>
internal ref struct AnthropicBlock
{
    public ReadOnlySpan<byte> Type;
    public ReadOnlySpan<byte> Id;
    public ReadOnlySpan<byte> Name;
    public ReadOnlySpan<byte> Text;
    public ReadOnlySpan<byte> Thinking;
    public ReadOnlySpan<byte> Signature;
    public ReadOnlySpan<byte> Data;

    /// <summary>Stands before the object of a call's arguments; at its default where there is none.</summary>
    public Utf8JsonReader Input;
    public bool HasInput;

    /// <summary>Stands before the list of sources of a text; at its default where there is none.</summary>
    public Utf8JsonReader Citations;
    public bool HasCitations;

    /// <summary>From a name over the block behind it.</summary>
    public static AnthropicBlock Read(scoped ref Utf8JsonReader reader) =>
        reader.BeginObject() ? ReadMembers(ref reader) : default;

    /// <summary>From an object's beginning to its end.</summary>
    public static AnthropicBlock ReadMembers(scoped ref Utf8JsonReader reader)
    {
        var block = default(AnthropicBlock);
        while (reader.NextMember())
        {
            block.ReadMember(ref reader);
        }

        return block;
    }

    private void ReadMember(scoped ref Utf8JsonReader reader)
    {
        if (reader.NameIs("type"u8))
        {
            Type = reader.ReadText();
        }
        else if (reader.NameIs("text"u8))
        {
            Text = reader.ReadText();
        }
        else if (reader.NameIs("thinking"u8))
        {
            Thinking = reader.ReadText();
        }
        else if (reader.NameIs("signature"u8))
        {
            Signature = reader.ReadText();
        }
        else if (reader.NameIs("data"u8))
        {
            Data = reader.ReadText();
        }
        else if (reader.NameIs("id"u8))
        {
            Id = reader.ReadText();
        }
        else if (reader.NameIs("name"u8))
        {
            Name = reader.ReadText();
        }
        else if (reader.NameIs("input"u8))
        {
            Input = reader;
            HasInput = true;
            reader.SkipMember();
        }
        else if (reader.NameIs("citations"u8))
        {
            Citations = reader;
            HasCitations = true;
            reader.SkipMember();
        }
        else
        {
            reader.SkipMember();
        }
    }
}

/// <summary>Where a text comes from; only what has an address can be told to other dialects.</summary>
internal ref struct AnthropicSource
{
    public ReadOnlySpan<byte> Url;
    public ReadOnlySpan<byte> Title;

    /// <summary>From a name over the source behind it.</summary>
    public static AnthropicSource Read(scoped ref Utf8JsonReader reader) =>
        reader.BeginObject() ? ReadMembers(ref reader) : default;

    /// <summary>From an object's beginning to its end.</summary>
    public static AnthropicSource ReadMembers(scoped ref Utf8JsonReader reader)
    {
        var source = default(AnthropicSource);
        while (reader.NextMember())
        {
            if (reader.NameIs("url"u8))
            {
                source.Url = reader.ReadText();
            }
            else if (reader.NameIs("title"u8))
            {
                source.Title = reader.ReadText();
            }
            else
            {
                reader.SkipMember();
            }
        }

        return source;
    }
}
