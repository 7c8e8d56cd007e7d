using System.Text.Json.Nodes;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.EndToEnd.Tests.Product;

/// <summary>What the control API says a wallet holds.</summary>
internal sealed record Wallet(decimal Balance, decimal Held, decimal Available);

/// <summary>What the control API tells of money, read when it no longer changes by itself.</summary>
internal static class Books
{
    private static readonly TimeSpan SettledWithin = TimeSpan.FromSeconds(15);

    public static async Task<Wallet> WalletAsync(this ConsoleApi api, string userId)
    {
        var wallet = await api.CallAsync("GET", $"/users/{userId}/wallet");
        return new Wallet(
            Formula.Amount((string)wallet["balance"]!), Formula.Amount((string)wallet["held"]!),
            Formula.Amount((string)wallet["available"]!));
    }

    /// <summary>The wallet once nothing is held.</summary>
    public static async Task<Wallet> SettledWalletAsync(this ConsoleApi api, string userId)
    {
        Wallet? wallet = null;
        await Probe.UntilAsync(
            async () => (wallet = await api.WalletAsync(userId)).Held == 0m, SettledWithin, "every hold to be gone");
        return wallet!;
    }

    /// <summary>The books' entry of a request, once it is there.</summary>
    public static async Task<JsonObject> RequestAsync(this ConsoleApi api, string requestId)
    {
        JsonObject? entry = null;
        await Probe.UntilAsync(
            async () => (entry = await api.FindAsync($"/requests/{requestId}")) is not null, SettledWithin,
            $"request {requestId} to be in the books");
        return entry!;
    }
}
