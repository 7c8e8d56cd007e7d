using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Settlement;

/// <summary>
/// A gateway that dies while the second channel serves: what the first had served before it failed is a row as well,
/// so that the sum of attempt costs is the upstreams' bill.
/// </summary>
[Trait("needs", "redis")]
public sealed class CrashedAttemptTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static int _models;
    private readonly GatewayRig _rig = shared.Rig;

    [Fact]
    public async Task Failed_attempt_before_the_one_under_way_is_found_after_a_crash()
    {
        var model = $"crashed-{Interlocked.Increment(ref _models)}";
        var bad = await _rig.AddUpstreamAsync(Provider.Anthropic, [model], channel => channel with { Priority = 9 });
        var good = await _rig.AddUpstreamAsync(Provider.Anthropic, [model]);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bad.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Scripts.Beginning("messages") + ": .\n\n").Close();
        good.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf("messages")).WaitFor(goOn.Task)
            .Close();
        var caller = await _rig.AddCallerAsync();
        using var client = await RawClient.PostAsync(
            caller, Dialects.Path("messages", true, model),
            Dialects.Body("messages", true).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));
        Assert.True(await client.ReadUntilAsync("Hel"));

        var record = RecoveredNow();
        goOn.SetResult();
        var closed = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));

        Assert.Equal(Outcome.Interrupted, record.Outcome);
        Assert.Equal(
            [Outcome.UpstreamErrorBeforeContent, Outcome.Interrupted], record.Attempts.Select(a => a.Outcome));
        Assert.Equal(closed.Attempts[0], record.Attempts[0]);
        Assert.Equal(new TokenUsage { Input = 11, Output = 1 }, record.Attempts[0].Usage);
        Assert.Equal(closed.Attempts[1].Channel, record.Attempts[1].Channel);
        Assert.Equal(TariffMath.Cost(GatewayRig.Tariff, record.Usage), record.Cost);
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Empty(LeftPast());
    }

    // What a process would find that started now on a copy of the table.
    private UsageRecord RecoveredNow()
    {
        List<(OpenRequest, InFlightCounters)> open = [];
        return Assert.Single(Recovery.RecordsOf(open, new HashSet<Core.Requests.RequestId>(), LeftPast(open)));
    }

    private List<PastAttempt> LeftPast(List<(OpenRequest, InFlightCounters)>? open = null)
    {
        using var folder = new TemporaryFolder();
        using (var table = File.Open(
            Path.Combine(_rig.Host.Rooms.Options.WalDir, "in-flight"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite))
        using (var copy = File.Create(Path.Combine(folder.Path, "in-flight")))
        {
            table.CopyTo(copy);
        }

        List<PastAttempt> past = [];
        InFlightTable.Open(folder.Path, (o, c) => open?.Add((o, c)), past.Add).Dispose();
        return past;
    }
}
