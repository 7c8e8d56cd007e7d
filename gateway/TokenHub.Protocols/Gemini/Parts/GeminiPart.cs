using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Parts;

/// <summary>One part of an answer, as slices of the event; the insides of strings as they are escaped there.</summary>
internal ref struct GeminiPart
{
    public ReadOnlySpan<byte> Text;
    public ReadOnlySpan<byte> Signature;
    public ReadOnlySpan<byte> MimeType;
    public ReadOnlySpan<byte> Data;
    public GeminiCall Call;
    public bool IsThought;
    public bool IsCall;

    /// <summary>From an object's beginning to its end.</summary>
    public static GeminiPart ReadMembers(scoped ref Utf8JsonReader reader)
    {
        var part = default(GeminiPart);
        while (reader.NextMember())
        {
            if (reader.NameIs("text"u8))
            {
                part.Text = reader.ReadText();
            }
            else if (reader.NameIs("thought"u8))
            {
                part.IsThought = reader.ReadFlag();
            }
            else if (reader.NameIs("thoughtSignature"u8))
            {
                part.Signature = reader.ReadText();
            }
            else if (reader.NameIs("functionCall"u8))
            {
                part.IsCall = reader.BeginObject();
                part.Call = part.IsCall ? GeminiCall.ReadMembers(ref reader) : default;
            }
            else if (reader.NameIs("inlineData"u8))
            {
                part.ReadData(ref reader);
            }
            else
            {
                reader.SkipMember();
            }
        }

        return part;
    }

    private void ReadData(scoped ref Utf8JsonReader reader)
    {
        if (!reader.BeginObject())
        {
            return;
        }

        while (reader.NextMember())
        {
            if (reader.NameIs("mimeType"u8))
            {
                MimeType = reader.ReadText();
            }
            else if (reader.NameIs("data"u8))
            {
                Data = reader.ReadText();
            }
            else
            {
                reader.SkipMember();
            }
        }
    }
}

/// <summary>A call, whole or a piece of one (Vertex): the pieces behind the first have no name.</summary>
internal ref struct GeminiCall
{
    public ReadOnlySpan<byte> Id;
    public ReadOnlySpan<byte> Name;

    /// <summary>Stands before the object of the arguments.</summary>
    public Utf8JsonReader Arguments;
    public bool HasArguments;

    /// <summary>Stands before the array of pieces of the arguments.</summary>
    public Utf8JsonReader Pieces;
    public bool HasPieces;
    public bool WillContinue;

    /// <summary>From an object's beginning to its end.</summary>
    public static GeminiCall ReadMembers(scoped ref Utf8JsonReader reader)
    {
        var call = default(GeminiCall);
        while (reader.NextMember())
        {
            if (reader.NameIs("name"u8))
            {
                call.Name = reader.ReadText();
            }
            else if (reader.NameIs("id"u8))
            {
                call.Id = reader.ReadText();
            }
            else if (reader.NameIs("args"u8))
            {
                call.Arguments = reader;
                call.HasArguments = true;
                reader.SkipMember();
            }
            else if (reader.NameIs("partialArgs"u8))
            {
                call.Pieces = reader;
                call.HasPieces = true;
                reader.SkipMember();
            }
            else if (reader.NameIs("willContinue"u8))
            {
                call.WillContinue = reader.ReadFlag();
            }
            else
            {
                reader.SkipMember();
            }
        }

        return call;
    }
}
