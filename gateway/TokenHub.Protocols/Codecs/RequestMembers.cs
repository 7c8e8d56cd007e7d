using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// Reads members of a request that must be of one kind: absent and null are the same, anything else that does not fit
/// is the caller's fault and named.
/// </summary>
internal static class RequestMembers
{
    /// <summary>Reports the speakers' names, which Chat alone has a place for.</summary>
    public static void ReportNames(this ChatRequest request, Dropped dropped)
    {
        if (request.Turns.Exists(turn => turn.Name is { Length: > 0 }))
        {
            dropped.Add("messages.name");
        }
    }

    /// <summary>Notes the stop sequences that the upstream is not told of: the answer is cut at them here.</summary>
    public static void CutHere(this ChatRequest request, List<string> stops, Dropped dropped)
    {
        var known = stops.FindAll(stop => stop.Length is > 0 and <= StopCut.CharsMax);
        request.StopsHere = known[..Math.Min(known.Count, StopCut.StopsMax)];
        if (request.StopsHere.Count < stops.Count(stop => stop.Length > 0))
        {
            dropped.Add(request.NameOf(Wish.Stop));
        }
    }

    /// <summary>
    /// The body's document. Every string in it is sound Unicode: no other document could hold half a pair.
    /// </summary>
    /// <exception cref="UntranslatableException">There is none.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        JsonDocument document;
        try
        {
            document = Utf8.IsValid(body.Span) ? JsonRaw.Parse(body) : throw NoJson();
        }
        catch (JsonException)
        {
            throw NoJson();
        }

        if (JsonText.HasWholePairs(body.Span))
        {
            return document;
        }

        document.Dispose();
        throw new UntranslatableException("The body has a string that is no valid Unicode.");
    }

    private static UntranslatableException NoJson() => new("The body is no valid JSON in UTF-8.");

    public static string? Text(this JsonElement from, string name, string at = "") =>
        from.Get(name)?.AsText(at + name);

    public static string AsText(this JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Fault(path, "a string");

    public static bool? Flag(this JsonElement from, string name, string at = "") => from.Get(name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Fault(at + name, "true or false"),
    };

    public static long? Whole(this JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var real) && real == Math.Floor(real)
            && Math.Abs(real) < 1e15 ? (long)real
        : throw Fault(path, "a whole number");

    public static double Number(this JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number : throw Fault(path, "a number");

    public static JsonElement Object(this JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Object ? value : throw Fault(path, "an object");

    public static JsonElement.ArrayEnumerator Items(this JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Fault(path, "an array");

    /// <summary>A text that may also be written as an object; the object then stands as it is written.</summary>
    public static string TextOrJson(this JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.String ? value.AsText(path) : value.GetRawText();

    public static UntranslatableException Fault(string path, string expected) =>
        new($"Invalid value for '{path}': expected {expected}.", path);

    /// <summary>The inside of a string where it stands in the body; a copy if it has escapes.</summary>
    public static ReadOnlyMemory<byte> Inside(this JsonElement text, ReadOnlyMemory<byte> body)
    {
        var raw = JsonMarshal.GetRawUtf8Value(text);
        raw = raw[1..^1];
        return raw.IndexOf((byte)'\\') < 0 && body.Span.Overlaps(raw, out var from)
            ? body.Slice(from, raw.Length) : Encoding.UTF8.GetBytes(text.GetString()!);
    }
}
