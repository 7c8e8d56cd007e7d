using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace TokenHub.Protocols.Json;

/// <summary>Members of a request's document; one that is absent, null or of another type reads as null.</summary>
internal static class JsonMembers
{
    public static JsonElement? Get(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? value : null;

    public static string? AsText(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    public static bool? AsFlag(this JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => null,
    };

    /// <summary>A number, also one within a string, as Google's own clients write them.</summary>
    public static double? AsReal(this JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.Number } number => number.GetDouble(),
        { ValueKind: JsonValueKind.String } text
            when double.TryParse(text.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var real)
            => real,
        _ => null,
    };

    public static long? AsNumber(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Number } plain && plain.TryGetInt64(out var whole) ? whole
        : element.AsReal() is { } real && Math.Abs(real) < long.MaxValue ? (long)real
        : null;

    /// <summary>The elements of an array; none for what is no array.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];

    public static IEnumerable<JsonProperty> Members(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Object } found ? found.EnumerateObject() : [];

    public static IEnumerable<string> AsTexts(this JsonElement? element) =>
        element.Items().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!);

    /// <summary>
    /// The bytes of a string where they stand in the document it was parsed from, without a copy; a string with escapes
    /// is copied.
    /// </summary>
    public static ReadOnlyMemory<byte> AsBytes(this JsonElement? element, ReadOnlyMemory<byte> document)
    {
        if (element is not { ValueKind: JsonValueKind.String } text)
        {
            return default;
        }

        var inside = JsonMarshal.GetRawUtf8Value(text)[1..^1];
        return inside.Contains((byte)'\\') || !document.Span.Overlaps(inside, out var at)
            ? Encoding.UTF8.GetBytes(text.GetString()!)
            : document.Slice(at, inside.Length);
    }

    public static JsonElement Parse(string json)
    {
        using var document = JsonRaw.Parse(Encoding.UTF8.GetBytes(json));
        return document.RootElement.Clone();
    }
}
