using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.Core.Routing;

/// <summary>How long an upstream keeps the prompts it has read. Values are stored: never renumber.</summary>
public enum CacheLife : byte
{
    /// <summary>It keeps none, or does not say so.</summary>
    None = 0,

    /// <summary>Five minutes from the last use: Anthropic's ordinary cache, and what is seen of Gemini's own.</summary>
    FiveMinutes = 1,

    /// <summary>An hour from the last use: Anthropic's long cache; DeepSeek promises hours.</summary>
    OneHour = 2,

    /// <summary>Five to ten minutes, as load allows: OpenAI, and whatever resembles it.</summary>
    WhileBusy = 3,
}

/// <summary>What an upstream probably has in its prompt cache after an answer, and for how long.</summary>
public static class PromptCache
{
    private const int Certain = 10_000;
    private const long Minute = 60_000;

    // Below this OpenAI and Gemini cache nothing.
    private const long LeastTokens = 1_024;

    public static CacheLife LifeOf(Provider provider, Dialect upstream, bool asksOneHour) => upstream switch
    {
        Dialect.Anthropic or Dialect.Converse => asksOneHour ? CacheLife.OneHour : CacheLife.FiveMinutes,
        Dialect.Gemini => CacheLife.FiveMinutes,
        _ => provider == Provider.DeepSeek ? CacheLife.OneHour : CacheLife.WhileBusy,
    };

    /// <summary>
    /// Tokens of prompt that are cached once an answer has come: of Anthropic's protocol what was read from and written
    /// to the cache, of others the whole prompt if it is long enough.
    /// </summary>
    public static long TokensAfter(Dialect upstream, in TokenUsage usage) => upstream switch
    {
        Dialect.Anthropic or Dialect.Converse => usage.CacheRead + usage.CacheWrite,
        _ => usage.CacheRead > 0 || usage.Input >= LeastTokens ? usage.Input : 0,
    };

    /// <summary>The chance that what was cached still is, in basis points; never rises with age.</summary>
    public static int ChanceBp(CacheLife life, long ageMs) => life switch
    {
        CacheLife.FiveMinutes => ageMs < 5 * Minute ? Certain : 0,
        CacheLife.OneHour => ageMs < 60 * Minute ? Certain : 0,
        CacheLife.WhileBusy when ageMs < 5 * Minute => Certain,
        CacheLife.WhileBusy when ageMs < 10 * Minute => (int)((10 * Minute - ageMs) * Certain / (5 * Minute)),
        _ => 0,
    };
}
