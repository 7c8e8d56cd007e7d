using System.Security.Cryptography;
using System.Text.Json.Nodes;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.EndToEnd.Tests.Sdk.Clients;
using TokenHub.EndToEnd.Tests.Sdk.Upstream;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Sdk;

/// <summary>
/// What a user of an official SDK sees of the product, held against what the upstream served and what the books say.
/// Each SDK runs all of it.
/// </summary>
public abstract class SdkTests(SdkFixture fixture)
{
    private const string Text = "Hello wörld, \"你好\"\n\\u0041 👋🏽 done.";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly string _mark = $"mark {RandomNumberGenerator.GetHexString(16)}";

    protected abstract string Surface { get; }

    private ConsoleApi Control => fixture.Product.Control;

    private (string UserId, string Key) Payer => fixture.MemberOf(Surface);

    [Fact]
    public async Task Models_are_listed()
    {
        var models = await Open().Client.ModelsAsync();

        Assert.Contains(Model("text"), models);
        Assert.Equal(models.Count, models.Distinct().Count());
    }

    [Fact]
    public async Task Answer_is_billed_by_the_usage_that_it_tells()
    {
        Told? told = null;

        var entry = await BilledAsync(async client => told = await client.AskAsync(Model("text"), _mark));

        Assert.Equal(Text, told!.Text);
        CheckCompleted(entry, told, isStream: false);
    }

    [Fact]
    public async Task Stream_arrives_in_the_upstreams_pieces_and_is_billed_by_the_usage_that_it_tells()
    {
        Told? told = null;
        var pieces = new List<string>();

        var entry = await BilledAsync(
            async client => told = await client.StreamAsync(Model("text"), _mark, pieces.Add, CancellationToken.None));

        Assert.Equal(Text, told!.Text);
        Assert.Equal(SdkUpstream.Deltas, pieces);
        CheckCompleted(entry, told, isStream: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tool_call_and_its_result_travel_unharmed(bool isStream)
    {
        Asked? asked = null;
        var answer = "";

        await BilledAsync(async client => asked = await client.CallToolAsync(Model("tool"), _mark, isStream));
        await BilledAsync(async client => answer = await client.SendResultAsync(Model("tool"), asked!, "21.5 °C ☁"));

        Assert.Equal(SdkUpstream.Tool.Id, asked!.Call.Id);
        Assert.Equal(SdkUpstream.Tool.Name, asked.Call.Name);
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(SdkUpstream.Tool.Arguments), JsonNode.Parse(asked.Call.Arguments)));
        if (Open().Client.IsCountExact)
        {
            // Where arguments travel as text they must arrive as that very text.
            Assert.Equal(SdkUpstream.Tool.Arguments, asked.Call.Arguments);
        }

        Assert.Equal("The tool said: 21.5 °C ☁", answer);
        Assert.Equal(2, fixture.Marked(_mark).Count);
    }

    [Fact]
    public async Task Tokens_are_counted_by_the_upstream_for_nothing()
    {
        var before = await Control.SettledWalletAsync(Payer.UserId);

        var counted = await Open().Client.CountAsync(Model("text"), _mark);

        Assert.True(counted is null or SdkUpstream.CountedTokens);
        Assert.Equal(before, await Control.SettledWalletAsync(Payer.UserId));
    }

    [Fact]
    public async Task Client_that_leaves_closes_the_upstream_and_pays_for_what_was_served()
    {
        using var leave = new CancellationTokenSource();
        var received = 0;

        var entry = await BilledAsync(async client =>
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.StreamAsync(
                Model("slow"), _mark,
                _ =>
                {
                    if (++received == SdkUpstream.PiecesBeforeCut)
                    {
                        leave.Cancel();
                    }
                },
                leave.Token));
            await Assert.Single(fixture.Marked(_mark)).CallerLeft.WaitAsync(Soon);
        });

        Assert.Equal(SdkUpstream.PiecesBeforeCut, received);
        Assert.Equal("client_cut", (string?)entry["outcome"]);
        CheckServed(entry);
    }

    [Fact]
    public async Task Upstream_cut_in_mid_stream_is_an_error_and_never_a_clean_end()
    {
        var text = "";

        var entry = await BilledAsync(client => Assert.ThrowsAnyAsync<Exception>(() => client.StreamAsync(
            Model("cut"), _mark, piece => text += piece, CancellationToken.None)));

        Assert.Equal(string.Concat(Enumerable.Repeat(SdkUpstream.Word, SdkUpstream.PiecesBeforeCut)), text);
        Assert.Equal("upstream_error_after_content", (string?)entry["outcome"]);
        CheckServed(entry);
    }

    [Theory]
    [InlineData("400", 400)]
    [InlineData("429", 429)]
    [InlineData("500", 0)]
    public async Task Failure_of_the_upstream_raises_the_SDKs_own_exception_and_costs_nothing(string script, int status)
    {
        var before = await Control.SettledWalletAsync(Payer.UserId);
        var (client, record) = Open();

        var raised = await RaisedAsync(client, () => client.AskAsync(Model(script), _mark));

        Assert.True(status == 0 ? raised.Status >= 500 : raised.Status == status, $"{raised.Status}: {raised.Message}");
        if (script == "400")
        {
            var message = raised.Message.Replace("\\u0027", "'", StringComparison.Ordinal);
            Assert.Contains(SdkUpstream.RefusalMessage, message, StringComparison.Ordinal);
        }

        if (script == "429")
        {
            Assert.Equal($"{SdkUpstream.RetryAfterSeconds}", record.Calls[^1].Header("retry-after"));
        }

        var entry = await Control.RequestAsync(record.RequestId);
        Assert.Equal("upstream_error_before_content", (string?)entry["outcome"]);
        Assert.Equal("0.00000000", (string?)entry["cost"]);
        Assert.Equal(before, await Control.SettledWalletAsync(Payer.UserId));
    }

    [Fact]
    public async Task Unknown_model_raises_not_found()
    {
        var client = Open().Client;

        Assert.Equal(404, (await RaisedAsync(client, () => client.AskAsync("no-such-model", _mark))).Status);
        Assert.Empty(fixture.Marked(_mark));
    }

    [Fact]
    public async Task Wrong_key_raises_unauthorized()
    {
        var client = Open(Payer.Key[..^1] + (Payer.Key[^1] == 'A' ? 'B' : 'A')).Client;

        Assert.Equal(401, (await RaisedAsync(client, () => client.AskAsync(Model("text"), _mark))).Status);
        Assert.Empty(fixture.Marked(_mark));
    }

    [Fact]
    public async Task Empty_wallet_raises_at_once_and_holds_nothing()
    {
        var poor = await Control.CreateMemberAsync($"poor-{Surface}@example.com", credit: null);
        var (client, record) = Open(poor.Key);

        var raised = await RaisedAsync(client, () => client.AskAsync(Model("text"), _mark));

        Assert.Equal(client.NoBalanceStatus, raised.Status);
        Assert.Equal("false", record.Calls[^1].Header("x-should-retry"));
        Assert.Empty(fixture.Marked(_mark));
        Assert.Equal(0m, (await Control.WalletAsync(poor.UserId)).Held);
    }

    [Fact]
    public async Task Clients_key_never_reaches_the_upstream()
    {
        var (client, record) = Open();

        await client.AskAsync(Model("text"), _mark);

        var request = Assert.Single(fixture.Marked(_mark));
        Assert.DoesNotContain(Payer.Key, request.Target + string.Join('\n', request.Headers), StringComparison.Ordinal);
        Assert.Equal(record.Calls[0].Body, request.BodyText);
        Assert.Null(request.Header("cookie"));
        Assert.Null(record.Calls[0].Header("set-cookie"));
    }

    private protected abstract ISdkClient Create(string baseUrl, string key, RecordingHandler record);

    private (ISdkClient Client, RecordingHandler Record) Open(string? key = null)
    {
        var record = new RecordingHandler();
        return (Create(fixture.Product.GatewayUrl, key ?? Payer.Key, record), record);
    }

    private string Model(string script) => SdkUpstream.ModelOf(Surface, script);

    private static async Task<Raised> RaisedAsync(ISdkClient client, Func<Task> act)
    {
        var raised = client.Read(await Assert.ThrowsAnyAsync<Exception>(act));
        Assert.True(raised.IsOfTheSdk, raised.Message);
        Assert.DoesNotContain(SdkUpstream.Key, raised.Message, StringComparison.Ordinal);
        return raised;
    }

    /// <summary>
    /// Runs one billed call and holds the books to it: the formula comes to the cost, the cost is usage times price,
    /// the wallet falls by exactly the cost, and nothing stays held. Returns the books' entry.
    /// </summary>
    private async Task<JsonNode> BilledAsync(Func<ISdkClient, Task> act)
    {
        var before = await Control.SettledWalletAsync(Payer.UserId);
        var (client, record) = Open();
        await act(client);
        var entry = await Control.RequestAsync(record.RequestId);
        var after = await Control.SettledWalletAsync(Payer.UserId);

        var cost = Formula.Amount((string)entry["cost"]!);
        Assert.Equal((cost, cost), Formula.Evaluate((string)entry["formula"]!));
        Assert.Equal(SdkFixture.Charge(TokensOf(entry)), cost);
        Assert.Equal(cost, before.Balance - after.Balance);
        Assert.Equal(after.Balance, after.Available);
        return entry;
    }

    private void CheckCompleted(JsonNode entry, Told told, bool isStream)
    {
        Assert.Equal(SdkUpstream.Usage, told.Usage);
        Assert.Equal(SdkUpstream.Usage, TokensOf(entry));
        Assert.Equal("completed", (string?)entry["outcome"]);
        Assert.Equal(isStream, (bool?)entry["is_stream"]);
        Assert.False((bool?)entry["is_counted"]);
        Assert.Single(fixture.Marked(_mark));
    }

    // The upstream told no usage for the whole answer, so the gateway's own count stands.
    private void CheckServed(JsonNode entry)
    {
        var tokens = TokensOf(entry);
        if (Open().Client.IsCountExact)
        {
            Assert.Equal(SdkUpstream.PiecesBeforeCut, tokens.Output);
            Assert.InRange(tokens.Input, 1, 200);
        }
        else
        {
            Assert.InRange(tokens.Output, 1, SdkUpstream.PiecesBeforeCut * SdkUpstream.Word.Length);
            Assert.Equal(SdkUpstream.Usage.Input, tokens.Input);
        }
    }

    private static Tokens TokensOf(JsonNode entry) => new(
        (long)entry["usage"]!["input"]!, (long)entry["usage"]!["cache_read"]!, (long)entry["usage"]!["output"]!);
}
