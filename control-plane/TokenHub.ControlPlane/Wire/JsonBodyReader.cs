using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Wire;

/// <summary>
/// Strict reading of a JSON object: valid UTF-8, one document, no duplicate, unknown or missing field, no value of
/// another type than its field's. All faults of all fields are reported together.
/// </summary>
internal static class JsonBodyReader
{
    public const int BytesMax = 1024 * 1024;
    private const int DepthMax = 16;

    private static readonly JsonDocumentOptions Strict =
        new() { MaxDepth = DepthMax, AllowDuplicateProperties = false };

    private static readonly JsonDocumentOptions AllowingDuplicates = new() { MaxDepth = DepthMax };

    public static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength > BytesMax)
        {
            throw TooLarge();
        }

        using var bytes = new MemoryStream((int)(request.ContentLength ?? 512));
        var chunk = new byte[8192];
        int read;
        while ((read = await request.Body.ReadAsync(chunk, cancellation)) > 0)
        {
            if (bytes.Length + read > BytesMax)
            {
                throw TooLarge();
            }

            bytes.Write(chunk, 0, read);
        }

        return bytes.ToArray();
    }

    public static (T Value, IReadOnlySet<string> Fields) Parse<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type)
        where T : class
    {
        using var document = ParseDocument(body);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw Malformed("The body must be a JSON object.");
        }

        var fields = CheckFields(document.RootElement, type);
        try
        {
            return (document.RootElement.Deserialize(type)!, fields);
        }
        catch (JsonException fault)
        {
            throw RefusedException.Field(JsonFaults.FieldOf(fault), "wrong_type", JsonFaults.WrongTypeMessage);
        }
    }

    private static JsonDocument ParseDocument(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span))
        {
            throw Malformed("The body is not valid UTF-8.");
        }

        try
        {
            return JsonDocument.Parse(body, Strict);
        }
        catch (InvalidOperationException)
        {
            throw Malformed("The name of a field holds a broken character.");
        }
        catch (JsonException fault)
        {
            throw Malformed(
                HasDuplicates(body)
                    ? "A field stands twice in the body."
                    : $"The body is not valid JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}.");
        }
    }

    private static bool HasDuplicates(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, AllowingDuplicates);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static HashSet<string> CheckFields<T>(JsonElement root, JsonTypeInfo<T> type)
    {
        var checks = new FieldChecks();
        var known = type.Properties.ToDictionary(p => p.Name, StringComparer.Ordinal);
        var fields = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            if (!known.TryGetValue(member.Name, out var property))
            {
                checks.Add(JsonFaults.Shorten(member.Name), "unknown_field", "is not a field of this request");
                continue;
            }

            fields.Add(member.Name);
            CheckValue(member.Value, property, checks);
        }

        foreach (var property in type.Properties.Where(p => p.IsRequired && !fields.Contains(p.Name)))
        {
            checks.Add(property.Name, "required", "is required");
        }

        checks.ThrowIfAny();
        return fields;
    }

    private static void CheckValue(JsonElement value, JsonPropertyInfo property, FieldChecks checks)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            checks.Require(property.IsSetNullable, property.Name, "null", "must not be null");
            return;
        }

        try
        {
            value.Deserialize(ApiJsonContext.Default.GetTypeInfo(property.PropertyType)!);
        }
        catch (JsonException fault)
        {
            var (field, code, message) = JsonFaults.Describe(property, value.ValueKind, fault);
            checks.Add(field, code, message);
        }
    }

    private static RefusedException Malformed(string detail) => new(ProblemCode.MalformedJson, detail);

    private static RefusedException TooLarge() =>
        new(ProblemCode.BodyTooLarge, $"A body has at most {BytesMax} bytes.");
}
