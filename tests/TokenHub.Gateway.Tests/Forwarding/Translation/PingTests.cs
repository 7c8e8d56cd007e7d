using System.Diagnostics;
using System.Text;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>Silence of an upstream in the middle of a translated answer.</summary>
[Trait("needs", "redis")]
public sealed class PingTests : IAsyncLifetime
{
    private const string Ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(120);
    private GatewayRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await GatewayRig.StartAsync(Pinging(Often));

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    [InlineData("gemini")]
    public async Task Anthropics_client_is_told_that_its_stream_lives_and_nothing_else_changes(string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        var caller = await _rig.AddCallerAsync();
        var twice = new TaskCompletionSource();
        var watch = Stopwatch.StartNew();

        var silent = await ReadAsync(caller, model, server, upstream, script => script.WaitFor(twice.Task), text =>
        {
            if (PingsIn(text) >= 2)
            {
                twice.TrySetResult();
            }
        });

        Assert.InRange(PingsIn(silent), 2, 1 + (watch.ElapsedMilliseconds / Often.TotalMilliseconds));

        // The other is not silent, but the machine may be: it has one too, then.
        var other = await ReadAsync(caller, model, server, upstream, script => script, _ => { });
        Assert.Equal(other.Replace(Ping, "", StringComparison.Ordinal), silent.Replace(Ping, "", StringComparison.Ordinal));
        Assert.DoesNotContain("ping", silent.Replace(Ping, "", StringComparison.Ordinal), StringComparison.Ordinal);
        var records = await _rig.RecordsOfAsync(caller.Account, 2);
        Assert.All(records, record => Assert.Equal(Outcome.Completed, record.Outcome));
        Assert.Equal(records[0].Usage, records[1].Usage);
    }

    [Fact]
    public async Task Pause_that_is_shorter_than_the_interval_has_no_ping()
    {
        await _rig.RestartGatewayAsync(Pinging(TimeSpan.FromSeconds(60)));
        var (model, server) = await _rig.AddAsync("chat");
        var caller = await _rig.AddCallerAsync();

        var text = await ReadAsync(
            caller, model, server, "chat", script => script.Pause(TimeSpan.FromMilliseconds(200)), _ => { });

        Assert.DoesNotContain("ping", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat", "messages")]
    [InlineData("gemini", "messages")]
    [InlineData("responses", "chat")]
    public async Task No_other_client_and_no_answer_that_passes_as_it_is_gets_one(string client, string upstream)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        server.Enqueue(ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf(upstream))
            .Pause(TimeSpan.FromMilliseconds(400)).Chunk(Scripts.Words(upstream, 3, ends: true)[Scripts.Beginning(upstream).Length..]).EndChunks());
        var caller = await _rig.AddCallerAsync();

        using var response = await CrossingWorld.CallAsync(caller, client, model, stream: true);
        var (text, _) = await CrossingWorld.ReadAsync(response);

        Assert.DoesNotContain("ping", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_is_pinged_is_charged_for_what_it_got()
    {
        var (model, server) = await _rig.AddAsync("chat");
        server.Enqueue(ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf("chat")).Hang());
        var caller = await _rig.AddCallerAsync();
        using (var response = await CrossingWorld.CallAsync(caller, "messages", model, stream: true))
        {
            var stream = await response.Content.ReadAsStreamAsync();
            var text = "";
            var bytes = new byte[4096];
            while (!text.Contains(Ping, StringComparison.Ordinal))
            {
                text += Encoding.UTF8.GetString(bytes, 0, await stream.ReadAsync(bytes));
            }
        }

        await Assert.Single(server.Requests).CallerLeft.WaitAsync(TimeSpan.FromSeconds(10));
        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal(Outcome.ClientCut, record.Outcome);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    private static Func<GatewayOptions, GatewayOptions> Pinging(TimeSpan interval) => options => options with
    {
        PingInterval = interval,
        DeadlineTick = TimeSpan.FromMilliseconds(20),
    };

    private static int PingsIn(string text) => text.Split(Ping).Length - 1;

    // What an Anthropic client reads of forty words, with something between the first and the others.
    private static async Task<string> ReadAsync(
        GatewayRig.Caller caller,
        string model,
        ScriptedUpstream server,
        string upstream,
        Func<ScriptedUpstreamScript, ScriptedUpstreamScript> between,
        Action<string> look)
    {
        var rest = Scripts.Words(upstream, 40, ends: true)[Scripts.Beginning(upstream).Length..];
        var script = ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf(upstream));
        server.Enqueue(between(script).Chunk(rest).EndChunks());
        using var response = await CrossingWorld.CallAsync(caller, "messages", model, stream: true);
        await using var body = await response.Content.ReadAsStreamAsync();
        using var all = new MemoryStream();
        var bytes = new byte[4096];
        var text = "";
        for (int count; (count = await body.ReadAsync(bytes)) > 0;)
        {
            all.Write(bytes, 0, count);
            look(text = Encoding.UTF8.GetString(all.GetBuffer(), 0, (int)all.Length));
        }

        return text.Replace(response.RequestId().ToString(), "ID", StringComparison.Ordinal);
    }
}
