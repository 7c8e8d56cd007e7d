using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Npgsql;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.TestKit;
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
    /// Where a timer of this process was later than that in the second before a kill, the gateway had no processor
    /// either: how much stays unread then is the scheduler's matter.
    /// </summary>
    private static readonly TimeSpan LateMax = TimeSpan.FromMilliseconds(100);

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
        var received = new ConcurrentDictionary<string, int>();
        var completed = new ConcurrentDictionary<string, bool>();

        await using var lateness = TimerLateness.Start();
        var lives = new ConcurrentDictionary<string, int>();
        var killedAt = new long[Kills];

        using var stop = new CancellationTokenSource();
        var (number, life) = (0, 0);
        var clients = Enumerable.Range(0, Clients).Select(_ => Task.Run(async () =>
        {
            using var http = ClientOf(stack, key);
            while (!stop.IsCancellationRequested)
            {
                var model = $"gpt-4o-{Interlocked.Increment(ref number)}";
                lives[model] = Volatile.Read(ref life);
                if (await CallAsync(http, model, received))
                {
                    completed[model] = true;
                }
            }
        })).ToList();
        var random = new Random(Seed);
        for (var i = 0; i < Kills; i++)
        {
            // Each life serves something, however slowly a busy machine lets it begin.
            var before = completed.Count;
            await Probe.UntilAsync(
                () => Task.FromResult(completed.Count > before), TimeSpan.FromSeconds(30), "a call comes through");
            await Task.Delay(random.Next(0, 600));
            killedAt[i] = Stopwatch.GetTimestamp();
            await stack.KillGatewayAsync();
            Volatile.Write(ref life, i + 1);
            await stack.StartGatewayAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        await stack.AssertSettledAsync(userId, TimeSpan.FromSeconds(120));
        var billed = await ReadBilledAsync(stack, number);
        for (var until = Environment.TickCount64 + 30_000; Environment.TickCount64 < until;)
        {
            // Redis has settled them all; the ledger hears of the last ones a moment later.
            if (upstream.Served.Keys.All(billed.ContainsKey))
            {
                break;
            }

            await Task.Delay(50);
            billed = await ReadBilledAsync(stack, number);
        }

        Assert.True(completed.Count > 100, $"only {completed.Count} calls came through; the test would show little");
        var late = killedAt.Select(at => lateness.LongestBetween(at - Stopwatch.Frequency, at) > LateMax).ToList();
        await AssertBilledAsync(
            stack, upstream, billed, received,
            model => lives[model] < Kills && late[lives[model]] && !completed.ContainsKey(model));
        Assert.All(completed.Keys, model => Assert.Equal(Tokens, billed[model]));
        Assert.Empty(billed.Where(b => b.Value > 0 && !upstream.Served.ContainsKey(b.Key)));
    }

    // What the upstream wrote while the gateway got no processor time stayed unread on its socket: the client has
    // nothing of it, and it is rare. What was passed on is billed to the last token.
    private static async Task AssertBilledAsync(
        ProductStack stack, TruthfulUpstream upstream, Dictionary<string, int> billed,
        ConcurrentDictionary<string, int> received, Func<string, bool> isCutWhenAllWasLate)
    {
        var (unread, leftOut) = (0, 0);
        foreach (var (model, served) in upstream.Served)
        {
            var tokens = billed.GetValueOrDefault(model, -1);
            var passed = received.GetValueOrDefault(model);
            if (tokens > served || tokens < passed)
            {
                var says = $"{model}: billed {tokens} of {served} served and {passed} passed on";
                Assert.Fail($"{says}: {await ReadRowAsync(stack, model)}");
            }

            if (isCutWhenAllWasLate(model))
            {
                leftOut++;
                continue;
            }

            unread += tokens < served - LostMax ? 1 : 0;
        }

        var counted = upstream.Served.Count - leftOut;
        var counts = $"{unread} of {counted} were billed far too little; {leftOut} were cut while timers were late";
        TestContext.Current.TestOutputHelper?.WriteLine(counts);
        Assert.True(unread <= counted / 50, counts);
    }

    private static HttpClient ClientOf(ProductStack stack, string key)
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(stack.GatewayUrl) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http;
    }

    // True when the stream came to its proper end.
    private static async Task<bool> CallAsync(
        HttpClient http, string model, ConcurrentDictionary<string, int> received)
    {
        var body = $$"""{"model":"{{model}}","stream":true,"max_tokens":100,"messages":[{"role":"user","content":"go"}]}""";
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
            };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line == "data: [DONE]")
                {
                    return true;
                }

                if (line.Contains("\" word\"", StringComparison.Ordinal))
                {
                    received.AddOrUpdate(model, 1, (_, count) => count + 1);
                }
            }

            return false;
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
