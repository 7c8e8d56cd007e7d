using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using Xunit;

namespace TokenHub.Core.Tests.Routing;

public sealed class PromptCacheTests
{
    [Theory]
    [InlineData(Provider.Anthropic, Dialect.Anthropic, false, CacheLife.FiveMinutes)]
    [InlineData(Provider.Bedrock, Dialect.Converse, true, CacheLife.OneHour)]
    [InlineData(Provider.OpenAi, Dialect.Responses, true, CacheLife.WhileBusy)]
    [InlineData(Provider.DeepSeek, Dialect.Chat, false, CacheLife.OneHour)]
    [InlineData(Provider.Vertex, Dialect.Gemini, false, CacheLife.FiveMinutes)]
    public void Life_is_as_the_upstream_has_it(Provider provider, Dialect dialect, bool asksOneHour, CacheLife life)
    {
        Assert.Equal(life, PromptCache.LifeOf(provider, dialect, asksOneHour));
    }

    [Theory]
    [InlineData(CacheLife.None, 0, 0)]
    [InlineData(CacheLife.FiveMinutes, 299_999, 10_000)]
    [InlineData(CacheLife.FiveMinutes, 300_000, 0)]
    [InlineData(CacheLife.OneHour, 3_599_999, 10_000)]
    [InlineData(CacheLife.OneHour, 3_600_000, 0)]
    [InlineData(CacheLife.WhileBusy, 299_999, 10_000)]
    [InlineData(CacheLife.WhileBusy, 450_000, 5_000)]
    [InlineData(CacheLife.WhileBusy, 600_000, 0)]
    [InlineData((CacheLife)77, 0, 0)]
    public void Chance_ends_with_the_life_of_the_cache(CacheLife life, long ageMs, int chanceBp)
    {
        Assert.Equal(chanceBp, PromptCache.ChanceBp(life, ageMs));
    }

    [Fact]
    public void Chance_never_rises_with_age()
    {
        foreach (var life in Enum.GetValues<CacheLife>())
        {
            var last = int.MaxValue;
            for (var age = 0L; age < 4_000_000; age += 1_234)
            {
                var chance = PromptCache.ChanceBp(life, age);
                Assert.InRange(chance, 0, Math.Min(last, 10_000));
                last = chance;
            }
        }
    }

    [Fact]
    public void Cached_is_what_was_read_and_written_or_the_whole_of_a_long_prompt()
    {
        var claude = new TokenUsage { Input = 9_000, CacheRead = 6_000, CacheWrite5m = 2_000, Output = 10 };

        Assert.Equal(8_000, PromptCache.TokensAfter(Dialect.Anthropic, claude));
        Assert.Equal(0, PromptCache.TokensAfter(Dialect.Anthropic, new TokenUsage { Input = 9_000 }));
        Assert.Equal(9_000, PromptCache.TokensAfter(Dialect.Responses, new TokenUsage { Input = 9_000 }));
        Assert.Equal(0, PromptCache.TokensAfter(Dialect.Chat, new TokenUsage { Input = 1_023 }));
        Assert.Equal(1_000, PromptCache.TokensAfter(Dialect.Gemini, new TokenUsage { Input = 1_000, CacheRead = 512 }));
    }
}
