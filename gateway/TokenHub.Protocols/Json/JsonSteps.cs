using System.Runtime.CompilerServices;
using System.Text.Json;

namespace TokenHub.Protocols.Json;

/// <summary>Steps over a document whose members may come in any order and be of any type.</summary>
internal static class JsonSteps
{
    /// <summary>Whether the member at hand has this name. Nobody escapes names, but everybody may.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool NameIs(this scoped in Utf8JsonReader reader, ReadOnlySpan<byte> name) => reader.ValueIsEscaped
        ? JsonText.IsEqual(reader.ValueSpan, name) : reader.ValueSpan.SequenceEqual(name);

    /// <summary>From a name to its value; true when that is an object, else the value is skipped.</summary>
    public static bool BeginObject(this scoped ref Utf8JsonReader reader) => reader.Begin(JsonTokenType.StartObject);

    /// <summary>From a name to its value; true when that is an array, else the value is skipped.</summary>
    public static bool BeginArray(this scoped ref Utf8JsonReader reader) => reader.Begin(JsonTokenType.StartArray);

    /// <summary>On to the next name of the object; false at its end.</summary>
    public static bool NextMember(this scoped ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    /// <summary>On to the next object of an array, others being skipped; false at its end.</summary>
    public static bool NextObject(this scoped ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                return true;
            }

            reader.Skip();
        }

        return false;
    }

    /// <summary>From a name over its value.</summary>
    public static void SkipMember(this scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    /// <summary>The inside of the string behind a name, as it is escaped; empty for what is no string.</summary>
    public static ReadOnlySpan<byte> ReadText(this scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.ValueSpan;
        }

        reader.Skip();
        return default;
    }

    /// <summary>The whole number behind a name; 0 for what is none.</summary>
    public static int ReadInt(this scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number)
        {
            return reader.TryGetInt32(out var number) ? number : 0;
        }

        reader.Skip();
        return 0;
    }

    /// <summary>Whether <c>true</c> stands behind a name.</summary>
    public static bool ReadFlag(this scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
        return reader.TokenType == JsonTokenType.True;
    }

    private static bool Begin(this scoped ref Utf8JsonReader reader, JsonTokenType token)
    {
        reader.Read();
        if (reader.TokenType == token)
        {
            return true;
        }

        reader.Skip();
        return false;
    }
}
