using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Providers;
using TokenHub.Gateway.Routing;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Upstreams;
using Xunit;

namespace TokenHub.Gateway.Tests.Routing;

public sealed class RouteTableTests
{
    [Fact]
    public void Model_is_found_by_name_and_by_pattern()
    {
        var table = Build([Entries.Channel(1, models: ["gpt-4o", "claude-*"])], Entries.Price("*"));

        Assert.Equal("gpt-4o", Find(table, "gpt-4o")!.Model);
        Assert.Equal("claude-x", Find(table, "claude-x")!.Model);
        Assert.Same(Find(table, "claude-x"), Find(table, "claude-x"));
        Assert.Null(Find(table, "gpt-4"));
        Assert.Null(Find(table, "gpt-4o "));
        Assert.Null(Find(table, ""));
    }

    [Fact]
    public void Names_outside_ascii_are_found_by_their_bytes()
    {
        var name = "模型-é-🚀-" + new string('x', 200);
        var table = Build([Entries.Channel(1, models: [name])], Entries.Price("*"));

        Assert.NotNull(Find(table, name));
        Assert.Null(Find(table, name + "x"));
    }

    [Fact]
    public void Model_without_a_price_is_known_but_unpriced()
    {
        var table = Build([Entries.Channel(1, models: ["m", "n"])], Entries.Price("n"));

        Assert.True(Find(table, "m")!.IsUnpriced);
        Assert.False(Find(table, "n")!.IsUnpriced);
        Assert.Equal(["n"], table.Models.Select(m => m.Model));
    }

    [Fact]
    public void Price_of_the_channel_is_the_one_that_counts()
    {
        var table = Build(
            [Entries.Channel(1), Entries.Channel(2)],
            Entries.Price("m", input: 5, id: 10),
            Entries.Price("m", input: 7, channel: 2, id: 11));

        var prices = Find(table, "m")!.Candidates.ToArray().ToDictionary(c => c.Channel.Id, c => c.Tariff.PriceVersion);
        Assert.Equal(10, prices[1]);
        Assert.Equal(11, prices[2]);
    }

    [Fact]
    public void Credential_is_opened_and_one_that_does_not_open_leaves_the_channel_out()
    {
        var moved = Entries.Channel(1) with { Id = 2 };
        var table = Build([Entries.Channel(1), moved], Entries.Price("m"));

        var candidate = Assert.Single(Find(table, "m")!.Candidates.ToArray());
        Assert.Equal(new KeyValuePair<string, string>("authorization", "Bearer sk-upstream-secret-0123456789"), WhoOf(candidate));
        Assert.Equal("its credential cannot be read", Find(table, "m")!.ChannelFault);
    }

    [Theory]
    [InlineData(Provider.OpenAi, "authorization", "Bearer k-1")]
    [InlineData(Provider.DeepSeek, "authorization", "Bearer k-1")]
    [InlineData(Provider.OpenAiCompatible, "authorization", "Bearer k-1")]
    [InlineData(Provider.Anthropic, "x-api-key", "k-1")]
    [InlineData(Provider.Gemini, "x-goog-api-key", "k-1")]
    [InlineData(Provider.Azure, "api-key", "k-1")]
    public void Each_provider_gets_its_key_in_its_own_header(Provider provider, string name, string value)
    {
        var table = Build([Entries.Channel(1, provider: provider, secret: """{"type":"api_key","api_key":"k-1"}""")], Entries.Price("m"));

        Assert.Equal(new KeyValuePair<string, string>(name, value), WhoOf(Find(table, "m")!.Candidates[0]));
    }

    [Theory]
    [InlineData(Provider.Bedrock, "aws", """{"access_key_id":"A","secret_access_key":"s"}""")]
    [InlineData(Provider.OpenAi, "aws", """{"access_key_id":"A","secret_access_key":"s","region":"r"}""")]
    [InlineData(Provider.Vertex, "google_service_account", """{"client_email":"a@b"}""")]
    [InlineData(Provider.Azure, "entra", """{"tenant_id":"t","client_id":"c"}""")]
    [InlineData(Provider.Azure, "oauth_refresh", """{"token_url":"https://x","client_id":"c"}""")]
    [InlineData(Provider.Azure, "magic", """{"api_key":"k"}""")]
    [InlineData(Provider.OpenAi, "api_key", """{"api_key":"k\r\nx: y"}""")]
    [InlineData(Provider.OpenAi, "api_key", """{"api_key":7}""")]
    public void Credential_that_lacks_something_leaves_the_channel_out(Provider provider, string type, string secret)
    {
        var channel = Entries.Channel(1, provider: provider, secret: secret) with { CredentialType = type };

        Assert.False(Find(Build([channel], Entries.Price("m")), "m")!.HasCandidates);
    }

    [Theory]
    [InlineData("ftp://host")]
    [InlineData("https://user:pw@host")]
    [InlineData("https://host?x=1")]
    [InlineData("not a url")]
    public void Address_that_is_not_usable_leaves_the_channel_out(string baseUrl)
    {
        Assert.False(Find(Build([Entries.Channel(1, baseUrl)], Entries.Price("m")), "m")!.HasCandidates);
    }

    [Theory]
    [InlineData(Provider.OpenAi, "https://api.openai.com", Dialect.Chat, UpstreamCall.Whole, "https://api.openai.com/v1/chat/completions")]
    [InlineData(Provider.OpenAi, "https://api.openai.com/", Dialect.Responses, UpstreamCall.Whole, "https://api.openai.com/v1/responses")]
    [InlineData(Provider.OpenAi, "https://api.openai.com/v1", Dialect.Chat, UpstreamCall.Whole, "https://api.openai.com/v1/chat/completions")]
    [InlineData(Provider.OpenAi, "https://api.openai.com/v1/", Dialect.Chat, UpstreamCall.Whole, "https://api.openai.com/v1/chat/completions")]
    [InlineData(Provider.OpenAiCompatible, "https://openrouter.ai/api", Dialect.Chat, UpstreamCall.Whole, "https://openrouter.ai/api/v1/chat/completions")]
    [InlineData(Provider.OpenAiCompatible, "https://h/api/paas/v4", Dialect.Chat, UpstreamCall.Whole, "https://h/api/paas/v4/chat/completions")]
    [InlineData(Provider.OpenAiCompatible, "https://h/v1beta/openai/", Dialect.Chat, UpstreamCall.Whole, "https://h/v1beta/openai/chat/completions")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com", Dialect.Responses, UpstreamCall.Whole, "https://r.openai.azure.com/openai/v1/responses")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com/openai", Dialect.Responses, UpstreamCall.Whole, "https://r.openai.azure.com/openai/v1/responses")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com/openai/v1", Dialect.Responses, UpstreamCall.Whole, "https://r.openai.azure.com/openai/v1/responses")]
    [InlineData(Provider.Anthropic, "https://api.anthropic.com", Dialect.Anthropic, UpstreamCall.Whole, "https://api.anthropic.com/v1/messages")]
    [InlineData(Provider.Anthropic, "https://h/anthropic", Dialect.Anthropic, UpstreamCall.CountTokens, "https://h/anthropic/v1/messages/count_tokens")]
    [InlineData(Provider.Gemini, "https://g.com", Dialect.Gemini, UpstreamCall.Stream, "https://g.com/v1beta/models/m:streamGenerateContent?alt=sse")]
    [InlineData(Provider.Gemini, "https://g.com/v1beta", Dialect.Gemini, UpstreamCall.Whole, "https://g.com/v1beta/models/m:generateContent")]
    [InlineData(Provider.Gemini, "https://g.com", Dialect.Gemini, UpstreamCall.CountTokens, "https://g.com/v1beta/models/m:countTokens")]
    public void Address_of_a_call_keeps_the_base_and_adds_the_version_once(
        Provider provider, string baseUrl, Dialect dialect, UpstreamCall call, string expected)
    {
        var candidate = Find(Build([Entries.Channel(1, baseUrl, provider)], Entries.Price("m")), "m")!.Candidates[0];

        Assert.Equal(expected, candidate.TargetOf(dialect, call).Address.AbsoluteUri);
    }

    [Fact]
    public void Gemini_stream_that_is_asked_for_as_an_array_is_asked_for_as_an_array()
    {
        var candidate = Find(Build([Entries.Channel(1, "https://g.com", Provider.Gemini)], Entries.Price("m")), "m")!.Candidates[0];

        Assert.Equal("https://g.com/v1beta/models/m:streamGenerateContent", candidate.TargetOf(Dialect.Gemini, UpstreamCall.Stream, asArray: true).Address.AbsoluteUri);
    }

    [Fact]
    public void Alias_is_sent_upstream_and_an_own_name_needs_none()
    {
        var mapped = Entries.Channel(1, models: ["m", "n"]) with { ModelMap = new Dictionary<string, string> { ["m"] = "real \"m\"" } };
        var table = Build([mapped], Entries.Price("*"));

        Assert.Equal("real \"m\"", Find(table, "m")!.Candidates[0].Alias);
        Assert.Null(Find(table, "n")!.Candidates[0].Alias);
    }

    private static KeyValuePair<string, string> WhoOf(Candidate candidate) =>
        Assert.Single(new UpstreamCredentials((_, _) => null!, null!, TimeProvider.System, NullLogger.Instance).Of(candidate.Channel).TryHeaders(default)!);

    private static RouteTable Build(IReadOnlyList<ChannelEntry> channels, params PriceEntry[] prices) =>
        RouteTable.Build(Entries.Snapshot(channels, prices), new SecretBox(TestOptions.MasterKey), new ChannelLives());

    private static ModelRoute? Find(RouteTable table, string model) => table.Find(Encoding.UTF8.GetBytes(model));
}
