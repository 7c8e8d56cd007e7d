using System.Net.Http.Headers;
using System.Text;
using Npgsql;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Money;

public sealed class GatewayKillTests
{
    private const int Kills = 50;
    private const int Clients = 12;
    private const int Tokens = 40;
    private const int Seed = 20261121;

    /// <summary>Tokens of the last 200 ms at 8 ms each, and one for the chunk that was on its way.</summary>
    private const int LostMax = 26;

    /// <summary>
    /// A name whose tokens the gateway counts exactly: one " word" is one token of that model's vocabulary.
    /// </summary>
    private const string Models = "gpt-4o-*";

    [Fact]
    public async Task Killed_at_fifty_random_moments_it_bills_each_request_once_and_holds_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var stack = await ProductStack.StartAsync(redis.Url);
        await using var upstream = await TruthfulUpstream.StartAsync(Tokens, TimeSpan.FromMilliseconds(8));
        await stack.Api.CreateChannelAsync("openai", upstream.Url, Models);
        await stack.Api.SetPriceAsync(Models, "1.00", "4.00");
        var (userId, key) = await stack.Api.CreateMemberAsync("load@example.com", "1000");
        await stack.WaitServedAsync(key, "gpt-4o-0");
        var completed = new HashSet<string>();

        using var stop = new CancellationTokenSource();
        var number = 0;
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            using var http = ClientOf(stack, key);
            while (!stop.IsCancellationRequested)
            {
                var model = $"gpt-4o-{Interlocked.Increment(ref number)}";
                if (await CallAsync(http, model))
                {
                    lock (completed)
                    {
                        completed.Add(model);
                    }
                }
            }
        })).ToList();
        var random = new Random(Seed);
        for (var i = 0; i < Kills; i++)
        {
            await Task.Delay(random.Next(50, 700));
            await stack.KillGatewayAsync();
            await stack.StartGatewayAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        await stack.AssertSettledAsync(userId, TimeSpan.FromSeconds(120));
        var billed = await ReadBilledAsync(stack, number);

        Assert.True(completed.Count > 100, $"only {completed.Count} calls came through; the test would show little");
        foreach (var (model, served) in upstream.Served)
        {
            var tokens = billed.GetValueOrDefault(model, -1);
            var row = tokens >= served - LostMax && tokens <= served ? "" : await ReadRowAsync(stack, model);
            Assert.True(tokens <= served, $"{model}: billed {tokens} of {served} served: {row}");
            Assert.True(tokens >= served - LostMax, $"{model}: billed {tokens} of {served} served: {row}");
        }

        Assert.All(completed, model => Assert.Equal(Tokens, billed[model]));
        Assert.Empty(billed.Where(b => b.Value > 0 && !upstream.Served.ContainsKey(b.Key)));
    }

    private static HttpClient ClientOf(ProductStack stack, string key)
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(stack.GatewayUrl) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http;
    }

    // True when the stream came to its proper end.
    private static async Task<bool> CallAsync(HttpClient http, string model)
    {
        var body = $$"""{"model":"{{model}}","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"go"}]}""";
        try
        {
            using var response = await http.PostAsync(
                new Uri("/v1/chat/completions", UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));
            return (await response.Content.ReadAsStringAsync()).EndsWith("data: [DONE]\n\n", StringComparison.Ordinal);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            // The gateway was killed under it; wait a moment instead of hammering a closed port.
            await Task.Delay(20);
            return false;
        }
    }

    private static async Task<string> ReadRowAsync(ProductStack stack, string model)
    {
        await using var connection = new NpgsqlConnection(stack.Postgres.ConnectionString("test_1"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "select to_jsonb(e) from usage_events e where model = @model", connection);
        command.Parameters.AddWithValue("model", model);
        return await command.ExecuteScalarAsync() as string ?? "no row";
    }

    /// <summary>Output tokens by model name, straight from the ledger; a name that stands twice fails here.</summary>
    private static async Task<Dictionary<string, int>> ReadBilledAsync(ProductStack stack, int numberMax)
    {
        await using var connection = new NpgsqlConnection(stack.Postgres.ConnectionString("test_1"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("select model, output, cost_units from usage_events", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var billed = new Dictionary<string, int>();
        while (await reader.ReadAsync())
        {
            var output = (int)reader.GetInt64(1);
            Assert.True(billed.TryAdd(reader.GetString(0), output), $"{reader.GetString(0)} was billed twice");
            Assert.True(output == 0 || reader.GetInt64(2) > 0, "served tokens cost something");
        }

        Assert.InRange(billed.Count, 1, numberMax);
        return billed;
    }
}
