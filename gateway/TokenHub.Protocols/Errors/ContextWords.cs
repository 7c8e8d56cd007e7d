using System.Globalization;
using System.Text.RegularExpressions;
using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Errors;

/// <summary>
/// The words for a prompt that is longer than the model's context. Clients act upon them (Claude Code begins to
/// compact its history), so they have to be exactly those of the client's own protocol.
/// </summary>
public static partial class ContextWords
{
    private static readonly string[] Marks =
    [
        "context_length_exceeded", "model_max_prompt_tokens_exceeded", "prompt is too long", "exceed context limit",
        "maximum context length", "exceeds the context window", "exceed the configured limit of",
        "Input is too long", "input token count",
    ];

    /// <summary>True when an upstream's sentence or code says that the context is exceeded.</summary>
    public static bool AreIn(string? text)
    {
        foreach (var mark in Marks)
        {
            if (text is not null && text.Contains(mark, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The sentence for a client of a dialect.</summary>
    /// <param name="upstream">What the upstream said; its numbers are kept.</param>
    /// <param name="tokens">The prompt's length as estimated, for when it said none.</param>
    /// <param name="tokensMax">The model's context where it is known.</param>
    public static string For(Dialect client, string? upstream, long tokens, long? tokensMax)
    {
        var (had, most) = Numbers(upstream ?? "");
        most ??= tokensMax;
        had ??= most is { } limit ? Math.Max(tokens, limit + 1) : null;
        return (client, had, most) switch
        {
            (Dialect.Anthropic, { } n, { } m) => Say($"prompt is too long: {n} tokens > {m} maximum"),
            (Dialect.Anthropic, _, _) => "prompt is too long: it exceeds the context window of this model",
            (Dialect.Gemini, { } n, { } m) =>
                Say($"The input token count ({n}) exceeds the maximum number of tokens allowed ({m})."),
            (Dialect.Gemini, _, _) => "The input token count exceeds the maximum number of tokens allowed.",
            (_, { } n, { } m) => Say(
                $"This model's maximum context length is {m} tokens. However, your messages resulted in {n} tokens. ")
                + "Please reduce the length of the messages.",
            _ => "Your input exceeds the context window of this model. Please adjust your input and try again.",
        };
    }

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // What was sent is the larger of the two, as the limit is what it exceeds: 210000 tokens > 200000 maximum. A sum
    // on the left is one number: 186433 + 20000 > 200000.
    private static (long? Had, long? Most) Numbers(string text)
    {
        if (SumPattern().Match(text) is { Success: true } sum)
        {
            return (Number(sum.Groups[1].Value) + Number(sum.Groups[2].Value), Number(sum.Groups[3].Value));
        }

        var numbers = NumberPattern().Matches(text).Select(m => Number(m.Value)).Distinct()
            .OrderDescending().Take(2).ToList();
        return numbers.Count switch
        {
            0 => (null, null),
            1 => (null, numbers[0]),
            _ => (numbers[0], numbers[1]),
        };
    }

    private static long Number(string digits) => long.Parse(
        digits.Replace(",", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(\d{1,12}) \+ (\d{1,12}) > (\d{1,12})")]
    private static partial Regex SumPattern();

    [GeneratedRegex(@"(?<![\w.-])(?:\d{3,12}|\d{1,3}(?:,\d{3}){1,3})(?![\w-]|\.\d)")]
    private static partial Regex NumberPattern();
}
