using System.Text.Json.Nodes;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.EndToEnd.Tests.Sdk.Clients;
using TokenHub.EndToEnd.Tests.Sdk.Upstream;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Sdk;

/// <summary>
/// The product with a scripted upstream behind it, channels for every script, and a paying member a surface.
/// </summary>
public sealed class SdkFixture : IAsyncLifetime
{
    /// <summary>Uneven on purpose: no charge comes out round, and no class can pass for another.</summary>
    private const string InputPrice = "2.71828182";
    private const string OutputPrice = "13.37000001";
    private const string CacheReadPrice = "0.27182818";

    private static readonly string[] Surfaces = ["chat", "responses", "claude"];
    private static readonly string[] GoodScripts = ["text", "tool", "slow"];

    /// <summary>On channels of their own: what a fault does to a channel's health must not touch other tests.</summary>
    private static readonly string[] FaultScripts = ["400", "429", "500", "cut"];

    private readonly Dictionary<string, (string UserId, string Key)> _members = [];

    public ProductFixture Product { get; } = new();

    public ScriptedUpstream Upstream { get; } = ScriptedUpstream.Start();

    /// <summary>Who pays for the tests of a surface.</summary>
    public (string UserId, string Key) MemberOf(string surface) => _members[surface];

    public async ValueTask InitializeAsync()
    {
        Upstream.Default = SdkUpstream.Play;
        await Product.InitializeAsync();
        await Product.Control.CallAsync("PUT", "/prices", new JsonObject
        {
            ["model"] = "*", ["input"] = InputPrice, ["output"] = OutputPrice, ["cache_read"] = CacheReadPrice,
        });
        foreach (var surface in Surfaces)
        {
            _members[surface] = await Product.Control.CreateMemberAsync($"{surface}@example.com", "5.00");
            await AddChannelAsync(surface, "good", GoodScripts);
            foreach (var script in FaultScripts)
            {
                await AddChannelAsync(surface, script, [script]);
            }
        }

        var models = Surfaces.Length * (GoodScripts.Length + FaultScripts.Length);
        var client = new OpenAiChat(Product.GatewayUrl, MemberOf("chat").Key, new RecordingHandler(), retries: true);
        await Probe.UntilAsync(
            async () => (await client.ModelsAsync()).Count == models, TimeSpan.FromSeconds(30),
            "the gateway to know every model");
    }

    /// <summary>Tokens times prices, rounded once: what a charge must be.</summary>
    public static decimal Charge(Tokens tokens) => Math.Round(
        (((tokens.Input - tokens.CacheRead) * Formula.Amount(InputPrice))
            + (tokens.CacheRead * Formula.Amount(CacheReadPrice))
            + (tokens.Output * Formula.Amount(OutputPrice))) / 1_000_000m,
        8,
        MidpointRounding.AwayFromZero);

    public IReadOnlyList<ScriptedUpstreamRequest> Marked(string mark) =>
        [.. Upstream.Requests.Where(request => request.BodyText.Contains(mark, StringComparison.Ordinal))];

    public async ValueTask DisposeAsync()
    {
        await Product.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    private Task<JsonObject> AddChannelAsync(string surface, string name, string[] scripts) =>
        Product.Control.CallAsync("POST", "/channels", new JsonObject
        {
            ["name"] = $"{surface}-{name}",
            ["provider"] = surface == "claude" ? "anthropic" : "openai",
            ["base_url"] = Upstream.Url,
            ["credential"] = new JsonObject { ["type"] = "api_key", ["api_key"] = SdkUpstream.Key },
            ["models"] = new JsonArray([.. scripts.Select(s => JsonValue.Create(SdkUpstream.ModelOf(surface, s)))]),
        });
}

/// <summary>One product for all SDK tests, which take turns: each measures a wallet.</summary>
[CollectionDefinition("sdk")]
public sealed class SdkCollection : ICollectionFixture<SdkFixture>;
