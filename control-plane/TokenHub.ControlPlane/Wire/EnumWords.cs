using System.Text.Json;

namespace TokenHub.ControlPlane.Wire;

/// <summary>The API's word for a value of an enumeration: its name in snake case.</summary>
internal static class EnumWords
{
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
