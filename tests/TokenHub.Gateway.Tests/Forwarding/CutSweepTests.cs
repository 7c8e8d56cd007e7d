using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

/// <summary>
/// R2 and R3: a client cuts at every event of a stream, in every dialect, by either policy. It never pays for more than
/// was served, never for an error's text, and by the policy cancel never nothing once content was passed.
/// </summary>
[Trait("needs", "redis")]
public sealed class CutSweepTests : IAsyncLifetime
{
    private const int Words = 12;
    private static int _models;
    private GatewayRig _rig = null!;

    public static TheoryData<string, AbortPolicy> Ways
    {
        get
        {
            var data = new TheoryData<string, AbortPolicy>();
            foreach (var dialect in (ReadOnlySpan<string>)["chat", "responses", "messages", "gemini"])
            {
                data.Add(dialect, AbortPolicy.Cancel);
                data.Add(dialect, AbortPolicy.Drain);
            }

            return data;
        }
    }

    public async ValueTask InitializeAsync() =>
        _rig = await GatewayRig.StartAsync(o => o with { ClientDrainTime = TimeSpan.FromMilliseconds(300) });

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Cut_at_every_event_is_charged_within_what_was_served(string dialect, AbortPolicy policy)
    {
        var events = Scripts.Events(Scripts.Words(dialect, Words, ends: true));
        var model = $"sweep-{Interlocked.Increment(ref _models)}";
        var upstream = await _rig.AddUpstreamAsync(
            Dialects.Provider(dialect), [model], channel => channel with { OnClientAbort = policy });
        for (var cut = 1; cut <= events.Length; cut++)
        {
            var passed = string.Concat(events[..cut]);
            upstream.Enqueue(ScriptedUpstreamScript.StreamHead().Chunk(passed).Hang());
            var caller = await _rig.AddCallerAsync();
            using var client = await RawClient.PostAsync(caller, Dialects.Path(dialect, true, model), BodyOf(dialect, model));
            var hasContent = passed.Contains("word", StringComparison.Ordinal);
            if (hasContent)
            {
                Assert.True(await client.ReadUntilAsync(LastSeen(dialect, events[..cut])), $"cut {cut}: {client.Seen}");
            }
            else
            {
                await TestKit.Servers.Probe.UntilAsync(
                    () => upstream.Requests.Count == cut && upstream.Requests[cut - 1].Served.Length > 0,
                    TimeSpan.FromSeconds(30), "the upstream has begun");
            }

            client.Leave(reset: cut % 2 == 0);

            var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
            var served = Scripts.ServedTokens(dialect, upstream.Requests[cut - 1]);
            var context = $"{dialect}, {policy}, after event {cut} of {events.Length}: {record}";
            Assert.True(record.Usage.Output <= Math.Max(served, cut == events.Length ? Words : 0), context);
            Assert.True(record.Usage.Output <= served || !record.IsCounted, context);
            Assert.True(hasContent ? record.Cost > Usd.Zero : record.Cost == Usd.Zero, context);
            Assert.True(record.Outcome is Outcome.ClientCut or Outcome.ClientCancelled or Outcome.Completed, context);
            Assert.Equal(hasContent, record.Outcome != Outcome.ClientCancelled);
            await _rig.AssertNothingHeldAsync(caller.Account);
        }
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Text_of_an_error_is_never_charged_as_output(string dialect)
    {
        var sentence = string.Concat(Enumerable.Repeat("all of our servers are overloaded at the moment ", 40));
        var error = dialect switch
        {
            "chat" => $$$"""data: {"error":{"message":"{{{sentence}}}","type":"server_error","code":null}}""" + "\n\n",
            "messages" => Wire.Event("error", $$$"""{"type":"error","error":{"type":"overloaded_error","message":"{{{sentence}}}"}}"""),
            "responses" => Wire.Event("error", $$"""{"type":"error","code":"server_error","message":"{{sentence}}","sequence_number":9}"""),
            _ => $$$"""{"error":{"code":503,"message":"{{{sentence}}}","status":"UNAVAILABLE"}}""",
        };
        var model = $"sweep-{Interlocked.Increment(ref _models)}";
        var upstream = await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]);
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf(dialect))
            .Pause(TimeSpan.FromMilliseconds(20)).Chunk(error).EndChunks();
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(Dialects.Path(dialect, true, model), BodyOf(dialect, model));
        await response.Content.ReadAsStringAsync();

        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal((Outcome.UpstreamErrorAfterContent, 1L), (record.Outcome, record.Usage.Output));
        Assert.Equal(1, Assert.Single(record.Attempts).Usage.Output);
    }

    // The last text of what passed; behind the text, the last of the end marks that a client sees.
    private static string LastSeen(string dialect, string[] passed)
    {
        var last = passed[^1];
        if (dialect == "chat" && last.Contains("\"usage\"", StringComparison.Ordinal))
        {
            last = passed[^2];
        }

        return last.TrimEnd();
    }

    private static string BodyOf(string dialect, string model) =>
        Dialects.Body(dialect, true).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);
}
