using System.Text.Json;

namespace TokenHub.ControlPlane.Tests.Support;

/// <summary>Short words for reading answers.</summary>
internal static class Json
{
    public static JsonElement At(this JsonElement json, string name) => json.GetProperty(name);

    public static string? Str(this JsonElement json, string name) => json.GetProperty(name).GetString();

    public static int Int(this JsonElement json, string name) => json.GetProperty(name).GetInt32();

    public static long Long(this JsonElement json, string name) => json.GetProperty(name).GetInt64();

    public static bool Bool(this JsonElement json, string name) => json.GetProperty(name).GetBoolean();

    public static bool IsNull(this JsonElement json, string name) =>
        json.GetProperty(name).ValueKind == JsonValueKind.Null;

    /// <summary>The rows of a page.</summary>
    public static List<JsonElement> Data(this Answer answer) =>
        [.. answer.Json.GetProperty("data").EnumerateArray()];
}
