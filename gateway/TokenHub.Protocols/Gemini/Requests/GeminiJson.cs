using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>
/// Members of Google's JSON, which may be written in either of two ways: <c>inlineData</c>, <c>inline_data</c>.
/// </summary>
internal static class GeminiJson
{
    /// <param name="name">In camel case.</param>
    public static JsonElement? Either(this JsonElement element, string name) =>
        element.Get(name) ?? element.Get(Snake(name));

    public static JsonElement? Either(this JsonElement? element, string name) => element?.Either(name);

    /// <summary>A name of either way in camel case.</summary>
    public static string Camel(string name)
    {
        if (!name.Contains('_'))
        {
            return name;
        }

        var words = name.Split('_', StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0 ? name : words[0] + string.Concat(words.Skip(1).Select(word =>
            char.ToUpperInvariant(word[0]) + word[1..]));
    }

    private static string Snake(string name)
    {
        var snake = new StringBuilder(name.Length + 4);
        foreach (var c in name)
        {
            snake.Append(char.IsAsciiLetterUpper(c) ? "_" : "").Append(char.ToLowerInvariant(c));
        }

        return snake.ToString();
    }
}
