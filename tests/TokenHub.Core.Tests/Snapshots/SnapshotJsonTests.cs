using System.Text.Json;
using TokenHub.Core.Snapshots;
using Xunit;

namespace TokenHub.Core.Tests.Snapshots;

public sealed class SnapshotJsonTests
{
    [Fact]
    public void A_snapshot_comes_back_as_it_was()
    {
        var snapshot = new Snapshot
        {
            Version = 12,
            Channels =
            [
                new ChannelEntry
                {
                    Id = 1, Name = "mine", Provider = Provider.OpenAiCompatible, BaseUrl = "https://example.com/api",
                    CredentialType = "api_key", SealedCredential = "v1.x.y", Models = ["gpt-*"],
                    ModelMap = new Dictionary<string, string> { ["fast"] = "gpt-5-mini" }, OwnerAccount = 5, OwnerShareBp = 250,
                },
            ],
            Prices = [new PriceEntry { Id = 3, Model = "gpt-*", Input = 1, Output = 2, CacheRead = 0 }],
        };

        var json = JsonSerializer.Serialize(snapshot, SnapshotJsonContext.Default.Snapshot);
        var read = JsonSerializer.Deserialize(json, SnapshotJsonContext.Default.Snapshot)!;

        Assert.Contains("\"openai_compatible\"", json, StringComparison.Ordinal);
        Assert.Equal(json, JsonSerializer.Serialize(read, SnapshotJsonContext.Default.Snapshot));
        Assert.Equal("gpt-5-mini", read.Channels[0].ModelMap["fast"]);
        Assert.Equal("channels/credential/1/5", read.Channels[0].CredentialContext);
    }

    [Fact]
    public void A_key_record_comes_back_and_absent_limits_stay_absent()
    {
        var record = new KeyRecord { Id = 1, Account = 2, Enabled = true, UserEnabled = true, Channels = [7] };

        var json = JsonSerializer.Serialize(record, SnapshotJsonContext.Default.KeyRecord);

        Assert.DoesNotContain("spend_limit", json, StringComparison.Ordinal);
        var read = JsonSerializer.Deserialize(json, SnapshotJsonContext.Default.KeyRecord)!;
        Assert.Equal(KeyRecord.DefaultUserMaxConcurrency, read.UserMaxConcurrency);
        Assert.Equal([7L], read.Channels);
    }
}
