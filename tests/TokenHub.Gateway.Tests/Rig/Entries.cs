using System.Text;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>Short ways to say channels, prices and keys.</summary>
internal static class Entries
{
    public static SecretBox Box { get; } = new(TestOptions.MasterKey);

    public static ChannelEntry Channel(
        long id,
        string baseUrl = "https://api.example.com",
        Provider provider = Provider.OpenAi,
        string[]? models = null,
        string secret = "sk-upstream-secret-0123456789")
    {
        var entry = new ChannelEntry
        {
            Id = id,
            Name = $"channel {id}",
            Provider = provider,
            BaseUrl = baseUrl,
            CredentialType = "api_key",
            SealedCredential = "",
            Models = models ?? ["m"],
        };
        return entry with { SealedCredential = Box.Seal(Encoding.UTF8.GetBytes(secret), entry.CredentialContext) };
    }

    /// <summary>Dollars for one million tokens.</summary>
    public static PriceEntry Price(string model, long input = 1, long output = 10, long? channel = null, long id = 1) => new()
    {
        Id = id,
        Model = model,
        ChannelId = channel,
        Input = input * 100_000_000,
        Output = output * 100_000_000,
    };

    public static Snapshot Snapshot(IReadOnlyList<ChannelEntry> channels, params PriceEntry[] prices) => new()
    {
        Version = 1,
        Channels = channels,
        Prices = prices,
    };

    public static KeyRecord Key(long id = 7, long account = 1001) => new()
    {
        Id = id,
        Account = account,
        Enabled = true,
        UserEnabled = true,
    };
}
