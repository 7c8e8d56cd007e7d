using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace TokenHub.ControlPlane.Wire;

/// <summary>A converter's own refusal: its words are meant for the caller, unlike those of the library.</summary>
internal sealed class ValueRefusedException : JsonException
{
    public ValueRefusedException(string code, string message)
        : base(message) => Code = code;

    public string Code { get; }
}

/// <summary>Says what is wrong with a value in the caller's terms: the library's own messages name our types.</summary>
internal static class JsonFaults
{
    public const string WrongTypeMessage = "has the wrong type";
    private const int NameLengthMax = 64;

    public static (string Field, string Code, string Message) Describe(
        JsonPropertyInfo property, JsonValueKind kind, JsonException fault)
    {
        var field = property.Name + FieldOf(fault);
        if (fault is ValueRefusedException refused)
        {
            return (field, refused.Code, refused.Message);
        }

        // A string that is no text: half a surrogate pair.
        if (kind == JsonValueKind.String && property.PropertyType == typeof(string))
        {
            return (field, "bad_text", "holds a broken character");
        }

        // The path of an unknown or missing field inside an object ends at that object or at the field itself.
        return fault.Message.Contains("could not be mapped", StringComparison.Ordinal)
            ? (field, "unknown_field", "is not a field of this request")
            : (field, "wrong_type", Expected(property.PropertyType));
    }

    /// <summary>
    /// The place of the fault below the value that was read: <c>$[0].limit</c> gives <c>[0].limit</c>.
    /// </summary>
    public static string FieldOf(JsonException fault) =>
        fault.Path is { Length: > 1 } path ? Shorten(path[1..]) : "";

    public static string Shorten(string name) => name.Length <= NameLengthMax ? name : name[..NameLengthMax];

    private static string Expected(Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return plain switch
        {
            _ when plain == typeof(string) => "must be a string",
            _ when plain == typeof(bool) => "must be true or false",
            _ when plain == typeof(int) || plain == typeof(long) => "must be a whole number",
            _ when plain == typeof(DateTime) => "must be a time such as 2030-01-31T12:00:00Z",
            _ when plain == typeof(IReadOnlyList<string>) => "must be a list of strings",
            _ => WrongTypeMessage,
        };
    }
}
