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

    private GatewayRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await GatewayRig.StartAsync(options => options with
    {
        PingInterval = TimeSpan.FromMilliseconds(120),
        DeadlineTick = TimeSpan.FromMilliseconds(20),
    });

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData("chat", true)]
    [InlineData("chat", false)]
    [InlineData("responses", true)]
    [InlineData("gemini", true)]
    public async Task Anthropics_client_is_told_that_its_stream_lives_and_nothing_else_changes(string upstream, bool isSilent)
    {
        var (model, server) = await _rig.AddAsync(upstream);
        var (first, rest) = (Scripts.FirstHalf(upstream), Scripts.Words(upstream, 40, ends: true)[Scripts.Beginning(upstream).Length..]);
        var caller = await _rig.AddCallerAsync();
        var seen = new List<string>();
        foreach (var pause in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromMilliseconds(isSilent ? 500 : 20)])
        {
            server.Enqueue(ScriptedUpstreamScript.StreamHead().Chunk(first).Pause(pause).Chunk(rest).EndChunks());
            using var response = await CrossingWorld.CallAsync(caller, "messages", model, stream: true);
            var (text, isClean) = await CrossingWorld.ReadAsync(response);
            Assert.True(isClean, text);
            seen.Add(text.Replace(response.RequestId().ToString(), "ID", StringComparison.Ordinal));
        }

        Assert.DoesNotContain("ping", seen[0], StringComparison.Ordinal);
        Assert.Equal(isSilent, seen[1].Contains(Ping, StringComparison.Ordinal));
        Assert.Equal(seen[0], seen[1].Replace(Ping, "", StringComparison.Ordinal));
        Assert.InRange(seen[1].Split(Ping).Length - 1, isSilent ? 2 : 0, 5);
        var records = await _rig.RecordsOfAsync(caller.Account, 2);
        Assert.All(records, record => Assert.Equal(Outcome.Completed, record.Outcome));
        Assert.Equal(records[0].Usage, records[1].Usage);
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
                text += System.Text.Encoding.UTF8.GetString(bytes, 0, await stream.ReadAsync(bytes));
            }
        }

        await Assert.Single(server.Requests).CallerLeft.WaitAsync(TimeSpan.FromSeconds(10));
        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal(Outcome.ClientCut, record.Outcome);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }
}
